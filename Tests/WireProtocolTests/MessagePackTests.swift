import CKongPlugin
import Testing
import WireProtocol

@Suite("MessagePack, written and read")
struct MessagePackTests {
    /// Values and the one form in which they are written: the smallest, but never str8.
    static let forms: [(TestValue, String)] = [
        (nil, "c0"), (false, "c2"), (true, "c3"),
        (0, "00"), (127, "7f"), (128, "cc80"), (255, "ccff"), (256, "cd0100"), (65535, "cdffff"), (65536, "ce00010000"),
        (4_294_967_295, "ceffffffff"), (4_294_967_296, "cf0000000100000000"), (.integer(.max), "cf7fffffffffffffff"),
        (-1, "ff"), (-32, "e0"), (-33, "d0df"), (-128, "d080"), (-129, "d1ff7f"), (-32768, "d18000"),
        (-32769, "d2ffff7fff"), (-2_147_483_648, "d280000000"), (-2_147_483_649, "d3ffffffff7fffffff"),
        (.integer(.min), "d38000000000000000"),
        (0.0, "cb0000000000000000"), (1.5, "cb3ff8000000000000"), (.number(-.infinity), "cbfff0000000000000"),
        ("", "a0"), ("abc", "a3616263"), (.string([0xff, 0]), "a2ff00"), (.bytes([]), "c400"),
        (.bytes([1, 2]), "c4020102"),
        ([], "90"), ([1, [nil]], "920191c0"), ([:], "80"), (["a": 1, "": ["b": true]], "82a16101a081a162c3"),
    ]

    @Test("A value has one form", arguments: forms)
    func form(value: TestValue, hex: String) throws {
        #expect(try writeMessagePack(value) == Recording.bytes(hex: hex))
        #expect(try readMessagePack(Recording.bytes(hex: hex)) == value)
    }

    @Test("Headers grow with the length", arguments: [0, 15, 16, 31, 32, 255, 256, 65535, 65536])
    func lengths(count: Int) throws {
        let text = [UInt8](repeating: 0x61, count: count)
        let string = try writeMessagePack(.string(text))
        let stringHeader: [UInt8] =
            count < 32
            ? [0xa0 | UInt8(count)]
            : count < 65536 ? [0xda, UInt8(count >> 8), UInt8(count & 255)] : [0xdb, 0, 1, 0, 0]
        #expect(Array(string.prefix(stringHeader.count)) == stringHeader)
        #expect(string.count == stringHeader.count + count)
        let binary = try writeMessagePack(.bytes(text))
        #expect(binary.first == (count < 256 ? 0xc4 : count < 65536 ? 0xc5 : 0xc6))
        let array = try writeMessagePack(.array([TestValue](repeating: true, count: count)))
        #expect(array.first == (count < 16 ? 0x90 | UInt8(count) : count < 65536 ? 0xdc : 0xdd))
        let map = TestValue.map((0..<count).map { TestValue.Entry(key: Array("\($0)".utf8), value: 1) })
        let mapBytes = try writeMessagePack(map)
        #expect(mapBytes.first == (count < 16 ? 0x80 | UInt8(count) : count < 65536 ? 0xde : 0xdf))
        #expect(try readMessagePack(string) == .string(text))
        #expect(try readMessagePack(binary) == .bytes(text))
        #expect(try readMessagePack(array) == .array([TestValue](repeating: true, count: count)))
        #expect(try readMessagePack(mapBytes) == map)
    }

    @Test(
        "Forms that others write are read",
        arguments: [
            ("cc01", 1), ("cd0001", 1), ("ce00000001", 1), ("cf0000000000000001", 1),
            ("d001", 1), ("d0ff", -1), ("d10001", 1), ("d200000001", 1), ("d30000000000000001", 1),
            ("cf8000000000000000", .number(0x1p63)), ("cfffffffffffffffff", .number(0x1p64)),
            ("ca3fc00000", 1.5), ("ca7f800000", .number(.infinity)),
            ("d903616263", "abc"), ("da0003616263", "abc"), ("db00000003616263", "abc"), ("c50001ff", .bytes([0xff])),
            ("c600000001ff", .bytes([0xff])), ("dc0001c0", [nil]), ("dd00000001c0", [nil]),
            ("de0001a16101", ["a": 1]), ("df00000001a16101", ["a": 1]),
            ("8101c3", ["1": true]), ("81ffc3", ["-1": true]),
            ("81d38000000000000000c3", ["-9223372036854775808": true]),
            ("81cf8000000000000000c3", ["9223372036854775808": true]), ("8100c3", ["0": true]),
            ("81c40161c3", ["a": true]),
            ("82a16101a16102", ["a": 2]), ("830102a13103a16104", ["1": 3, "a": 4]),
        ] as [(String, TestValue)])
    func otherForms(hex: String, value: TestValue) throws {
        #expect(try readMessagePack(Recording.bytes(hex: hex)) == value)
    }

    @Test(
        "What is not MessagePack, or not for Kong, is refused",
        arguments: [
            ("", .truncated), ("c1", .malformed), ("91c1", .malformed), ("81c1c0", .malformed), ("cc", .truncated),
            ("cd00", .truncated), ("ce000000", .truncated), ("cf00000000000000", .truncated), ("d0", .truncated),
            ("d100", .truncated), ("d2000000", .truncated), ("d300000000000000", .truncated), ("ca000000", .truncated),
            ("cb00000000000000", .truncated), ("a1", .truncated), ("a261", .truncated),
            ("d9", .truncated), ("d901", .truncated), ("da00", .truncated), ("da0001", .truncated),
            ("db000000", .truncated),
            ("dbffffffff", .truncated), ("c4", .truncated), ("c401", .truncated), ("c5ffff", .truncated),
            ("c6ffffffff", .truncated),
            ("91", .truncated), ("9201", .truncated), ("81", .truncated), ("81a161", .truncated), ("dc", .truncated),
            ("dcffff", .truncated), ("ddffffffff", .truncated), ("dfffffffff", .truncated), ("de0001a161", .truncated),
            ("d40000", .unsupported), ("c70000", .unsupported), ("c8000000", .unsupported),
            ("c90000000000", .unsupported),
            ("d80000", .unsupported), ("81c0c0", .badKey), ("81c2c0", .badKey), ("8190c0", .badKey),
            ("8180c0", .badKey),
            ("81cb0000000000000000c0", .badKey), ("81d4000000", .badKey),
        ] as [(String, WireError)])
    func refused(hex: String, error: WireError) {
        #expect(throws: error) { try readMessagePack(Recording.bytes(hex: hex)) }
    }

    @Test("Typed reads take what they are for, and step over nothing else")
    func typedReads() throws {
        try lend(Recording.bytes(hex: "9401ceffffffffd9026162c493c0c302a163dc0001c080")) { bytes throws in
            var reader = MessagePackReader(bytes)
            #expect(throws: WireError.unexpectedType) { try reader.readInteger() }
            #expect(throws: WireError.unexpectedType) { try reader.readString() }
            #expect(try !reader.readNil())
            #expect(reader.position == 0)
            #expect(try reader.readArrayCount() == 4)
            #expect(try reader.readInteger() == 1)
            #expect(try reader.readInteger() == 4_294_967_295)
            #expect(try reader.readString().text == "ab")
        }
        try lend(Recording.bytes(hex: "93c0c302a163dc0001c081a16190")) { bytes throws in
            var reader = MessagePackReader(bytes)
            #expect(try reader.readArrayCount() == 3)
            #expect(try reader.readNil())
            #expect(try reader.readBoolean())
            try reader.skip()
            #expect(try reader.readString().text == "c")
            #expect(try reader.readArrayCount() == 1)
            try reader.skip()
            #expect(try reader.readMapCount() == 1)
            try reader.skip()
            #expect(try reader.readMapCount() == 0)
            #expect(reader.isAtEnd)
            #expect(throws: WireError.truncated) { try reader.readInteger() }
            #expect(throws: WireError.truncated) { try reader.skip() }
        }
    }

    @Test("A whole float is an integer where one is due, as it may be in Lua; no other is")
    func wholeFloats() throws {
        func integer(_ hex: String) throws -> Int64 {
            try lend(Recording.bytes(hex: hex)) { bytes in
                var reader = MessagePackReader(bytes)
                return try reader.readInteger()
            }
        }
        #expect(try integer("cb4008000000000000") == 3)
        #expect(throws: WireError.outOfRange) { try integer("cb3ff8000000000000") }
        #expect(throws: WireError.outOfRange) { try integer("cb7ff8000000000000") }
        #expect(throws: WireError.outOfRange) { try integer("cfffffffffffffffff") }
    }

    @Test("Values are nested 64 levels deep, and not one more")
    func depth() throws {
        let deepest = TestValue.nested(WireLimits.depth)
        #expect(try readMessagePack(writeMessagePack(deepest)) == deepest)
        #expect(throws: WireError.tooDeep) { try writeMessagePack(.nested(WireLimits.depth + 1)) }
        let tooDeep = [UInt8](repeating: 0x91, count: WireLimits.depth) + [0x90]
        #expect(throws: WireError.tooDeep) { try readMessagePack(tooDeep) }
        let maps = Array([[UInt8]](repeating: [0x81, 0xa0], count: WireLimits.depth).joined()) + [0x80]
        #expect(throws: WireError.tooDeep) { try readMessagePack(maps) }
    }

    @Test("A value that cannot be written leaves nothing behind")
    func restored() throws {
        let arena = ValueArena()
        var queue = ByteQueue()
        queue.append(1 as UInt8)
        let value = TestValue.array(["a", .nested(WireLimits.depth)]).value(in: arena)
        #expect(throws: WireError.tooDeep) { try queue.appendMessagePack(value) }
        #expect(Array(queue.bytes) == [1])
        var unknown = kong_value()
        unknown.type = 8
        #expect(throws: WireError.unexpectedType) { try queue.appendMessagePack(unknown) }
        #expect(Array(queue.bytes) == [1])
    }

    @Test("A plugin's string, array or map without memory is an empty one, whatever size it gives")
    func nullPointers() throws {
        var string = kong_value(kong_string(data: nil, size: 9))
        let entry = kong_entry(key: kong_string(data: nil, size: 9), value: string)
        #expect(try written { try $0.appendMessagePack(string) } == [0xa0])
        string.type = KongType.array
        string.array = kong_array(items: nil, count: 9)
        #expect(try written { try $0.appendMessagePack(string) } == [0x90])
        string.type = KongType.map
        string.map = kong_map(entries: nil, count: 9)
        #expect(try written { try $0.appendMessagePack(string) } == [0x80])
        try withUnsafePointer(to: entry) { entry throws in
            string.map = kong_map(entries: entry, count: 1)
            #expect(try written { try $0.appendMessagePack(string) } == [0x81, 0xa0, 0xa0])
        }
    }

    @Test("Random values come back as they went")
    func roundTrips() throws {
        var numbers = SeededNumbers(seed: 2)
        for _ in 0..<2000 {
            let value = numbers.value()
            let bytes = try writeMessagePack(value)
            #expect(try readMessagePack(bytes) == value)
            #expect(try scanMessagePack(bytes) == bytes.count)
        }
    }

    @Test("Of a map's entries with one key the last one counts, in maps of every size", arguments: [2, 16, 17, 1000])
    func duplicateKeys(count: Int) throws {
        let entries = (0..<count).map { TestValue.Entry(key: Array("key \($0 / 2)".utf8), value: .integer(Int64($0))) }
        let unique = entries.enumerated().filter { $0.offset % 2 == 1 || $0.offset == count - 1 }.map(\.element)
        #expect(try readMessagePack(writeMessagePack(.map(entries))) == .map(unique))
    }
}
