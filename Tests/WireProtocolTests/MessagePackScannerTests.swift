import Testing
import WireProtocol

@Suite("The end of a MessagePack object is found in whatever pieces it comes")
struct MessagePackScannerTests {
    @Test("Byte by byte, and with more behind it")
    func pieces() throws {
        var numbers = SeededNumbers(seed: 3)
        for _ in 0..<200 {
            let object = try writeMessagePack(numbers.value(depth: 2))
            var scanner = MessagePackScanner(limit: object.count)
            for count in 0..<object.count {
                #expect(try lend(Array(object[..<count])) { try scanner.scan($0) } == nil)
            }
            #expect(try lend(object) { try scanner.scan($0) } == object.count)
            scanner.reset()
            #expect(try lend(object + object) { try scanner.scan($0) } == object.count)
            // Again, without a new byte.
            #expect(try lend(object) { try scanner.scan($0) } == object.count)
        }
    }

    @Test(
        "Extensions have a length too",
        arguments: ["d400ff", "d500ffff", "d600ffffffff", "c70200ffff", "c8000100ff", "c90000000100ff"])
    func extensions(hex: String) throws {
        #expect(try scanMessagePack(Recording.bytes(hex: hex)) == hex.count / 2)
        #expect(try scanMessagePack(Recording.bytes(hex: "91" + hex + "c0")) == hex.count / 2 + 1)
        #expect(try scanMessagePack(Recording.bytes(hex: String(hex.dropLast(2)))) == nil)
    }

    @Test("What is too large is refused at its header, before it comes")
    func limit() throws {
        #expect(try scanMessagePack(Recording.bytes(hex: "da0007"), limit: 10) == nil)
        for hex in ["da0008", "c6ffffffff", "dc000a", "de0005", "ddffffffff", "dfffffffff", "92dc0008", "c9ffffffff"] {
            #expect(throws: WireError.tooLarge, "\(hex)") { try scanMessagePack(Recording.bytes(hex: hex), limit: 10) }
        }
        #expect(try scanMessagePack(Recording.bytes(hex: "dc0007"), limit: 10) == nil)
        #expect(throws: WireError.tooLarge) { try scanMessagePack([UInt8](repeating: 0x91, count: 100), limit: 50) }
    }

    @Test("The reserved byte is refused, also inside", arguments: ["c1", "91c1", "82a161c1", "c1c1"])
    func reserved(hex: String) {
        #expect(throws: WireError.malformed) { try scanMessagePack(Recording.bytes(hex: hex)) }
    }

    @Test("A reserved byte within a string is content")
    func content() throws {
        #expect(try scanMessagePack(Recording.bytes(hex: "a2c1c1")) == 3)
    }

    @Test("What has been looked at is not looked at again")
    func linear() throws {
        // 32 MiB of body and a million objects, in pieces of 1 KiB: quadratic work would take hours.
        var bytes: [UInt8] = [0x92, 0xc6, 0x02, 0, 0, 0]
        bytes += [UInt8](repeating: 0xc1, count: 32 << 20)
        bytes += [0xdd, 0, 0x10, 0, 0]
        bytes += [UInt8](repeating: 0xc0, count: 1 << 20)
        var scanner = MessagePackScanner(limit: 64 << 20)
        try bytes.withUnsafeBytes { bytes in
            for end in stride(from: 1024, to: bytes.count, by: 1024) {
                let length = try scanner.scan(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
                guard length == nil else { throw WireError.malformed }
            }
            #expect(try scanner.scan(bytes) == bytes.count)
        }
    }
}
