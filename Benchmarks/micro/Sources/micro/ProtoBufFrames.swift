// Unsafe pointers: frames are lent to the codecs.

import CKongPlugin
import PDKCatalogue
import WireProtocol

/// ProtoBuf:1, as the server reads and writes it.
struct ProtoBufFrames {
    let measurement: Measurement
    private let limit = 64 * 1024 * 1024

    func measure() throws {
        try measureEvent()
        try read("ProtoBuf, read a string", .string, .string("api.example.com"))
        try read("ProtoBuf, read ten headers", .structure, Messages.headerMap(inArrays: false))
        try write(
            "ProtoBuf, write set_header", "kong.service.request.set_header", .keyValue,
            [.string("x-greeting"), .string("hello, api.example.com")])
        try write(
            "ProtoBuf, write set_headers with ten", "kong.service.request.set_headers", .structure,
            [Messages.headerMap(inArrays: false)])
    }

    /// A session is in the midst of an event or not, so the two go together.
    private func measureEvent() throws {
        var session = ProtoBufSession(limit: limit)
        var output = ByteQueue()
        let arena = ValueArena()
        let phase = Array("access".utf8).withUnsafeBytes(arena.copy)
        let frame = try Messages.bytes { queue in
            queue.append(littleEndian: UInt32(0))
            try RpcCall(sequence: 678, command: .handleEvent(instance: 12345, phase: phase)).append(to: &queue)
            queue.overwrite(at: 0, littleEndian: UInt32(queue.count - 4))
        }
        let end = try Messages.bytes { queue in
            queue.append(littleEndian: UInt32(0))
            queue.append(littleEndian: UInt32(0))
            try RpcReturn(sequence: 678).append(to: &queue)
        }
        try frame.withUnsafeBytes { bytes in
            try measurement.run("ProtoBuf, read HandleEvent and write the event's end", bytes: frame.count + end.count) { count in
                for _ in 0..<count {
                    guard let (payload, _) = try session.frame(in: bytes) else { throw WireError.truncated }
                    use(try session.receive(payload))
                    try session.appendEventEnd(to: &output)
                    output.consume(output.count)
                }
            }
        }
    }

    private func read(_ name: String, _ output: ProtoMessage, _ value: OwnedValue) throws {
        let arena = ValueArena()
        let message = try Messages.bytes { try ProtoBufMessages.encodeResult(output, value.value(in: arena), into: &$0) }
        try message.withUnsafeBytes { bytes in
            try measurement.run(name, bytes: message.count) { count in
                for _ in 0..<count {
                    arena.reset()
                    use(try ProtoBufMessages.decodeResult(output, isOptional: false, from: bytes, into: arena))
                }
            }
        }
    }

    private func write(_ name: String, _ method: StaticString, _ input: ProtoMessage, _ arguments: [OwnedValue]) throws {
        try Messages.withArguments(arguments) { arguments in
            var output = ByteQueue()
            func append(_ output: inout ByteQueue) throws {
                try ProtoBufSession.appendCall(
                    named: method, input: input, arguments, limit: limit, to: &output)
            }
            try append(&output)
            let size = output.count
            output.consume(size)
            try measurement.run(name, bytes: size) { count in
                for _ in 0..<count {
                    try append(&output)
                    output.consume(output.count)
                }
            }
        }
    }
}
