import CKongPlugin
import PDKCatalogue
import Testing
import WireProtocol

@Suite("Hostile protobuf ends in a message or an error")
struct ProtoBufHostileTests {
    /// Reads the bytes as each message that there is.
    private func decodeAll(_ bytes: [UInt8]) {
        lend(bytes) { bytes in
            let arena = ValueArena()
            for message in ProtoMessage.allCases {
                arena.reset()
                _ = try? ProtoBufMessages.decodeResult(message, isOptional: false, from: bytes, into: arena)
                _ = try? ProtoBufMessages.decodeArguments(of: message, from: bytes, into: arena)
            }
            _ = try? RpcCall(decoding: bytes)
            _ = try? RpcReturn(decoding: bytes, into: arena)
        }
    }

    @Test("Random bytes")
    func randomBytes() {
        var numbers = SeededNumbers(seed: 12)
        for _ in 0..<10_000 { decodeAll(numbers.bytes(0...48)) }
    }

    @Test("Random fields with low numbers, one within the other")
    func randomFields() {
        var numbers = SeededNumbers(seed: 13)
        func message(_ depth: Int) -> [UInt8] {
            (0..<Int.random(in: 0...4, using: &numbers)).flatMap { _ -> [UInt8] in
                let tag = UInt8.random(in: 1...15, using: &numbers) << 3
                switch Int.random(in: 0..<(depth > 0 ? 5 : 3), using: &numbers) {
                case 0: return [tag, UInt8.random(in: 0...127, using: &numbers)]
                case 1: return [tag | 1] + (0..<8).map { _ in UInt8.random(in: 0...255, using: &numbers) }
                case 2:
                    let text = numbers.bytes(0...6)
                    return [tag | 2, UInt8(text.count)] + text
                default:
                    let inner = message(depth - 1).prefix(100)
                    return [tag & 0x18 | 0x0a, UInt8(inner.count)] + inner
                }
            }
        }
        for _ in 0..<5000 { decodeAll(message(4)) }
    }

    @Test("Messages with bytes changed, left out and doubled")
    func mutations() throws {
        var numbers = SeededNumbers(seed: 14)
        for _ in 0..<200 {
            let seeds = [
                try encodeArguments(.value, [numbers.value(depth: 2)]),
                try encodeArguments(.keyValue, ["key", numbers.value(depth: 1)]),
                try encodeArguments(.exitArgs, [200, "body", ["x": "y"]]),
                try encodeResult(.uriCapturesResult, ["unnamed": ["a", "b"], "named": ["c": "d"]]),
                try encodeResult(
                    .memoryStats, ["lua_shared_dicts": ["kong": ["capacity": 1]], "workers_lua_vms": [["pid": 1]]]),
                try written { queue in
                    try RpcReturn(
                        sequence: 3, result: .instanceStatus(InstanceStatus(name: "n", instanceID: 1, startedAt: 2))
                    ).append(to: &queue)
                },
            ]
            for seed in seeds { for _ in 0..<5 { decodeAll(numbers.mutation(of: seed)) } }
        }
    }

    @Test("Every beginning of a string is too short for it, and of a value gives a value or an error")
    func prefixes() throws {
        let string = try encodeArguments(.string, ["hello"])
        for count in 1..<string.count {
            #expect(throws: WireError.truncated) { try decodeResult(.string, Array(string[..<count])) }
        }
        var numbers = SeededNumbers(seed: 15)
        for _ in 0..<20 {
            let value = try encodeArguments(.value, [numbers.value(depth: 2)])
            for count in 0..<min(value.count, 500) { decodeAll(Array(value[..<count])) }
        }
    }

    @Test("A hundred thousand levels cost neither stack nor time")
    func depthBombs() {
        // Each level is a message that holds all of the rest; the innermost ones are never reached. The lengths grow, so
        // the bytes are made from the inside, backwards.
        for level in [[0x32, 0x0a], [0x2a, 0x0a, 0x12]] as [[UInt8]] {
            var backwards: [UInt8] = []
            for _ in 0..<20_000 {
                for tag in level.reversed() {
                    var length = backwards.count
                    var varint: [UInt8] = []
                    repeat {
                        varint.append(UInt8(length & 127) | (length > 127 ? 128 : 0))
                        length >>= 7
                    } while length > 0
                    backwards += varint.reversed()
                    backwards.append(tag)
                }
            }
            let bytes = Array(backwards.reversed())
            #expect(throws: WireError.tooDeep) { try decodeResult(.value, bytes) }
        }
    }

    @Test("A length beyond the end is refused, and one beyond 63 bits")
    func lengths() {
        for hex in ["0a05", "0affffffff07", "0affffffffffffffff7f", "0affffffffffffffffff01"] {
            for message in [.string, .structure, .route, .uriCapturesResult] as [ProtoMessage] {
                #expect(throws: WireError.truncated) { try decodeResult(message, Recording.bytes(hex: hex)) }
            }
        }
    }

    @Test("A value has a million elements at most")
    func elements() throws {
        let values = [UInt8](repeating: 0x0a, count: 1)
        let list = Array([[UInt8]](repeating: values + [0], count: WireLimits.elements + 1).joined())
        #expect(throws: WireError.tooLarge) { try decodeResult(.listValue, list) }
        #expect(throws: WireError.tooLarge) { try decodeResult(.structure, list) }
        #expect(throws: WireError.tooLarge) { try decodeResult(.uriCapturesResult, list) }
        #expect(throws: Never.self) { try decodeResult(.listValue, Array(list.dropLast(2))) }
    }

    @Test("A map of one key many times takes no quadratic time")
    func sameKeys() throws {
        let entry: [UInt8] = [0x0a, 7, 0x0a, 1, 0x61, 0x12, 2, 0x20, 1]
        let bytes = Array([[UInt8]](repeating: entry, count: 200_000).joined())
        #expect(try decodeResult(.structure, bytes) == .value(["a": true]))
    }

    @Test("Repeated fields that take turns cost no quadratic time")
    func turns() throws {
        // Route has ten repeated fields; each is counted once, whatever the order.
        let turn: [UInt8] = (5...9).flatMap { [UInt8($0 << 3 | 2), 1, 0x61] }
        let bytes = Array([[UInt8]](repeating: turn, count: 50_000).joined())
        guard case .value(.map(let entries)) = try decodeResult(.route, bytes) else {
            Issue.record("no map")
            return
        }
        #expect(entries.count == 5)
    }
}
