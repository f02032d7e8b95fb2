// Unsafe pointers: messages are lent to the codecs.

import CKongPlugin
import WireProtocol

/// MessagePack-RPC, as the server reads and writes it: finding a message's end, reading it, and writing the response.
struct MessagePackMessages {
    let measurement: Measurement
    private let limit = 64 * 1024 * 1024

    func measure() throws {
        try read(
            "MessagePack, read HandleEvent",
            request("plugin.HandleEvent", .map([key("InstanceId"): .integer(12345), key("EventName"): .string("access")])))
        try read("MessagePack, read Step with a string", step(.string("api.example.com")))
        try read("MessagePack, read Step with ten headers", step(Messages.headerMap(inArrays: true)))
        try write(
            "MessagePack, write set_header", "kong.service.request.set_header",
            [.string("x-greeting"), .string("hello, api.example.com")])
        try write(
            "MessagePack, write set_headers with ten", "kong.service.request.set_headers",
            [Messages.headerMap(inArrays: false)])
        let end = Messages.bytes { MessagePackSession.appendEventEnd(of: 12345, to: 678, &$0) }
        var output = ByteQueue()
        measurement.run("MessagePack, write an event's end", bytes: end.count) { count in
            for _ in 0..<count {
                MessagePackSession.appendEventEnd(of: 12345, to: 678, &output)
                output.consume(output.count)
            }
        }
    }

    private func read(_ name: String, _ message: [UInt8]) throws {
        let arena = ValueArena()
        var session = MessagePackSession(limit: limit)
        try message.withUnsafeBytes { bytes in
            try measurement.run(name, bytes: message.count) { count in
                for _ in 0..<count {
                    guard try session.messageSize(in: bytes) == bytes.count else { throw WireError.truncated }
                    use(try session.receive(bytes, arena: arena))
                    arena.reset()
                }
            }
        }
    }

    private func write(_ name: String, _ method: StaticString, _ arguments: [OwnedValue]) throws {
        try Messages.withArguments(arguments) { arguments in
            var call = ByteQueue()
            var output = ByteQueue()
            func append(_ call: inout ByteQueue, _ output: inout ByteQueue) throws {
                try MessagePackSession.appendCall(method, arguments, limit: limit, to: &call)
                MessagePackSession.appendStep(of: 12345, call.bytes, to: 678, &output)
                call.consume(call.count)
            }
            try append(&call, &output)
            let size = output.count
            output.consume(size)
            try measurement.run(name, bytes: size) { count in
                for _ in 0..<count {
                    try append(&call, &output)
                    output.consume(output.count)
                }
            }
        }
    }

    private func key(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func step(_ data: OwnedValue) throws -> [UInt8] {
        try request("plugin.Step", .map([key("EventId"): .integer(12345), key("Data"): data]))
    }

    private func request(_ method: String, _ argument: OwnedValue) throws -> [UInt8] {
        let arena = ValueArena()
        return try Messages.bytes { queue in
            queue.appendMessagePack(arrayCount: 4)
            queue.appendMessagePack(Int64(0))
            queue.appendMessagePack(Int64(678))
            queue.appendMessagePack(string: method)
            queue.appendMessagePack(arrayCount: 1)
            try queue.appendMessagePack(argument.value(in: arena))
        }
    }
}
