import KongClient
import PDKCatalogue
import Testing
import WireProtocol

/// Every method of the catalogue: what Kong sees of a call, and what the plugin gets of the answer.
@Suite struct PDKCallTests {
    private static let plugins = ["caller": "caller", "goplug": "recorded_goplug", "tencalls": "recorded_tencalls"]

    static let methods = PDKCatalogue.all.map(\.name)

    private static func isCarried(_ method: String, by wireProtocol: WireProtocolKind) -> Bool {
        wireProtocol == .messagePack
            || PDKCatalogue.method(named: method).flatMap { PDKCatalogue[$0] }?.input != nil
    }

    @Test func everyMethodThatKongAllowsHasACase() {
        let allowed = PDKCatalogue.all.filter { !$0.phases.isEmpty }.map(\.name)
        // get_raw_body's answer depends on the protocol: see below.
        #expect(Set(PDKCases.all.map(\.method)).union(["kong.request.get_raw_body"]) == Set(allowed))
    }

    @Test(arguments: WireProtocolKind.both)
    func typedFunctionsSendTheirArgumentsAndGetTheResult(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            for `case` in PDKCases.all where Self.isCarried(`case`.method, by: wireProtocol) {
                try play(`case`, kong, wireProtocol)
            }
        }
    }

    private func play(_ case: PDKCase, _ kong: KongClient, _ wireProtocol: WireProtocolKind) throws {
        let comment: Comment = "\(`case`.function)(\(`case`.arguments)) over \(wireProtocol)"
        var replies = `case`.exchange.map(\.reply)[...]
        let event = try kong.withCaller(of: `case`.function, typed: true) { instance in
            try CallerEvent(kong, instance, `case`.phase, `case`.arguments) { _ in replies.popFirst() ?? .nothing }
        }
        #expect(event.calls.map(\.asLua) == (try `case`.exchange.map { try $0.call.seen(over: wireProtocol) }), comment)
        if let result = `case`.result {
            #expect(event.outcome == .result(result.asLua), comment)
        } else {
            #expect(event.outcome == .silence, comment)
        }
    }

    /// As any plugin calls that is written against the C header alone.
    @Test(arguments: WireProtocolKind.both)
    func valuesAsTheyAreGoThereAndBack(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            for `case` in PDKCases.all where Self.isCarried(`case`.method, by: wireProtocol) {
                guard let (call, reply) = `case`.exchange.first, `case`.exchange.count == 1 else { continue }
                let event = try kong.withCaller(of: call.method, typed: false) { instance in
                    try CallerEvent(kong, instance, `case`.phase, call.arguments) { _ in reply }
                }
                let comment: Comment = "\(call) over \(wireProtocol)"
                #expect(event.calls.map(\.asLua) == [try call.seen(over: wireProtocol)], comment)
                switch reply {
                case .value(let value):
                    let expected = Self.hasMultimap(call.method) ? value.asMultimap : value
                    #expect(event.outcome.asMultimap(Self.hasMultimap(call.method)) == .result(expected.asLua), comment)
                default: #expect(event.outcome == .silence, comment)
                }
            }
        }
    }

    private static func hasMultimap(_ method: String) -> Bool {
        PDKCatalogue.method(named: method).flatMap { PDKCatalogue[$0] }?.result?.type == .multimap
    }

    @Test func whatProtoBufCannotCarryIsRefusedWithoutAByte() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.protoBuf)
            for `case` in PDKCases.all where !Self.isCarried(`case`.method, by: .protoBuf) {
                guard let call = `case`.exchange.last?.call else { continue }
                let event = try kong.withCaller(of: call.method, typed: false) { instance in
                    try CallerEvent(kong, instance, `case`.phase, call.arguments) { _ in .nothing }
                }
                #expect(event.calls.isEmpty, "\(call)")
                let text = "unsupported: \(call.method) cannot be called over ProtoBuf:1, only over MessagePack"
                #expect(event.outcome == .error(text), "\(call)")
            }
            let options: [OwnedValue] = ["a", 1, ["mode": "add"]]
            let event = try kong.withCaller(of: "kong.log.set_serialize_value", typed: true) { instance in
                try CallerEvent(kong, instance, "access", options) { _ in .nothing }
            }
            #expect(event.calls.isEmpty)
            let text = "unsupported: kong.log.set_serialize_value: ProtoBuf:1 cannot carry the argument options, "
                + "only MessagePack can"
            #expect(event.outcome == .error(text))
        }
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            try play(
                PDKCase("kong.log.set_serialize_value", ["a", 1, ["mode": "replace"]]), kong, .messagePack)
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aPhaseInWhichKongForbidsACallRefusesIt(_ wireProtocol: WireProtocolKind) throws {
        let phases: [(name: String, set: PhaseSet)] = [
            ("certificate", .certificate), ("rewrite", .rewrite), ("access", .access), ("response", .response),
            ("preread", .preread), ("log", .log),
        ]
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            for method in PDKCatalogue.all {
                try kong.withCaller(of: method.name, typed: false) { instance in
                    for phase in phases where !method.phases.contains(phase.set) {
                        let event = try CallerEvent(kong, instance, phase.name, []) { _ in .nothing }
                        #expect(event.calls.isEmpty, "\(method.name) in \(phase.name)")
                        guard case .error(let text) = event.outcome else {
                            Issue.record("\(method.name) in \(phase.name): \(event.outcome)")
                            continue
                        }
                        let names = phases.filter { method.phases.contains($0.set) }.map(\.name)
                        let reason =
                            names.isEmpty
                            ? "cannot be called in any phase that Kong runs plugin servers in"
                            : "cannot be called in the \(phase.name) phase, only in: \(names.joined(separator: ", "))"
                        #expect(text == "wrongPhase: \(method.name) \(reason)")
                    }
                }
            }
        }
    }

    private static let refused: [(function: String, arguments: [OwnedValue])] = [
        ("kong.response.set_status", [99]), ("kong.response.set_status", [600]), ("kong.response.exit", [99]),
        ("kong.response.exit", [600, "x"]), ("kong.response.error", [399]), ("kong.response.error", [600, "x"]),
        ("kong.service.set_target", ["h", -1]), ("kong.service.set_target", ["h", 65536]),
        ("kong.service.set_retries", [-1]), ("kong.service.set_retries", [32768]),
        ("kong.service.set_timeouts", [0, 1, 1]), ("kong.service.set_timeouts", [1, 2_147_483_647, 1]),
        ("kong.service.set_timeouts", [1, 1, -9_000_000_000_000]), ("kong.service.set_tls_verify_depth", [-1]),
        ("kong.service.set_tls_verify_depth", [2_147_483_648]), ("kong.service.request.set_path", [""]),
        ("kong.service.request.set_path", ["x"]), ("kong.service.request.set_path bytes", [PDKCases.odd]),
        ("kong.service.request.set_method", ["get"]), ("kong.service.request.set_method", ["CONNECT"]),
        ("kong.service.request.set_body", [["a": "b"], "text/plain"]),
        ("kong.service.request.set_body", ["a", "application/json"]),
        ("kong.request.get_query", [0]), ("kong.request.get_query", [1001]), ("kong.request.get_headers", [-1]),
        ("kong.request.get_raw_body", [0]), ("kong.request.get_body", ["x", 0, 1]), ("kong.request.get_body", ["x", 1, 0]),
        ("kong.client.load_consumer", ["bob", false]),
        ("kong.client.load_consumer", ["0a1b2c3d+4e5f-6789-abcd-ef0123456789", false]),
        ("kong.client.authenticate", [nil, nil]), ("kong.log.set_serialize_value", ["a", nil, ["mode": "add"]]),
        ("kong.vault.warmup", ["text"]),
    ]

    @Test func whatKongWouldNotTakeIsRefusedBeforeItIsSent() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            for (function, arguments) in Self.refused {
                let event = try kong.withCaller(of: function, typed: true) { instance in
                    try CallerEvent(kong, instance, "access", arguments) { _ in .nothing }
                }
                #expect(event.calls.isEmpty, "\(function)(\(arguments))")
                let reason = "badArgument: \(function.prefix { $0 != " " }): "
                if case .error(let text) = event.outcome, text.hasPrefix(reason) { continue }
                Issue.record("\(function)(\(arguments)): \(event.outcome)")
            }
        }
    }

    /// The stream subsystem knows six statuses.
    @Test func inPrereadAnExitHasOneOfSixStatuses() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            let event = try kong.withCaller(of: "kong.response.exit", typed: true) { instance in
                try CallerEvent(kong, instance, "preread", [404]) { _ in .nothing }
            }
            #expect(event.calls.isEmpty)
            let text = "badArgument: kong.response.exit: 404 is none of 200, 400, 403, 500, 502 and 503, "
                + "as it must be in preread"
            #expect(event.outcome == .error(text))
        }
    }
}

extension OwnedValue {
    /// A multimap in the form that MessagePack has it in: each value an array, none for an argument without a value.
    fileprivate var asMultimap: OwnedValue {
        .map(
            (entries ?? [:]).mapValues { value in
                switch value {
                case .boolean: .array([])
                case .array: value
                default: .array([value])
                }
            })
    }
}

extension CallerOutcome {
    fileprivate func asMultimap(_ isMultimap: Bool) -> CallerOutcome {
        if case .result(let value) = self, isMultimap { .result(value.asMultimap.asLua) } else { self }
    }
}
