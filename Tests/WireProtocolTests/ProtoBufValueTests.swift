import CKongPlugin
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("google.protobuf.Value, Struct and ListValue")
struct ProtoBufValueTests {
    private func decode(_ hex: String) throws -> TestAnswer {
        try decodeResult(.value, Recording.bytes(hex: hex))
    }

    @Test(
        "Each kind of value has its form",
        arguments: [
            (nil, ""), (true, "2001"), (false, "2000"), (1, "11000000000000f03f"), (0, "110000000000000000"),
            (1.5, "11000000000000f83f"), ("", "1a00"), ("abc", "1a03616263"), (.string([0xff, 0]), "1a02ff00"),
            ([], "3200"), ([:], "2a00"), ([nil, "a"], "32070a000a031a0161"), (["k": nil], "2a070a050a016b1200"),
            (["k": ["x": 1]], "2a190a170a016b12122a100a0e0a01781209" + "11000000000000f03f"),
        ] as [(TestValue, String)])
    func forms(value: TestValue, hex: String) throws {
        #expect(try encodeArguments(.value, [value]) == Recording.bytes(hex: hex))
        #expect(try decode(hex) == .value(value))
    }

    @Test("Bytes are a string, as in Lua")
    func bytes() throws {
        #expect(try encodeArguments(.value, [.bytes([0xff])]) == Recording.bytes(hex: "1a01ff"))
        #expect(try decode("1a01ff") == .value(.string([0xff])))
    }

    @Test("A null may have any number: Kong's is 1", arguments: ["0800", "0801", "0805", "08ffffffffffffffffff01"])
    func null(hex: String) throws {
        #expect(try decode(hex) == .value(nil))
    }

    @Test("We send no null: Kong would read the string NULL_VALUE, or a number")
    func noNull() throws {
        #expect(try encodeArguments(.keyValue, ["k", nil]) == Recording.bytes(hex: "0a016b"))
        #expect(
            try encodeArguments(.listValue, [nil, [nil], ["k": nil]])
                == Recording.bytes(hex: "0a00 0a0432020a00 0a092a070a050a016b1200"))
    }

    @Test("The simulated Kong sends null as Kong does")
    func kongNull() throws {
        #expect(try encodeResult(.value, nil) == [8, 1])
        #expect(try encodeResult(.structure, ["k": nil]) == Recording.bytes(hex: "0a070a016b12020801"))
    }

    @Test("Whole numbers within 2^53 are integers, as they are over MessagePack")
    func numbers() throws {
        let numbers: [(Double, TestValue)] = [
            (3, 3), (-0.0, 0), (0x1p53, 9_007_199_254_740_992), (-0x1p53, -9_007_199_254_740_992),
            (0x1p54, .number(0x1p54)), (0.5, 0.5), (.infinity, .number(.infinity)), (-.infinity, .number(-.infinity)),
            (1e300, 1e300), (.leastNonzeroMagnitude, .number(.leastNonzeroMagnitude)),
        ]
        for (number, value) in numbers {
            let bytes: [UInt8] = try Google_Protobuf_Value(numberValue: number).serializedBytes()
            #expect(try decodeResult(.value, bytes) == .value(value))
        }
        guard case .value(.number(let number)) = try decode("11000000000000f87f") else {
            Issue.record("not a number")
            return
        }
        #expect(number.isNaN)
    }

    @Test("Of several members the last one counts; missing keys and values have their defaults")
    func lastMember() throws {
        #expect(try decode("20011a0161") == .value("a"))
        #expect(try decode("1a016120010801") == .value(nil))
        #expect(try decodeResult(.structure, Recording.bytes(hex: "0a00")) == .value(["": nil]))
        #expect(
            try decodeResult(.structure, Recording.bytes(hex: "0a04120220010a030a016b"))
                == .value(["": true, "k": nil]))
        #expect(
            try decodeResult(.structure, Recording.bytes(hex: "0a070a016b120220000a070a016b12022001"))
                == .value(["k": true]))
    }

    @Test("Of a map's entries with one key the last one counts, in maps of every size", arguments: [2, 16, 17, 1000])
    func duplicateKeys(count: Int) throws {
        let entries = (0..<count).map { TestValue.Entry(key: Array("key \($0 / 2)".utf8), value: .integer(Int64($0))) }
        let unique = entries.enumerated().filter { $0.offset % 2 == 1 || $0.offset == count - 1 }.map(\.element)
        #expect(try decodeResult(.structure, encodeArguments(.structure, [.map(entries)])) == .value(.map(unique)))
    }

    @Test("Values are nested 64 levels deep, and not one more")
    func depth() throws {
        let deepest = TestValue.nested(WireLimits.depth)
        #expect(try decodeResult(.value, encodeArguments(.value, [deepest])) == .value(deepest))
        #expect(throws: WireError.badArgument(1, .tooDeep)) {
            try encodeArguments(.value, [.nested(WireLimits.depth + 1)])
        }
        // Each level is a list of one value: 32 n 0a m.
        var value: [UInt8] = [0x32, 0]
        for _ in 0..<WireLimits.depth {
            let list = [0x0a] + varint(value.count) + value
            value = [0x32] + varint(list.count) + list
        }
        #expect(throws: WireError.tooDeep) { try decodeResult(.value, value) }
    }

    @Test("Random values are written and read as SwiftProtobuf does")
    func comparison() throws {
        var numbers = SeededNumbers(seed: 10)
        for _ in 0..<1000 {
            let value = numbers.value(depth: 3).withText
            let ours = try encodeArguments(.value, [value])
            let theirs = try Google_Protobuf_Value(serializedBytes: ours)
            #expect(TestValue(theirs).sorted == value.throughProtobuf)
            let bytes = try value.asProtobuf.bytes()
            #expect(try decodeResult(.value, bytes) == .value(value.throughProtobuf))
            if bytes.count == ours.count { #expect(try encodeArguments(.value, [value.throughProtobuf]) == bytes) }
        }
    }

    @Test("Random bytes: what we take, SwiftProtobuf takes for the same")
    func randomBytes() throws {
        var numbers = SeededNumbers(seed: 11)
        var taken = 0
        for _ in 0..<20_000 {
            let seed = try numbers.value(depth: 2).withText.asProtobuf.bytes()
            let bytes = numbers.mutation(of: seed)
            guard case .value(let ours)? = try? decodeResult(.value, bytes),
                let theirs = try? Google_Protobuf_Value(serializedBytes: bytes)
            else { continue }
            taken += 1
            #expect("\(TestValue(theirs).sorted)" == "\(ours.sorted)", "\(bytes)")
        }
        #expect(taken > 2000)
    }

    private func varint(_ number: Int) -> [UInt8] {
        number < 128 ? [UInt8(number)] : [UInt8(number & 127) | 128] + varint(number >> 7)
    }
}
