import CKongPlugin
import CMsgPack
import Testing
import WireProtocol

/// Our MessagePack and msgpack-c's.
@Suite("msgpack-c reads what we write, and we what it writes")
struct MessagePackComparisonTests {
    @Test("Random values are read alike")
    func values() throws {
        var numbers = SeededNumbers(seed: 7)
        for _ in 0..<2000 {
            let value = numbers.value()
            #expect(try unpack(writeMessagePack(value)) == value)
            #expect(try readMessagePack(MsgPackC.pack(value)) == value)
        }
    }

    @Test("Integers and counts at the limits of their forms are written alike")
    func sameBytes() throws {
        var values: [TestValue] = [nil, true, false, 0.5, .integer(.min), .integer(.max)]
        for shift in 0..<63 {
            for step: Int64 in [-1, 0, 1] {
                values += [.integer((1 << shift) + step), .integer(-(1 << shift) + step)]
            }
        }
        for count in [0, 15, 16, 31, 255, 256, 65535, 65536] {
            values += [
                .array([TestValue](repeating: nil, count: count)), .bytes([UInt8](repeating: 7, count: count)),
            ]
            // Between 31 and 256 bytes msgpack-c writes str8, and we never do.
            if count < 32 || count > 255 { values.append(.string([UInt8](repeating: 7, count: count))) }
        }
        for value in values { #expect(try writeMessagePack(value) == MsgPackC.pack(value)) }
    }

    @Test("Random bytes: what it takes we take for the same, and what we take it takes")
    func randomBytes() throws {
        var numbers = SeededNumbers(seed: 8)
        var both = 0
        for _ in 0..<20_000 {
            let bytes = numbers.bytes(0...24)
            let theirs = unpackFirst(bytes)
            let ours = lend(bytes) { bytes -> TestValue? in
                let arena = ValueArena()
                var reader = MessagePackReader(bytes)
                return (try? reader.readValue(into: arena)).map(TestValue.init)
            }
            if let ours { try #require(theirs != nil, "\(bytes): \(ours)") }
            // We refuse extensions and keys that are neither strings nor integers.
            guard let ours, let theirs = theirs.flatMap({ $0 }) else { continue }
            both += 1
            #expect("\(ours.sorted)" == "\(theirs.sorted)", "\(bytes)")
        }
        #expect(both > 5000)
    }

    private func unpack(_ bytes: [UInt8]) throws -> TestValue {
        try #require(unpackFirst(bytes).flatMap { $0 })
    }

    /// The first object: nil if there is none, nil within if it holds something that Kong's values cannot.
    private func unpackFirst(_ bytes: [UInt8]) -> TestValue?? {
        var unpacked = msgpack_unpacked()
        msgpack_unpacked_init(&unpacked)
        defer { msgpack_unpacked_destroy(&unpacked) }
        var offset = 0
        let result = bytes.withUnsafeBytes { bytes in
            msgpack_unpack_next(
                &unpacked, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &offset)
        }
        guard result == MSGPACK_UNPACK_SUCCESS || result == MSGPACK_UNPACK_EXTRA_BYTES else { return nil }
        return .some(value(of: unpacked.data))
    }

    private func value(of object: msgpack_object) -> TestValue? {
        let via = object.via
        switch object.type {
        case MSGPACK_OBJECT_NIL: return .null
        case MSGPACK_OBJECT_BOOLEAN: return .boolean(via.boolean)
        case MSGPACK_OBJECT_POSITIVE_INTEGER:
            return Int64(exactly: via.u64).map(TestValue.integer) ?? .number(Double(via.u64))
        case MSGPACK_OBJECT_NEGATIVE_INTEGER: return .integer(via.i64)
        case MSGPACK_OBJECT_FLOAT32, MSGPACK_OBJECT_FLOAT64: return .number(via.f64)
        case MSGPACK_OBJECT_STR:
            return .string(Array(UnsafeRawBufferPointer(start: via.str.ptr, count: Int(via.str.size))))
        case MSGPACK_OBJECT_BIN:
            return .bytes(Array(UnsafeRawBufferPointer(start: via.bin.ptr, count: Int(via.bin.size))))
        case MSGPACK_OBJECT_ARRAY:
            let items = UnsafeBufferPointer(start: via.array.ptr, count: Int(via.array.size)).map(value)
            return items.contains(nil) ? nil : .array(items.compactMap(\.self))
        case MSGPACK_OBJECT_MAP:
            var entries: [TestValue.Entry] = []
            for pair in UnsafeBufferPointer(start: via.map.ptr, count: Int(via.map.size)) {
                guard let key = value(of: pair.key), let content = value(of: pair.val) else { return nil }
                let name: [UInt8]
                switch key {
                case .string(let bytes), .bytes(let bytes): name = bytes
                case .integer(let integer): name = Array("\(integer)".utf8)
                case .number(let number) where pair.key.type == MSGPACK_OBJECT_POSITIVE_INTEGER:
                    guard let integer = UInt64(exactly: number) else { return nil }
                    name = Array("\(integer)".utf8)
                default: return nil
                }
                entries.removeAll { $0.key == name }
                entries.append(TestValue.Entry(key: name, value: content))
            }
            return .map(entries)
        default: return nil
        }
    }
}
