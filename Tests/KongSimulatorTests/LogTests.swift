import KongSimulator
import Testing
import WireProtocol

@Suite struct LogTests {
    @Test(arguments: LogLine.Level.allCases)
    func linesHaveTheirLevel(_ level: LogLine.Level) {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.log.\(level)", ["a", 1.5, true, nil, "b", ["t": 1], 1e20]) == .nothing)
        #expect(kong.log.map(\.description) == ["[\(level)] a1.5truenilbtable: 0x000000001e+20"])
    }

    @Test func inspectionsAndDeprecationsAreLines() {
        var kong = SimulatedExchange.at(.access)
        kong.run(
            ("kong.log.inspect", [["b": [1, "x\""], "a": [:], "c d": true], 2]),
            ("kong.log.deprecation", ["old", 1, ["after": "3.0", "removal": "4.0"]]))
        #expect(
            kong.log.map(\.description) == [
                "[notice] {\n  a = {},\n  b = { 1, 'x\"' },\n  [\"c d\"] = true\n} 2",
                "[warn] old1 (deprecated after 3.0, scheduled for removal in 4.0)",
            ])
    }

    // MARK: The record

    private static func record(
        _ request: SimulatedRequest = SimulatedRequest(), _ calls: (String, [OwnedValue])...
    ) -> OwnedValue? {
        var kong = SimulatedExchange.at(
            .access, request, service: .answers(SimulatedResponse(status: 404, headers: ["x-r": "1"])))
        for (method, arguments) in calls { kong.perform(method, arguments) }
        kong.begin(.response)
        kong.begin(.log)
        return kong.logRecord
    }

    @Test func theRecordHasBothSides() throws {
        var request = SimulatedRequest(
            "PUT", "/a?b=1&c", headers: ["Host": "h:1", "Authorization": "secret", "x-a": "1"])
        request.startTime = 1_700_000_000
        let record = try #require(Self.record(request, ("kong.client.authenticate", [["id": "u"], ["id": "k", "consumer_id": "u"]])))
        #expect(record["request"]?["url"] == "http://h:8000/a?b=1&c")
        #expect(record["request"]?["querystring"] == ["b": "1", "c": true])
        #expect(record["request"]?["method"] == "PUT")
        #expect(record["request"]?["headers"] == ["host": "h:1", "authorization": "REDACTED", "x-a": "1"])
        #expect(record["request"]?["tls"] == nil)
        #expect(record["response"]?["status"] == 404)
        #expect(record["response"]?["headers"]?["x-r"] == "1")
        #expect(record["upstream_uri"] == "/a?b=1&c")
        #expect(record["upstream_status"] == 404)
        #expect(record["source"] == "upstream")
        #expect(record["client_ip"] == "127.0.0.1")
        #expect(record["started_at"] == 1_700_000_000_000)
        #expect(record["route"] == SimulatedGateway.route)
        #expect(record["consumer"] == ["id": "u"])
        #expect(record["authenticated_entity"] == ["id": "k", "consumer_id": "u"])
    }

    @Test func theRecordIsJSONForPlugins() throws {
        var kong = SimulatedExchange.at(.access)
        kong.perform("kong.log.set_serialize_value", ["mine.a/b", "1/2"])
        kong.begin(.log)
        guard case .value(let json) = kong.perform("kong.log.serialize") else { return #expect(Bool(false)) }
        #expect(json.text?.contains(#""mine":{"a\/b":"1\/2"}"#) == true)
        // Too late.
        #expect(kong.perform("kong.log.set_serialize_value", ["x", 1]) == .nothing)
        #expect(kong.perform("kong.log.serialize") == .value(json))
    }

    @Test(arguments: [
        (["new", 1], "new", 1), (["a.b.c", "x"], "a", ["b": ["c": "x"]]),
        (["request.method", "no", ["mode": "add"]], "request.method", "GET"),
        (["request.method", "yes", ["mode": "replace"]], "request.method", "yes"),
        (["none.deep", "x", ["mode": "replace"]], "none", nil), (["client_ip", nil], "client_ip", nil),
        (["none", "x", ["mode": "replace"]], "none", nil), ([".x", 1], ".x", 1),
    ] as [([OwnedValue], String, OwnedValue)])
    func theRecordCanBeChanged(_ arguments: [OwnedValue], _ path: String, _ expected: OwnedValue) throws {
        let record = try #require(Self.record(SimulatedRequest(), ("kong.log.set_serialize_value", arguments)))
        let keys = path.hasPrefix(".") ? [path] : path.split(separator: ".").map(String.init)
        let value = keys.reduce(Optional(record)) { $0?[$1] }
        #expect(value ?? .null == expected)
    }

    @Test(arguments: [
        Expectation("kong.log.set_serialize_value", 1, is: .raised("key must be a string")),
        Expectation(
            "kong.log.set_serialize_value", "a", 1, ["mode": "x"], is: .raised("mode must be 'set', 'add' or 'replace'")),
    ])
    func changesAreChecked(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform(call.method, call.arguments) == call.outcome)
    }

    /// Kong makes the record before it calls plugin servers: their log phase is then left out.
    @Test func aChangeThatCannotBeMadeLosesTheLogPhase() {
        var kong = SimulatedExchange.at(.access)
        kong.perform("kong.log.set_serialize_value", ["client_ip.x", 1])
        #expect(kong.begin(.log) == false)
        #expect(
            kong.log.last?.text
                == "The key 'client_ip.x' could not be used as a serialize value. Subkey 'client_ip' is not a table. It's 127.0.0.1")
    }
}
