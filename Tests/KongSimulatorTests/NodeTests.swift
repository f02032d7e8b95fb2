import KongSimulator
import Testing
import WireProtocol

@Suite struct NodeTests {
    @Test(arguments: [
        Expectation("kong.node.get_id", is: .value("5a2a1f3c-4d1f-4a36-a4d5-0d2c5e9f7b10")),
        Expectation("kong.node.get_hostname", is: .value("kong")),
        Expectation("kong.cluster.get_id", is: .value("0dd6ffbb-1c0b-4d0a-b7a9-b1b4e7a3c4de")),
        Expectation("kong.plugin.get_id", is: .value("3fb5c8a2-7d1e-4f0b-9d43-6a1c2b9e8f03")),
        Expectation("kong.nginx.get_subsystem", is: .value("http")),
        Expectation(
            "kong.node.get_memory_stats", is: .value([
                "lua_shared_dicts": ["kong": ["capacity": 4096, "allocated_slabs": 1536]],
                "workers_lua_vms": [["pid": 7, "http_allocated_gc": 1024]],
            ])),
        Expectation(
            "kong.node.get_memory_stats", "K", 1, is: .value([
                "lua_shared_dicts": ["kong": ["capacity": "4.0 KiB", "allocated_slabs": "1.5 KiB"]],
                "workers_lua_vms": [["pid": 7, "http_allocated_gc": "1.0 KiB"]],
            ])),
        Expectation(
            "kong.node.get_memory_stats", "x", is: .raised("invalid unit 'x' (expected 'k/K', 'm/M', or 'g/G')")),
        Expectation(
            "kong.node.get_memory_stats", "m", -1, is: .raised("scale must be equal or greater than 0")),
    ])
    func theNodeIsTold(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access) {
            $0.memory.sharedDictionaries = ["kong": .init(capacity: 4096, allocated: 1536)]
            $0.memory.workers = [7: 1024]
        }
        #expect(kong.perform(call.method, call.arguments) == call.outcome)
    }

    @Test func routeAndServiceAreEntities() {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.router.get_route") == .value(SimulatedGateway.route))
        #expect(kong.perform("kong.router.get_service") == .value(SimulatedGateway.service))
    }

    // MARK: Contexts

    @Test func sharedValuesLastThroughTheRequest() {
        var kong = SimulatedExchange.at(.access)
        let value: OwnedValue = ["a": [1, 2.5, true, "x"]]
        kong.run(("kong.ctx.shared.set", ["k", value]), ("kong.nginx.set_ctx", [5, "five"]))
        kong.begin(.log)
        #expect(kong.perform("kong.ctx.shared.get", ["k"]) == .value(value))
        #expect(kong.perform("kong.nginx.get_ctx", [5]) == .value("five"))
        #expect(kong.perform("kong.ctx.shared.get", ["five"]) == .value(nil))
        kong.perform("kong.ctx.shared.set", ["k", nil])
        #expect(kong.perform("kong.ctx.shared.get", ["k"]) == .value(nil))
        #expect(kong.perform("kong.ctx.shared.set", [nil, 1]) == .raised("table index is nil"))
    }

    /// Kong keeps its own state in the same table.
    @Test func kongsOwnContextIsOpen() {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.nginx.get_ctx", ["KONG_PHASE"]) == .value(0x20))
        kong.perform("kong.nginx.set_ctx", ["service", ["host": "other"]])
        #expect(kong.perform("kong.router.get_service") == .value(["host": "other"]))
    }

    @Test(arguments: [
        ("HTTP_X_A", "1"), ("arg_b", "%20"), ("arg_c", nil), ("cookie_s", "v"), ("is_args", "?"), ("uri", "/a b"),
        ("request_uri", "/a%20b?b=%20&c"), ("request", "GET /a%20b?b=%20&c HTTP/1.1"), ("server_port", "8000"),
        ("upstream_uri", "/a%20b"), ("https", ""), ("ssl_protocol", nil), ("nothing", nil), ("mine", "yes"),
        ("remote_addr", "127.0.0.1"), ("kong_request_id", "0123456789abcdef0123456789abcdef"),
    ])
    func variablesOfNginxAreTold(_ name: String, _ value: String?) {
        var kong = SimulatedExchange.at(
            .access, SimulatedRequest("GET", "/a%20b?b=%20&c", headers: ["x-a": "1", "cookie": "r=u; s=v"]))
        kong.variables["mine"] = Array("yes".utf8)
        #expect(kong.perform("kong.nginx.get_var", [.string(name)]) == .value(value.map { .string($0) } ?? .null))
    }

    // MARK: Secrets and telemetry

    @Test(arguments: [
        Expectation("is_reference", "{vault://env/a}", is: .value(true)),
        Expectation("is_reference", "vault://env/a", is: .value(false)),
        Expectation("is_reference", 5, is: .value(false)),
        Expectation("get", "{vault://env/a}", is: .value("secret")),
        Expectation("get", "{vault://env/b}", is: .error("could not get value from external vault (no value found)")),
        Expectation("get", "x", is: .error("not a reference [x]")),
        Expectation(
            "parse_reference", "{vault://env/cert/key?prefix=SSL_#1}", is: .value([
                "name": "env", "resource": "cert", "key": "key", "version": 1, "config": ["prefix": "SSL_"],
            ])),
        Expectation("parse_reference", "{vault://env/a/b/}", is: .value(["name": "env", "resource": "a/b"])),
        Expectation("parse_reference", "{vault://env/}", is: .error("reference url has empty path [{vault://env/}]")),
        Expectation("parse_reference", "{vault://env}", is: .error("reference url is missing path [{vault://env}]")),
        Expectation(
            "parse_reference", "{vault://env/a#x}", is: .error("reference url has invalid version [{vault://env/a#x}]")),
        Expectation(
            "update", ["p": "old", "n": ["q": 1], "$refs": ["p": "{vault://env/a}"]], is: .value([
                "p": "secret", "n": ["q": 1], "$refs": ["p": "{vault://env/a}"],
            ])),
        Expectation("flush", is: .nothing),
    ])
    func secretsAreGot(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access) { $0.secrets = ["{vault://env/a}": "secret"] }
        #expect(kong.perform("kong.vault.\(call.method)", call.arguments) == call.outcome)
    }

    @Test func telemetryNeedsSomebodyWhoTakesIt() {
        let arguments: [OwnedValue] = ["p", ["__plugin_id": "i"], "t", "m", ["a": 1]]
        var kong = SimulatedExchange.at(.access)
        guard case .error(let text) = kong.perform("kong.telemetry.log", arguments) else { return #expect(Bool(false)) }
        #expect(text.hasPrefix("Telemetry logging is disabled"))
        kong = .at(.access) { $0.takesTelemetry = true }
        #expect(kong.perform("kong.telemetry.log", arguments) == .value(true))
        #expect(kong.telemetry.first?.message == "m")
        #expect(
            .map(kong.telemetry.first?.attributes ?? [:])
                == ["a": 1, "message.type": "t", "plugin.name": "p", "plugin.id": "i"] as OwnedValue)
        #expect(kong.perform("kong.telemetry.log", ["p", "x"]) == .error("plugin_config must be a table"))
    }
}
