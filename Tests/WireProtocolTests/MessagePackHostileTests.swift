import Testing
import WireProtocol

@Suite("Hostile MessagePack ends in a value or an error")
struct MessagePackHostileTests {
    /// Reads and scans; the two must agree on where an object ends.
    private func decode(_ bytes: [UInt8]) {
        lend(bytes) { bytes in
            let arena = ValueArena()
            var reader = MessagePackReader(bytes)
            var scanner = MessagePackScanner(limit: bytes.count)
            let value = try? reader.readValue(into: arena)
            let length = try? scanner.scan(bytes)
            if value != nil { #expect(length == reader.position) }
            var typed = MessagePackReader(bytes)
            _ = try? typed.readArrayCount()
            _ = try? typed.readInteger()
            _ = try? typed.readString()
            _ = try? typed.readMapCount()
            _ = try? typed.readBoolean()
            _ = try? typed.readNil()
            _ = try? typed.skip()
            #expect(typed.position <= bytes.count)
        }
    }

    @Test("Random bytes")
    func randomBytes() {
        var numbers = SeededNumbers(seed: 4)
        for _ in 0..<20_000 { decode(numbers.bytes(0...64)) }
    }

    @Test("Objects with bytes changed, left out and doubled")
    func mutations() throws {
        var numbers = SeededNumbers(seed: 5)
        for _ in 0..<400 {
            let object = try writeMessagePack(numbers.value(depth: 2))
            for _ in 0..<50 { decode(numbers.mutation(of: object)) }
        }
    }

    @Test("Every beginning of an object is too short for it")
    func prefixes() throws {
        var numbers = SeededNumbers(seed: 6)
        for _ in 0..<50 {
            let object = try writeMessagePack(numbers.value(depth: 2))
            for count in 0..<min(object.count, 2000) {
                #expect(throws: WireError.truncated) { try readMessagePack(Array(object[..<count])) }
            }
        }
    }

    @Test("Every first byte, with little behind it")
    func firstBytes() {
        for first in UInt8.min...UInt8.max {
            for rest in [[], [0], [0xff], [0, 0], [0xff, 0xff, 0xff, 0xff], [UInt8](repeating: 0, count: 20)]
                as [[UInt8]]
            {
                decode([first] + rest)
            }
        }
    }

    @Test("A hundred thousand levels cost neither stack nor time")
    func depthBombs() {
        for level in [[0x91], [0x81, 0xa0], [0xdc, 0, 1], [0xde, 0, 1, 0xa0]] as [[UInt8]] {
            let bytes = Array([[UInt8]](repeating: level, count: 100_000).joined())
            #expect(throws: WireError.tooDeep) { try readMessagePack(bytes + [0xc0]) }
            decode(bytes)
        }
    }

    @Test("Counts take no memory for what cannot be there")
    func countBombs() {
        // Each level promises as many items as there are bytes; taken at their word, they were 64 times 24 MB.
        var bytes: [UInt8] = []
        for _ in 0..<WireLimits.depth { bytes += [0xdd, 0, 0x0f, 0, 0] }
        bytes += [UInt8](repeating: 0, count: 1 << 20)
        #expect(throws: WireError.truncated) { try readMessagePack(bytes) }
        // Siblings that promise what is left.
        bytes = [0xdc, 0xff, 0xff]
        for _ in 0..<0xffff { bytes += [0xdc, 0xff, 0xff] }
        #expect(throws: WireError.truncated) { try readMessagePack(bytes) }
    }

    @Test("A value has a million elements at most")
    func elements() throws {
        func array(_ count: Int) -> [UInt8] {
            [0xdd] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
                + [UInt8](repeating: 0, count: count)
        }
        #expect(throws: WireError.tooLarge) { try readMessagePack(array(WireLimits.elements + 1)) }
        #expect(throws: WireError.tooLarge) { try readMessagePack([0x92] + array(WireLimits.elements - 2) + array(1)) }
        let most = try lend(array(WireLimits.elements)) { bytes in
            var reader = MessagePackReader(bytes)
            let arena = ValueArena()
            return try reader.readValue(into: arena).items.count
        }
        #expect(most == WireLimits.elements)
    }

    @Test("A map of one key many times takes no quadratic time")
    func sameKeys() throws {
        let count = 200_000
        let bytes: [UInt8] =
            [0xdf] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
            + Array([[UInt8]](repeating: [0xa1, 0x61, 0x01], count: count).joined())
        #expect(try readMessagePack(bytes) == ["a": 1])
    }
}
