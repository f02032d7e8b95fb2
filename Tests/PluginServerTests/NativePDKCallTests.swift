import KongClient
import PDKCatalogue
import Testing
import WireProtocol

@testable import NativePDK

/// Every typed function of kong_pdk.h: what Kong sees of a call from C, and what the plugin gets of the answer.
@Suite struct NativePDKCallTests {
    private static func run(_ body: (TestServer) throws -> Void) throws {
        let plugins = ["caller": "caller", "goplug": "recorded_goplug"]
        try TestServer.run(plugins, prepare: { try Plugins.compileWhole(NativeCaller.source, named: "native", into: $0) }, body)
    }

    /// A call, Kong's answer, and whether KongPDK has a function that makes the very same call.
    private struct Case {
        let method: NativeMethod
        let phase: String
        let arguments: [OwnedValue]
        let reply: PDKReply
        let twin: PDKCase?
    }

    private static func method(_ name: String) -> NativeMethod? { NativeMethod.all.first { $0.method.name == name } }

    /// Those of KongPDK's functions that make one call, as far as C has them; and what only C has.
    private static let cases: [Case] = {
        var cases = PDKCases.all.compactMap { `case` -> Case? in
            guard let (call, reply) = `case`.exchange.first, `case`.exchange.count == 1, let method = method(call.method),
                // A line of a log is one text.
                !(method.method.isVariadic && method.parameters.last?.name == "message" && call.arguments.count > 1)
            else { return nil }
            let arguments = NativeCaller.arguments(call.arguments, of: method)
            let isTwin = arguments == call.arguments && `case`.method == call.method
            return Case(method: method, phase: `case`.phase, arguments: arguments, reply: reply, twin: isTwin ? `case` : nil)
        }
        let more: [(String, [OwnedValue], OwnedValue)] = [
            ("kong.request.get_query_arg", ["a"], "1"), ("kong.request.get_query_arg", ["a"], nil),
            ("kong.request.get_headers", [], ["a": "1"]), ("kong.request.get_query", [], [:]),
            ("kong.request.get_body", [], ["a": 1]), ("kong.response.set_header", ["x", ""], nil),
            ("kong.request.get_raw_body", [1], .bytes([0xFF, 0])), ("kong.request.get_raw_body", [.integer(.max)], ""),
            ("kong.log.inspect", [], nil), ("kong.log.notice", ["only"], nil),
            ("kong.router.get_route", [], ["id": 5, "paths": "x", "service": ["id": "s"], "new": true]),
        ]
        cases += more.compactMap { name, arguments, reply in
            method(name).map { Case(method: $0, phase: "access", arguments: arguments, reply: .value(reply), twin: nil) }
        }
        return cases
    }()

    private static func isCarried(_ method: PDKMethod, by wireProtocol: WireProtocolKind) -> Bool {
        wireProtocol == .messagePack || method.input != nil
    }

    private static func play(_ case: Case, _ kong: KongClient) throws -> CallerEvent {
        let instance = try kong.startInstance("native", config: #"{"method":"\#(`case`.method.method.name)"}"#)
        let event = try CallerEvent(kong, instance, `case`.phase, `case`.arguments) { _ in `case`.reply }
        try kong.closeInstance(instance)
        return event
    }

    @Test func everyMethodThatKongAllowsHasACase() {
        let allowed = PDKCatalogue.all.filter { !$0.phases.isEmpty }.map(\.name)
        #expect(Set(Self.cases.map(\.method.method.name)) == Set(allowed))
    }

    @Test(arguments: WireProtocolKind.both)
    func argumentsGoThereAndResultsComeBack(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            for `case` in Self.cases where Self.isCarried(`case`.method.method, by: wireProtocol) {
                let method = `case`.method.method
                let comment: Comment = "\(method.name)(\(`case`.arguments)) over \(wireProtocol)"
                // A number in an entity that should be a text is no text, and over ProtoBuf:1 there is none.
                if wireProtocol == .protoBuf, case .value(let reply) = `case`.reply, reply["new"] != nil { continue }
                let event = try Self.play(`case`, kong)
                // ProtoBuf:1 has no room for the size of a body.
                let carried =
                    wireProtocol == .protoBuf && method.name == "kong.request.get_raw_body" ? [] : `case`.arguments
                #expect(event.calls.map(\.asLua) == [try PDKCall(method.name, carried).seen(over: wireProtocol)], comment)
                guard case .value(let reply) = `case`.reply else {
                    #expect(event.outcome == .silence, comment)
                    continue
                }
                var result = NativeCaller.result(of: reply, by: `case`.method)
                if reply["new"] != nil { result = Self.withoutWrongTypes(result) }
                #expect(event.outcome.asMultimap(method) == .result(method.asMultimap(result).asLua), comment)
            }
        }
    }

    private static func withoutWrongTypes(_ route: OwnedValue) -> OwnedValue {
        guard case .map(var map) = route else { return route }
        map[Array("id".utf8)] = .null
        map[Array("paths".utf8)] = []
        return .map(map)
    }

    @Test(arguments: WireProtocolKind.both)
    func kongSeesTheSameBytesAsFromSwift(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            var count = 0
            for `case` in Self.cases where Self.isCarried(`case`.method.method, by: wireProtocol) {
                guard let twin = `case`.twin else { continue }
                let native = try Self.play(`case`, kong)
                var replies = twin.exchange.map(\.reply)[...]
                let swift = try kong.withCaller(of: twin.function, typed: true) { instance in
                    try CallerEvent(kong, instance, twin.phase, twin.arguments) { _ in replies.popFirst() ?? .nothing }
                }
                // A body is binary in C; in Swift it is what the author has.
                #expect(native.calls.map(\.plain) == swift.calls.map(\.plain), "\(twin.function)(\(twin.arguments))")
                count += 1
            }
            #expect(count > 50)
        }
    }

    // MARK: What is refused

    private static let refused: [(method: String, arguments: [OwnedValue], error: String)] = [
        ("kong.response.set_status", [99], "5: kong.response.set_status: status: 99 is not in 100 … 599"),
        ("kong.response.exit", [600], "5: kong.response.exit: status: 600 is not in 100 … 599"),
        ("kong.response.error", [399], "5: kong.response.error: status: 399 is not in 400 … 599"),
        ("kong.service.set_target", ["h", 65536], "5: kong.service.set_target: port: 65536 is not in 0 … 65535"),
        ("kong.service.set_target", ["h", -1], "5: kong.service.set_target: port: -1 is not in 0 … 65535"),
        ("kong.request.get_headers", [0], "5: kong.request.get_headers: max_headers: 0 is not in 1 … 1000"),
        ("kong.request.get_raw_body", [0], "5: kong.request.get_raw_body: max_allowed_file_size: 0 is below 1"),
        ("kong.request.get_header", [], "5: kong.request.get_header: name: it is NULL"),
        ("kong.response.set_header", ["x"], "5: kong.response.set_header: value: it is NULL"),
        ("kong.service.request.set_raw_body", [], "5: kong.service.request.set_raw_body: body: it is NULL"),
        ("kong.service.request.set_headers", [], "5: kong.service.request.set_headers: headers: it is NULL"),
        ("kong.client.authenticate", [], "5: kong.client.authenticate: neither consumer nor credential is there"),
        (
            "kong.request.get_body", [nil, 5],
            "5: kong.request.get_body: mimetype is left out, and what comes after it is not"
        ),
        (
            "kong.log.set_serialize_value", ["a", nil, ["mode": "add"]],
            "5: kong.log.set_serialize_value: value is nil, and what comes after it is not: Kong's Lua would lose that"
        ),
        (
            "kong.service.request.set_body", [1],
            "5: kong.service.request.set_body: argument 1 (args): expected array or map, got integer"
        ),
        ("kong.response.get_raw_body", [], "8: kong.response.get_raw_body: cannot be called in any phase that Kong runs plugin servers in"),
        ("kong.log.serialize", [], "8: kong.log.serialize: cannot be called in the access phase, only in: log"),
    ]

    @Test(arguments: WireProtocolKind.both)
    func whatKongWouldNotTakeIsRefusedBeforeItIsSent(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            for (name, arguments, error) in Self.refused {
                guard let method = Self.method(name), Self.isCarried(method.method, by: wireProtocol) || error.hasPrefix("8") else {
                    continue
                }
                let event = try Self.play(
                    Case(method: method, phase: "access", arguments: arguments, reply: .nothing, twin: nil), kong)
                #expect(event.calls.isEmpty, "\(name)(\(arguments))")
                #expect(event.outcome == .error(error), "\(name)(\(arguments))")
            }
        }
    }

    @Test func whatProtoBufCannotCarryIsRefusedWithoutAByte() throws {
        try Self.run { server in
            let kong = server.kong(.protoBuf)
            for `case` in Self.cases where !Self.isCarried(`case`.method.method, by: .protoBuf) {
                let event = try Self.play(`case`, kong)
                #expect(event.calls.isEmpty)
                let name = `case`.method.method.name
                #expect(event.outcome == .error("7: \(name): cannot be called over ProtoBuf:1, only over MessagePack"))
            }
        }
    }

    @Test func anErrorOfKongsHasItsText() throws {
        try Self.run { server in
            let kong = server.kong(.messagePack)
            for `case` in Self.cases where `case`.method.result != nil {
                let refused = Case(
                    method: `case`.method, phase: `case`.phase, arguments: `case`.arguments, reply: .error("no such thing"),
                    twin: nil)
                let event = try Self.play(refused, kong)
                #expect(event.outcome == .error("2: \(`case`.method.method.name): no such thing"))
            }
        }
    }

    /// Before 3.7 Kong answers so over MessagePack: the port is an nginx variable there.
    @Test func thePortThatKongAnswersWithMayBeText() throws {
        try Self.run { server in
            let kong = server.kong(.messagePack)
            let method = try #require(Self.method("kong.request.get_forwarded_port"))
            let answers: [(OwnedValue, CallerOutcome)] = [
                ("19110", .result(19110)), (443, .result(443)),
                ("x", .error("1: kong.request.get_forwarded_port: expected an integer, Kong answered \(OwnedValue("x"))")),
            ]
            for (answer, outcome) in answers {
                let port = Case(method: method, phase: "access", arguments: [], reply: .value(answer), twin: nil)
                #expect(try Self.play(port, kong).outcome == outcome)
            }
        }
    }

    /// Kong is free to answer with something else than its documentation says.
    @Test func anyAnswerIsAResultOrAnError() throws {
        let answers: [OwnedValue] = [
            nil, false, true, -1, .integer(.max), 1.5, .number(.infinity), "", .string([0xFF, 0, 0x80]), .bytes([0xFF]), [], [nil],
            ["a"], [[[1]]], [:], ["id": 5], ["id": ["a"], "tags": [1, "x", nil]], ["unnamed": ["1": "x"], "named": 1],
            ["body_filepath": "/nowhere"], ["workers_lua_vms": [1, ["pid": "x"]], "lua_shared_dicts": ["kong": 5]],
        ]
        try Self.run { server in
            let kong = server.kong(.messagePack)
            var seen = Set<String>()
            for `case` in Self.cases where `case`.method.result != nil {
                guard seen.insert(`case`.method.method.name).inserted else { continue }
                for answer in answers {
                    let changed = Case(
                        method: `case`.method, phase: `case`.phase, arguments: `case`.arguments, reply: .value(answer), twin: nil)
                    #expect(try Self.play(changed, kong).outcome != .silence, "\(`case`.method.method.name): \(answer)")
                }
            }
            try server.expectService()
        }
    }
}

extension PDKMethod {
    /// Over ProtoBuf:1 a value that comes once is a string, over MessagePack an array.
    fileprivate func asMultimap(_ value: OwnedValue) -> OwnedValue {
        guard result?.type == .multimap, let entries = value.entries else { return value }
        return .map(
            entries.mapValues { value in
                switch value {
                case .boolean: .array([])
                case .array: value
                default: .array([value])
                }
            })
    }
}

extension CallerOutcome {
    fileprivate func asMultimap(_ method: PDKMethod) -> CallerOutcome {
        if case .result(let value) = self { .result(method.asMultimap(value).asLua) } else { self }
    }
}
