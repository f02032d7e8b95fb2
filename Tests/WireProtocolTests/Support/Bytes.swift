import CKongPlugin
import PDKCatalogue
import WireProtocol

/// Lends a copy of the bytes at an address of its own that nothing follows, so that a read past the end shows in a
/// build with the address sanitizer.
func lend<Result>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(copy))
}

/// What the closure has appended to an empty queue.
func written(_ body: (inout ByteQueue) throws -> Void) rethrows -> [UInt8] {
    var queue = ByteQueue()
    try body(&queue)
    return Array(queue.bytes)
}

/// The only object in some MessagePack.
func readMessagePack(_ bytes: [UInt8]) throws -> TestValue {
    try lend(bytes) { bytes in
        let arena = ValueArena()
        var reader = MessagePackReader(bytes)
        let value = TestValue(try reader.readValue(into: arena))
        guard reader.isAtEnd else { throw WireError.malformed }
        return value
    }
}

func writeMessagePack(_ value: TestValue) throws -> [UInt8] {
    let arena = ValueArena()
    return try written { queue in try queue.appendMessagePack(value.value(in: arena)) }
}

/// The length of the first object that a new scanner sees.
func scanMessagePack(_ bytes: [UInt8], limit: Int = .max) throws -> Int? {
    var scanner = MessagePackScanner(limit: limit)
    return try lend(bytes) { try scanner.scan($0) }
}

func encodeArguments(_ input: ProtoMessage, _ arguments: [TestValue]) throws -> [UInt8] {
    let arena = ValueArena()
    let values = arguments.map { $0.value(in: arena) }
    return try written { queue in
        try values.withUnsafeBufferPointer { try ProtoBufMessages.encodeArguments(of: input, $0, into: &queue) }
    }
}

func decodeArguments(_ input: ProtoMessage, _ bytes: [UInt8]) throws -> [TestValue] {
    try lend(bytes) { bytes in
        let arena = ValueArena()
        return try ProtoBufMessages.decodeArguments(of: input, from: bytes, into: arena).map(TestValue.init)
    }
}

func encodeResult(_ output: ProtoMessage, _ value: TestValue) throws -> [UInt8] {
    let arena = ValueArena()
    return try written { queue in try ProtoBufMessages.encodeResult(output, value.value(in: arena), into: &queue) }
}

/// Kong's answer, with text in place of borrowed strings.
enum TestAnswer: Equatable {
    case value(TestValue)
    case refused(String)
}

func decodeResult(_ output: ProtoMessage, optional: Bool = false, _ bytes: [UInt8]) throws -> TestAnswer {
    try lend(bytes) { bytes in
        let arena = ValueArena()
        switch try ProtoBufMessages.decodeResult(output, isOptional: optional, from: bytes, into: arena) {
        case .value(let value): return .value(TestValue(value))
        case .refused(let text): return .refused(text.text)
        }
    }
}

extension SeededNumbers {
    /// Mostly short, and now and then longer than the shorter forms allow.
    private mutating func text() -> [UInt8] {
        bytes(0...(Int.random(in: 0..<40, using: &self) == 0 ? 300 : 8))
    }

    /// A value of any type, with few levels.
    mutating func value(depth: Int = 3) -> TestValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &self) {
        case 0: .null
        case 1: .boolean(Bool.random(using: &self))
        case 2: .integer(Int64(truncatingIfNeeded: next()) >> Int64.random(in: 0..<64, using: &self))
        case 3: .number(Double.random(in: -1e9...1e9, using: &self))
        case 4: .string(text())
        case 5: .bytes(text())
        case 6, 7: .array((0..<Int.random(in: 0...20, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            .map(
                (0..<Int.random(in: 0...20, using: &self)).map { index in
                    TestValue.Entry(key: Array("\(index) ".utf8) + text(), value: value(depth: depth - 1))
                })
        }
    }
}
