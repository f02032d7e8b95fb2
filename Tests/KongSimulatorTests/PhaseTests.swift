import KongSimulator
import Testing
import WireProtocol

@Suite struct PhaseTests {
    @Test(arguments: [
        (.response, "kong.service.request.add_header", "function cannot be called in response phase (only in: rewrite, access)"),
        (.rewrite, "kong.router.get_route",
            "function cannot be called in rewrite phase (only in: access, response, header_filter, body_filter, log)"),
        (.rewrite, "kong.service.set_upstream", "function cannot be called in rewrite phase (only in: access)"),
        (.log, "kong.response.set_status",
            "function cannot be called in log phase (only in: rewrite, access, balancer, response, header_filter, error, admin_api)"),
        (.access, "kong.response.get_status",
            "function cannot be called in access phase (only in: response, header_filter, body_filter, log, error, admin_api)"),
        (.access, "kong.response.get_raw_body", "function cannot be called in access phase (only in: body_filter)"),
        (.access, "kong.client.tls.request_client_certificate",
            "function cannot be called in access phase (only in: certificate)"),
        (.access, "kong.log.serialize", "function cannot be called in access phase (only in: log)"),
        (.certificate, "kong.request.get_scheme",
            "function cannot be called in certificate phase (only in: rewrite, access, balancer, response, "
                + "cluster_listener, header_filter, body_filter, log, error, admin_api)"),
        (.access, "kong.client.tls.disable_http2_alpn", "function cannot be called in access phase (only in: client_hello)"),
        // Kong's check allows these in log; nginx does not.
        (.log, "kong.request.get_scheme", "API disabled in the current context"),
        (.log, "kong.client.get_ip", "API disabled in the current context"),
        (.log, "kong.nginx.get_var", "API disabled in the current context"),
        // And in certificate.
        (.certificate, "kong.client.get_ip", "API disabled in the current context"),
        (.certificate, "kong.client.get_forwarded_ip", "API disabled in the current context"),
        (.certificate, "kong.client.get_port", "API disabled in the current context"),
        (.certificate, "kong.client.get_forwarded_port", "API disabled in the current context"),
        (.certificate, "kong.request.get_port", "API disabled in the current context"),
        (.certificate, "kong.nginx.get_var", "API disabled in the current context"),
    ] as [(SimulatedPhase, String, String)])
    func aFunctionOfAnotherPhaseRaises(_ phase: SimulatedPhase, _ method: String, _ text: String) {
        var kong = SimulatedExchange.at(phase)
        #expect(kong.perform(method) == .raised(text))
        #expect(kong.log.last?.description == "[err] \(text)")
    }

    @Test(arguments: [
        "kong.request.get_headers", "kong.response.get_status", "kong.response.get_source", "kong.router.get_service",
        "kong.client.get_consumer", "kong.log.serialize", "kong.request.get_uri_captures", "kong.nginx.req_start_time",
    ])
    func whatIsSavedForTheLogPhaseIsThere(_ method: String) {
        var kong = SimulatedExchange.at(.log)
        guard case .value = kong.perform(method) else { return #expect(Bool(false), "\(method)") }
    }

    @Test func anErrorEndsTheRequestWith500() {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/", headers: ["Content-Type": "text/html"]))
        #expect(kong.perform("kong.response.set_status", [7000]) == .raised("code must be a number between 100 and 599"))
        #expect(kong.perform("kong.request.get_method") == .unanswered)
        #expect(kong.begin(.response) == false)
        kong.finish()
        #expect(kong.serviceResponse == nil)
        #expect(kong.response.status == 500)
        #expect(kong.response.headers["content-type"] == ["application/json; charset=utf-8"])
        #expect(
            kong.response.body.text
                == "{\n  \"message\":\"An unexpected error occurred\",\n  \"request_id\":\"0123456789abcdef0123456789abcdef\"\n}")
        #expect(kong.begin(.log) == true)
        #expect(kong.perform("kong.response.get_source") == .value("error"))
    }

    /// Kong's error handler goes by the request's own type when the client names none that it accepts.
    @Test(arguments: [(nil, "text/plain"), ("application/json", "application/json"), ("text/html", "text/html")])
    func anErrorInAnotherPhaseIsInAnotherType(_ type: String?, _ answered: String) {
        let headers: SimulatedHeaders = type.map { ["Content-Type": $0] } ?? [:]
        var kong = SimulatedExchange.at(.rewrite, SimulatedRequest("POST", "/", headers: headers))
        kong.perform("kong.service.request.set_path", ["x"])
        #expect(kong.response.headers["content-type"] == ["\(answered); charset=utf-8"])
        #expect(kong.begin(.access) == false)
    }

    @Test func anErrorInTheLogPhaseIsALineAlone() {
        var kong = SimulatedExchange.at(.log)
        kong.perform("kong.response.exit", [403])
        #expect(kong.response.status == 200)
        #expect(kong.log.count == 1)
    }

    @Test func anExitLeavesOutWhatComesLater() {
        var kong = SimulatedExchange.at(.access, service: .echoes)
        kong.perform("kong.response.set_header", ["x-a", "1"])
        #expect(kong.perform("kong.response.exit", [403, "no"]) == .exits(status: 403))
        #expect(kong.perform("kong.response.set_header", ["x-b", "2"]) == .unanswered)
        #expect(kong.begin(.access) == false)
        #expect(kong.begin(.response) == false)
        #expect(kong.begin(.log) == true)
        #expect(kong.perform("kong.response.get_source") == .value("exit"))
        #expect(kong.response.headers["x-a"] == ["1"])
        #expect(kong.response.headers["x-b"] == [])
        #expect(kong.serviceResponse == nil)
    }

    @Test func withoutARouteThereIsNoAccess() {
        var kong = SimulatedExchange(SimulatedRequest(), route: nil)
        #expect(kong.begin(.access) == false)
        #expect(kong.response.status == 404)
        #expect(kong.response.body.text.contains("no Route matched with those values"))
    }

    @Test func withoutAServiceTheRequestEndsAfterAccess() {
        var kong = SimulatedExchange(SimulatedRequest(), serviceEntity: nil)
        #expect(kong.begin(.access) == true)
        kong.finish()
        #expect(kong.response.status == 503)
    }

    @Test func functionsThatKongDoesNotHaveAreLogged() {
        var kong = SimulatedExchange.at(.access)
        for name in ["kong.request.nothing", "kong.nothing", "print", "kong.client.tls.nothing", "kong.service.request.disable_tls"] {
            #expect(kong.perform(name) == .nothing)
            #expect(kong.log.last?.description == "[err] could not find pdk method: \(name)")
        }
    }
}
