import CKongPlugin
import Foundation
import PDKCatalogue
import Testing
import WireProtocol

@Suite("Recorded conversations mean to us what the recordings say")
struct RecordingTests {
    @Test("MessagePack-RPC with go-pluginserver")
    func messagePack() throws {
        var compared = 0
        for (scenario, step) in try Recording.steps(of: "go-pluginserver-rpc.json") {
            guard let decoded = step.decoded, decoded.hasPrefix("fixarray") else { continue }
            let meaning = try RecordedValue.parse(decoded)
            #expect(try readMessagePack(step.bytes) == meaning, "\(scenario)")
            #expect(try scanMessagePack(step.bytes) == step.bytes.count)
            // And back: Kong writes each object in the form that we do, if for its maps' order.
            if step.isFromKong { #expect(try writeMessagePack(meaning) == step.bytes, "\(scenario)") }
            compared += 1
        }
        #expect(compared > 180)
    }

    @Test("ProtoBuf:1 with go-pdk, field by field")
    func protobuf() throws {
        var compared = 0
        for (scenario, step) in try Recording.steps(of: "go-pdk-protobuf-rpc.json") {
            guard let decoded = step.decoded, decoded.hasPrefix("frame "), let colon = decoded.firstIndex(of: ":")
            else {
                continue
            }
            let payload = Array(step.bytes.dropFirst(4))
            #expect(step.bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) } == payload.count)
            let meaning = decoded[decoded.index(colon, offsetBy: 2)...]
            if meaning.hasPrefix("[") {
                let fields = try JSONDecoder().decode([RecordedField].self, from: Data(meaning.utf8))
                try lend(payload) { try expect($0, toBe: fields, scenario) }
            } else {
                #expect(PDKCatalogue.method(named: String(decoding: payload, as: UTF8.self))?.rawValue != nil)
                #expect(meaning == String(decoding: payload, as: UTF8.self))
            }
            compared += 1
        }
        #expect(compared > 90)
    }

    @Test("The calls, arguments and returns in them")
    func protobufMessages() throws {
        let steps = try Recording.steps(of: "go-pdk-protobuf-rpc.json").filter {
            $0.step.decoded?.hasPrefix("frame ") == true
        }
        func payloads(_ scenario: String) -> [[UInt8]] {
            steps.filter { $0.scenario == scenario }.map { Array($0.step.bytes.dropFirst(4)) }
        }
        let event = payloads("cmd_handle_event access (attach), to completion")
        try #require(event.count == 8)
        try lend(event[0]) { bytes throws in
            let call = try RpcCall(decoding: bytes)
            guard case .startInstance(let name, let config) = call.command else { throw WireError.unexpectedType }
            #expect((call.sequence, name.text, config.text) == (1, "goplug", "{\"attach\":true}"))
        }
        try lend(event[1]) { bytes throws in
            let arena = ValueArena()
            let answer = try RpcReturn(decoding: bytes, into: arena)
            guard case .instanceStatus(let status)? = answer.result else { throw WireError.unexpectedType }
            #expect((status.name, status.instanceID, status.startedAt) == ("goplug", 758_553_903, 1_795_376_123))
        }
        try lend(event[2]) { bytes throws in
            guard case .handleEvent(let instance, let phase) = try RpcCall(decoding: bytes).command else {
                throw WireError.unexpectedType
            }
            #expect((instance, phase.text) == (758_553_903, "access"))
        }
        let arguments: [TestValue] = ["x-goplug", "Set by custom go plugin"]
        #expect(try decodeArguments(.keyValue, event[4]) == arguments)
        #expect(try encodeArguments(.keyValue, arguments) == event[4])
        #expect(try decodeResult(.empty, event[5]) == .value(nil))
        #expect(try written { try RpcReturn(sequence: 2).append(to: &$0) } == event[7])

        let calls = payloads("tencalls, to completion")
        #expect(try encodeArguments(.string, ["host"]) == calls[4])
        #expect(try decodeResult(.string, calls[5]) == .value("example.com"))

        let exit = payloads("kong.response.exit")
        let exitArguments: [TestValue] = [403, .bytes(Array("no".utf8)), ["x-why": ["because", "zoo"]]]
        #expect(try decodeArguments(.exitArgs, exit[4]) == exitArguments)
        #expect(try encodeArguments(.exitArgs, exitArguments) == exit[4])
    }

    @Test(
        "What real Kong sends",
        arguments: ["kong-2.2.2-msgpack.jsonl", "kong-2.8.5-msgpack.jsonl", "kong-3.9.1-msgpack.jsonl"])
    func kongMessagePack(file: String) throws {
        let streams = try Recording.streams(of: file)
        var methods: Set<String> = []
        for stream in streams.fromKong {
            for message in try objects(in: stream) {
                guard case .array(let parts) = message, parts.count == 4, parts[0] == 0,
                    case .string(let method) = parts[2],
                    case .array(let arguments) = parts[3], arguments.count == 1
                else {
                    Issue.record("not a request: \(message)")
                    continue
                }
                methods.insert(String(decoding: method, as: UTF8.self))
            }
        }
        #expect(methods == ["plugin.StartInstance", "plugin.HandleEvent", "plugin.Step"])
        var responses = 0
        for stream in streams.fromServer {
            for message in try objects(in: stream) {
                guard case .array(let parts) = message else { continue }
                #expect(parts.count == (parts[0] == 2 ? 3 : 4))
                responses += 1
            }
        }
        #expect(responses > 10)
    }

    @Test(
        "What real Kong sends over ProtoBuf:1", arguments: ["kong-3.4.2-protobuf.jsonl", "kong-3.9.1-protobuf.jsonl"])
    func kongProtobuf(file: String) throws {
        let streams = try Recording.streams(of: file)
        var phases: [String] = []
        var started = 0
        var answers = 0
        for stream in streams.fromKong {
            for frame in try frames(in: stream) {
                if frame.isEmpty {
                    answers += 1
                    continue
                }
                try lend(frame) { bytes throws in
                    let call = try RpcCall(decoding: bytes)
                    #expect(call.sequence >= 2)
                    switch call.command {
                    case .startInstance(let name, let config):
                        #expect(name.text == "goplug")
                        #expect(config.text.contains("\"attach\":"))
                        started += 1
                    case .handleEvent(let instance, let phase):
                        #expect(instance > 0)
                        phases.append(phase.text)
                    default: Issue.record("an unexpected command")
                    }
                }
            }
        }
        #expect(started == 2)
        #expect(phases.filter { $0 == "access" }.count == 3)
        #expect(phases.filter { $0 == "response" }.count == 3)
        // Two requests with x-goplug, three with x-goplug-go-version.
        #expect(answers == 5)
        for stream in streams.fromServer {
            var arguments: ProtoMessage?
            for frame in try frames(in: stream) where !frame.isEmpty {
                if let input = arguments {
                    #expect(try encodeArguments(input, decodeArguments(input, frame)) == frame)
                    arguments = nil
                } else if let id = PDKCatalogue.method(named: String(decoding: frame, as: UTF8.self)) {
                    arguments = PDKCatalogue[id]?.input
                } else {
                    #expect(throws: Never.self) {
                        try lend(frame) { _ = try RpcReturn(decoding: $0, into: ValueArena()) }
                    }
                }
            }
        }
    }

    /// A field as the recordings write it: `[number, "varint" | "bytes" | "message", content]`.
    private struct RecordedField: Decodable {
        enum Content {
            case integer(Int64)
            case text(String)
            case message([RecordedField])
        }

        let number: UInt32
        let content: Content

        init(from decoder: any Decoder) throws {
            var parts = try decoder.unkeyedContainer()
            number = try parts.decode(UInt32.self)
            switch try parts.decode(String.self) {
            case "varint": content = .integer(try parts.decode(Int64.self))
            case "message": content = .message(try parts.decode([RecordedField].self))
            default: content = .text(try parts.decode(String.self))
            }
        }
    }

    private func expect(_ bytes: UnsafeRawBufferPointer, toBe fields: [RecordedField], _ scenario: String) throws {
        var reader = ProtoBufReader(bytes)
        for expected in fields {
            let field = try #require(try reader.nextField(), "\(scenario)")
            #expect(field.number == expected.number)
            switch expected.content {
            case .integer(let integer): #expect(try reader.readInt64(field) == integer)
            case .text(let text): #expect(try reader.readString(field).text == text)
            case .message(let inner): try expect(try reader.readBytes(field), toBe: inner, scenario)
            }
        }
        #expect(try reader.nextField() == nil)
    }

    private func objects(in stream: [UInt8]) throws -> [TestValue] {
        var objects: [TestValue] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let length = try #require(try scanMessagePack(Array(rest)))
            objects.append(try readMessagePack(Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return objects
    }

    private func frames(in stream: [UInt8]) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            try #require(rest.count >= 4 + length)
            frames.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return frames
    }
}
