import Foundation
import KongClient
import PDKCatalogue
import Testing
import WireProtocol

/// What Kong answers need not be what its documentation says: a typed function throws then, or has the bytes.
@Suite struct PDKAnswerTests {
    private static let plugins = ["caller": "caller", "goplug": "recorded_goplug", "tencalls": "recorded_tencalls"]

    private static func method(_ function: String) -> PDKMethod? {
        PDKCatalogue.method(named: String(function.prefix { $0 != " " })).flatMap { PDKCatalogue[$0] }
    }

    /// A case for each function that has a result.
    private static let cases: [PDKCase] = {
        var seen = Set<String>()
        return PDKCases.all.filter { `case` in
            // Where Kong's answer makes no difference, the function does not wait for it.
            let waits = `case`.exchange.last?.reply != .nothing || `case`.result == .null
            return method(`case`.function)?.result != nil && waits && seen.insert(`case`.function).inserted
        }
    }()

    private static let odd = PDKCases.odd

    private static let answers: [OwnedValue] = [
        nil, false, true, 0, -1, .integer(.max), .integer(.min), 1.5, -1e300, .number(.infinity), "", "text", odd,
        .bytes([0xFF]), [], [nil], ["a"], [odd], [[[1]]], [:], ["id": 5], ["id": odd], ["id": ["a"]], ["name": "x"],
        ["unnamed": ["1": "x"], "named": [:]], ["unnamed": [["a"]]], ["unnamed": ["9999999999": "x"]], ["named": ["a": 1]],
        ["body_filepath": "/nowhere"], ["body_filepath": 5], .map([[0xFF]: odd, [0xFE]: odd]), nested(60),
        ["workers_lua_vms": [1], "lua_shared_dicts": ["a": 1]], ["connections_active": "many"],
    ]

    private static func nested(_ depth: Int) -> OwnedValue { (0..<depth).reduce("x") { value, _ in [value] } }

    @Test func anythingThatMessagePackCanCarryIsAResultOrAnError() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            for `case` in Self.cases {
                try kong.withCaller(of: `case`.function, typed: true) { instance in
                    for answer in Self.answers {
                        let event = try CallerEvent(kong, instance, `case`.phase, `case`.arguments) { _ in
                            .value(answer)
                        }
                        #expect(event.outcome != .silence, "\(`case`.function): \(answer)")
                    }
                }
            }
            try server.expectService()
        }
    }

    /// The functions that have no error for nil: what they ask for may be missing, or empty.
    private static let optional: Set<String> = [
        "kong.request.get_host", "kong.request.get_host bytes", "kong.request.get_forwarded_host",
        "kong.request.get_forwarded_host bytes",
    ]

    @Test func nilIsAnErrorWhereAValueIsDue() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            for `case` in Self.cases {
                guard let result = Self.method(`case`.function)?.result else { continue }
                let event = try kong.withCaller(of: `case`.function, typed: true) { instance in
                    try CallerEvent(kong, instance, `case`.phase, `case`.arguments) { _ in .nothing }
                }
                if result.isOptional || result.type == .multimap || Self.optional.contains(`case`.function) {
                    if case .error(let text) = event.outcome {
                        // What is done or not done has no other way to say that it is not.
                        #expect(result.type == .boolean && text.hasPrefix("refused: "), "\(`case`.function): \(text)")
                    }
                } else {
                    guard case .error(let text) = event.outcome, text.hasPrefix("unexpectedResult: ") else {
                        Issue.record("\(`case`.function): \(event.outcome)")
                        continue
                    }
                }
            }
        }
    }

    /// These make text of what any client can send, and say that they do.
    private static let repairing: Set<String> = ["kong.log.serialize"]

    @Test(arguments: WireProtocolKind.both)
    func aStringThatIsNotUTF8IsAnErrorOrTheBytes(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            for `case` in Self.cases {
                guard let method = Self.method(`case`.function), method.result?.type == .string,
                    wireProtocol == .messagePack || method.output != nil
                else { continue }
                let event = try kong.withCaller(of: `case`.function, typed: true) { instance in
                    try CallerEvent(kong, instance, `case`.phase, `case`.arguments) { _ in .value(Self.odd) }
                }
                if `case`.function.hasSuffix(" bytes") {
                    #expect(event.outcome == .result(Self.odd), "\(`case`.function)")
                } else if !Self.repairing.contains(`case`.function) {
                    guard case .error(let text) = event.outcome, text.hasPrefix("notUTF8: \(method.name): ") else {
                        Issue.record("\(`case`.function): \(event.outcome)")
                        continue
                    }
                }
            }
        }
    }

    @Test func anErrorOfKongsHasItsText() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            for `case` in Self.cases {
                let event = try kong.withCaller(of: `case`.function, typed: true) { instance in
                    try CallerEvent(kong, instance, `case`.phase, `case`.arguments) { _ in .error("no such thing") }
                }
                guard case .error(let text) = event.outcome, text.hasPrefix("refused: kong."),
                    text.hasSuffix(": no such thing")
                else {
                    Issue.record("\(`case`.function): \(event.outcome)")
                    continue
                }
            }
        }
    }

    /// Before 3.7 Kong answers so over MessagePack: the port is an nginx variable there.
    @Test func thePortThatKongAnswersWithMayBeText() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            try kong.withCaller(of: "kong.request.get_forwarded_port", typed: true) { instance in
                func outcome(_ answer: OwnedValue) throws -> CallerOutcome {
                    try CallerEvent(kong, instance, "access", []) { _ in .value(answer) }.outcome
                }
                #expect(try outcome("19110") == .result(19110))
                for text in ["", "x", "80 ", "1.5", "99999999999999999999"] {
                    guard case .error(let error) = try outcome(.string(Array(text.utf8))) else {
                        Issue.record("\(text) is a port")
                        continue
                    }
                    #expect(error.hasPrefix("unexpectedResult: kong.request.get_forwarded_port: expected an integer"))
                }
            }
        }
    }

    // MARK: Frames of ProtoBuf:1

    @Test func anyFrameIsAResultOrAnErrorOrTheEndOfTheConnection() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.protoBuf)
            var numbers = SeededNumbers(seed: 11)
            for `case` in Self.cases {
                // queryArgument asks for all arguments.
                guard let method = (`case`.exchange.last?.call.method).flatMap(Self.method), let output = method.output
                else { continue }
                let good = try Self.frame(output, `case`.exchange.last?.reply)
                // A field that no message has, of each type; a field 1 of another type; a string that ends too soon.
                let unknown = Proto.field(100, 1) + Proto.field(101, "x") + [0xA9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]
                var frames = [
                    [], unknown, unknown + good + unknown, Proto.field(1, 1), Proto.field(1, "x"), [0x0A, 0x7F], [0xFF],
                ]
                for _ in 0..<5 { frames.append(numbers.mutation(of: good)) }
                try kong.withCaller(of: `case`.function, typed: true) { instance in
                    for frame in frames {
                        try Self.play(server, instance, `case`, answering: frame)
                    }
                    let outcome = try Self.play(server, instance, `case`, answering: unknown + good)
                    if let result = `case`.result {
                        #expect(outcome == .result(result.asLua), "\(`case`.function)")
                    }
                }
            }
            try server.expectService()
        }
    }

    private static func frame(_ output: ProtoMessage, _ reply: PDKReply?) throws -> [UInt8] {
        guard case .value(let value)? = reply else { return [] }
        let arena = ValueArena()
        var queue = ByteQueue()
        try ProtoBufMessages.encodeResult(output, value.value(in: arena), into: &queue)
        return Array(queue.bytes)
    }

    /// One event on a connection of its own; nil: the server has closed it.
    @discardableResult
    private static func play(
        _ server: TestServer, _ instance: Int64, _ case: PDKCase, answering frame: [UInt8]
    ) throws -> CallerOutcome? {
        let connection = try server.connect()
        defer { connection.close() }
        try connection.send(KongClient.framed(Proto.handleEvent(2, instance, `case`.phase)))
        var outcome = CallerOutcome.silence
        do {
            while true {
                let name = String(decoding: try connection.receiveFrame(), as: UTF8.self)
                if name.isEmpty { break }
                let bytes = try connection.receiveFrame()
                var reply = frame
                if name == "kong.ctx.shared.get", bytes == Proto.field(1, "arguments") {
                    reply = try Self.frame(.value, .value(.array(`case`.arguments)))
                } else if name == "kong.ctx.shared.set" {
                    let arena = ValueArena()
                    let arguments = try bytes.withUnsafeBytes { bytes in
                        try ProtoBufMessages.decodeArguments(of: .keyValue, from: bytes, into: arena).map { OwnedValue($0) }
                    }
                    outcome =
                        arguments.first?.text == "error"
                        ? .error(arguments[1].text ?? "") : .result(arguments[1].asLua)
                    reply = []
                }
                try connection.send(KongClient.framed(reply))
            }
            #expect(outcome != .silence, "\(`case`.function): \(frame)")
            return outcome
        } catch KongClientError.closed {
            return nil
        }
    }

    // MARK: Bodies

    @Test func aBodyOverProtoBufIsBytesOrAFile() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.protoBuf)
            let file = server.directory.file("body")
            let body = [UInt8]((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
            try Data(body).write(to: URL(fileURLWithPath: file))
            let path = OwnedValue.map([Array("body_filepath".utf8): .string(file)])
            func rawBody(_ arguments: [OwnedValue], _ reply: PDKReply) throws -> CallerOutcome {
                let event = try kong.withCaller(of: "kong.request.get_raw_body", typed: true) { instance in
                    try CallerEvent(kong, instance, "access", arguments) { _ in reply }
                }
                #expect(event.calls == [PDKCall("kong.request.get_raw_body")])
                return event.outcome
            }
            #expect(try rawBody([], .value(.bytes([0xFF, 0]))) == .result(.string([0xFF, 0])))
            #expect(try rawBody([], .value("")) == .result(""))
            #expect(try rawBody([], .value(path)) == .result(.string(body)))
            #expect(try rawBody([1_000_000], .value(path)) == .result(.string(body)))
            let tooLarge = "limit: kong.request.get_raw_body: the body is larger than 999999 bytes"
            #expect(try rawBody([999_999], .value(path)) == .error(tooLarge))
            let missing = "failed: kong.request.get_raw_body: the body is in the file /nowhere/body, which cannot be opened: "
                + "No such file or directory"
            #expect(try rawBody([], .value(["body_filepath": "/nowhere/body"])) == .error(missing))
            #expect(try rawBody([], .error("no body")) == .error("refused: kong.request.get_raw_body: no body"))
        }
    }

    @Test func overMessagePackKongReadsTheFile() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            for (arguments, limit) in [([], 67_108_864), ([1], 1)] as [([OwnedValue], OwnedValue)] {
                let event = try kong.withCaller(of: "kong.request.get_raw_body", typed: true) { instance in
                    try CallerEvent(kong, instance, "access", arguments) { _ in .value(.bytes([0xFF])) }
                }
                #expect(event.calls == [PDKCall("kong.request.get_raw_body", [limit])])
                #expect(event.outcome == .result(.string([0xFF])))
            }
        }
    }
}
