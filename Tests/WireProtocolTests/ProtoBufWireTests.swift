import CKongPlugin
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("The wire format of protocol buffers")
struct ProtoBufWireTests {
    /// Reads the `sequence` of an `RpcCall`: an int64 in field 1.
    private func sequence(_ hex: String) throws -> Int64 {
        try lend(Recording.bytes(hex: hex)) { try RpcCall(decoding: $0).sequence }
    }

    /// Reads an `Int`: an int32 in field 1.
    private func int(_ hex: String) throws -> TestAnswer {
        try decodeResult(.int, Recording.bytes(hex: hex))
    }

    @Test(
        "Varints of every length",
        arguments: [
            ("0800", 0), ("0801", 1), ("087f", 127), ("088001", 128), ("08ff7f", 16383), ("08808001", 16384),
            ("08ffffffff0f", 4_294_967_295), ("08ffffffffffffffff7f", .max), ("0880808080808080808001", .min),
            ("08ffffffffffffffffff01", -1),
            // Longer than it has to be, but within ten bytes.
            ("08818000", 1), ("0880808080808080808000", 0),
        ] as [(String, Int64)])
    func varints(hex: String, number: Int64) throws {
        #expect(try sequence(hex) == number)
    }

    @Test(
        "What is not protobuf is refused",
        arguments: [
            // Varints of eleven bytes, of more than 64 bits, and without end.
            ("088080808080808080808001", .malformed), ("0880808080808080808002", .malformed), ("08ff", .truncated),
            ("08", .truncated), ("ff", .truncated),
            // The field number 0, and one of more than 29 bits.
            ("0000", .malformed), ("0200", .malformed), ("808080801000", .malformed),
            ("88808080808001" + "00", .malformed),
            // Groups, and the wire types 6 and 7.
            ("0b", .unsupported), ("0c", .unsupported), ("7b7c", .unsupported), ("0e", .malformed), ("0f", .malformed),
            // Known fields in other types than their own.
            ("0a00", .unexpectedType), ("0d00000000", .unexpectedType), ("090000000000000000", .unexpectedType),
            ("880201", .unexpectedType), ("a00201", .unexpectedType),
            // Unknown fields that are not all there.
            ("12", .truncated), ("1205", .truncated), ("12ffffffffffffffffff01", .truncated), ("1500", .truncated),
            ("1100", .truncated), ("10", .truncated),
        ] as [(String, WireError)])
    func refused(hex: String, error: WireError) {
        // Fields 33 and 36 are commands, and 2 is unknown to RpcCall.
        #expect(throws: error) { try sequence(hex) }
    }

    @Test("Unknown fields of all types are stepped over")
    func unknownFields() throws {
        #expect(
            try sequence("7801" + "79ffffffffffffffff" + "7a03616263" + "7dffffffff" + "f8ffffff0f01" + "0805") == 5)
    }

    @Test("Of a field that comes twice the last one counts")
    func twice() throws {
        #expect(try sequence("08010802") == 2)
        #expect(try decodeResult(.string, [0x0a, 1, 0x61, 0x0a, 1, 0x62]) == .value("b"))
    }

    @Test("A field of 32 bits takes ten bytes if negative, and the lower half of what is wider")
    func int32() throws {
        #expect(try int("08ffffffffffffffffff01") == .value(-1))
        #expect(try int("08ffffffff0f") == .value(-1))
        #expect(try int("0880808080f8ffffffff01") == .value(-2_147_483_648))
        #expect(try int("088180808010") == .value(1))
        #expect(try encodeResult(.int, -1) == Recording.bytes(hex: "08ffffffffffffffffff01"))
        for number: Int32 in [.min, -1, 1, 127, 128, .max] {
            let theirs: [UInt8] = try PBOneInt.with { $0.v = number }.serializedBytes()
            #expect(try encodeResult(.int, .integer(Int64(number))) == theirs)
            #expect(try decodeResult(.int, theirs) == .value(.integer(Int64(number))))
        }
        #expect(throws: WireError.outOfRange) { try encodeResult(.int, 2_147_483_648) }
        #expect(throws: WireError.outOfRange) { try encodeResult(.int, 1.5) }
        #expect(try encodeResult(.int, 3.0) == [8, 3])
    }

    @Test("Any varint but 0 is true")
    func bool() throws {
        #expect(try decodeResult(.bool, [8, 0x80, 1]) == .value(true))
        #expect(try decodeResult(.bool, [8, 0]) == .value(false))
    }

    @Test("Random varints are read as SwiftProtobuf reads them")
    func comparison() throws {
        var numbers = SeededNumbers(seed: 9)
        for _ in 0..<5000 {
            let number = Int64(truncatingIfNeeded: numbers.next() >> UInt64.random(in: 0..<64, using: &numbers))
            let theirs: [UInt8] = try PBCall.with { $0.sequence = number }.serializedBytes()
            #expect(try lend(theirs) { try RpcCall(decoding: $0).sequence } == number)
            #expect(try written { try RpcCall(sequence: number, command: .unknown).append(to: &$0) } == theirs)
        }
    }
}
