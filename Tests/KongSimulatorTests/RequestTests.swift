import KongSimulator
import Testing
import WireProtocol

@Suite struct RequestTests {
    // MARK: The request line

    @Test(arguments: [
        ("/a/../b//c/./d", "/b/c/d"), ("/%41/%2E%2e/x", "/x"), ("/%41%2f../x", "/A%2F../x"), ("/a%20b", "/a b"), ("/..", "/"), ("/a/..", "/"),
        ("/%zz", "/%zz"), ("/%e2", "/\u{FFFD}"), ("/a;b=%3b", "/a;b=%3B"), ("//", "/"), ("/.../x", "/.../x"),
    ])
    func pathsAreNormalised(_ sent: String, _ normal: String) {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", sent))
        guard case .value(let path) = kong.perform("kong.request.get_path") else { return #expect(Bool(false)) }
        #expect(path.text == normal)
        #expect(kong.perform("kong.request.get_raw_path") == .value(.string(sent)))
    }

    @Test(arguments: [
        Expectation("kong.request.get_method", is: .value("PUT")),
        Expectation("kong.request.get_scheme", is: .value("http")),
        Expectation("kong.request.get_host", is: .value("example.com")),
        Expectation("kong.request.get_port", is: .value(8000)),
        Expectation("kong.request.get_http_version", is: .value(1.1)),
        Expectation("kong.request.get_path_with_query", is: .value("/a%20?b=1&c&b=%20&=x&d=")),
        Expectation("kong.request.get_raw_query", is: .value("b=1&c&b=%20&=x&d=")),
        Expectation("kong.request.get_query", is: .value(["b": ["1", " "], "c": true, "d": ""])),
        Expectation("kong.request.get_query", 1, is: .value(["b": "1"])),
        Expectation("kong.request.get_query_arg", "b", is: .value("1")),
        Expectation("kong.request.get_query_arg", "c", is: .value(true)),
        Expectation("kong.request.get_query_arg", "none", is: .value(nil)),
        Expectation("kong.request.get_query", 0, is: .raised("max_args must be >= 1")),
        Expectation("kong.request.get_query", 1001, is: .raised("max_args must be <= 1000")),
        Expectation("kong.request.get_query", "5", is: .raised("max_args must be a number")),
        Expectation("kong.request.get_query_arg", 1, is: .raised("query argument name must be a string")),
    ])
    func theRequestLineIsToldInParts(_ call: Expectation) {
        let request = SimulatedRequest("PUT", "/a%20?b=1&c&b=%20&=x&d=", headers: ["Host": "Example.COM:81"])
        var kong = SimulatedExchange.at(.access, request)
        #expect(kong.perform(call.method, call.arguments) == call.outcome)
    }

    @Test func truncatedQueriesAreNoted() {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/?a=1&b=2&c=3")) { $0.maximumQueryArguments = 2 }
        #expect(kong.perform("kong.request.get_query") == .value(["a": "1", "b": "2"]))
        #expect(kong.log.map(\.description) == ["[notice] uri args truncated"])
    }

    /// nginx has one request for both sides.
    @Test func whatIsSetForTheServiceIsToldOfTheRequest() {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/a?b=1"))
        kong.run(
            ("kong.service.request.set_method", ["POST"]), ("kong.service.request.set_raw_query", ["c=2"]),
            ("kong.service.request.set_header", ["Host", "Other:99"]), ("kong.service.request.set_header", ["x-a", "1"]),
            ("kong.service.request.set_raw_body", ["body"]))
        #expect(kong.perform("kong.request.get_method") == .value("POST"))
        #expect(kong.perform("kong.request.get_raw_query") == .value("c=2"))
        #expect(kong.perform("kong.request.get_host") == .value("other"))
        #expect(kong.perform("kong.request.get_header", ["X-A"]) == .value("1"))
        #expect(kong.perform("kong.request.get_raw_body") == .value(.bytes(Array("body".utf8))))
        #expect(kong.perform("kong.request.get_path_with_query") == .value("/a?b=1"))
    }

    // MARK: Headers

    private static let headers: SimulatedHeaders = [
        "X-One": "1", "x-two": "a", "X-Two": "b", "X_Under": "u", "X_Comma": "a, b", "Cookie": "a=1", "cookie": "b=2",
        "X-Comma": "p, q",
    ]

    @Test(arguments: [
        Expectation("kong.request.get_header", "x-one", is: .value("1")),
        Expectation("kong.request.get_header", "X_ONE", is: .value("1")),
        // Joined, since nginx's variable has a comma and no table is asked: the first alone.
        Expectation("kong.request.get_header", "x-two", is: .value("a")),
        Expectation("kong.request.get_header", "x-under", is: .value("u")),
        // Dashes and underscores are one to nginx's variable, and two to the table.
        Expectation("kong.request.get_header", "X_Comma", is: .value("a, b")),
        Expectation("kong.request.get_header", "X-Comma", is: .value("p, q")),
        Expectation("kong.request.get_header", "cookie", is: .value("a=1; b=2")),
        Expectation("kong.request.get_header", "none", is: .value(nil)),
        Expectation("kong.request.get_header", is: .raised("header name must be a string")),
        Expectation(
            "kong.request.get_headers", is: .value([
                "host": "localhost", "x-one": "1", "x-two": ["a", "b"], "x_under": "u", "x_comma": "a, b",
                "cookie": ["a=1", "b=2"], "x-comma": "p, q",
            ])),
        Expectation("kong.request.get_headers", 2, is: .value(["host": "localhost", "x-one": "1"])),
        Expectation("kong.request.get_headers", 0, is: .raised("max_headers must be >= 1")),
        Expectation("kong.request.get_headers", -1, is: .raised("max_headers must be >= 1")),
        Expectation("kong.request.get_headers", 1001, is: .raised("max_headers must be <= 1000")),
        Expectation("kong.request.get_headers", true, is: .raised("max_headers must be a number")),
    ])
    func headersAreReadAsNginxHasThem(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/", headers: Self.headers))
        #expect(kong.perform(call.method, call.arguments) == call.outcome)
    }

    @Test func headersMayHaveAnyBytes() {
        let headers = SimulatedHeaders([.init(Array("x-raw".utf8), [0xFF, 0x00, 0x80])])
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/", headers: headers))
        #expect(kong.perform("kong.request.get_header", ["x-raw"]) == .value(.string([0xFF, 0x00, 0x80])))
    }

    // MARK: Proxies

    @Test(arguments: [
        (true, ["https", "other", 8443, "/x/../y", "/p"] as [OwnedValue]),
        (false, ["http", "localhost", 8000, "/a", "/a"]),
    ])
    func forwardedHeadersCountFromTrustedProxies(_ trusted: Bool, _ expected: [OwnedValue]) {
        let request = SimulatedRequest(
            "GET", "/a",
            headers: [
                "X-Forwarded-Proto": "HTTPS", "X-Forwarded-Host": "user@Other:8443", "X-Forwarded-Path": "/x/../y",
                "X-Forwarded-Prefix": "/p",
            ])
        var gateway = SimulatedGateway()
        gateway.trustedIPs = trusted ? ["127.0.0.1"] : ["10.0.0.0/8"]
        let route: OwnedValue = ["paths": ["/a"], "strip_path": true, "protocols": ["http"]]
        var kong = SimulatedExchange(request, gateway: gateway, route: route)
        kong.begin(.access)
        for (part, value) in zip(["scheme", "host", "port", "path", "prefix"], expected) {
            #expect(kong.perform("kong.request.get_forwarded_\(part)") == .value(value))
        }
    }

    @Test(arguments: [
        ("8e3", "h:1", 8000), ("0x10", "h:1", 16), (" 80 ", "h:1", 80), ("0", "h:99", 99), ("x", "h", 8000),
        ("65536", "h:70000", 8000),
    ] as [(String, String, OwnedValue)])
    func forwardedPortsAreReadAsLuaReadsNumbers(_ port: String, _ host: String, _ expected: OwnedValue) {
        let request = SimulatedRequest("GET", "/", headers: ["X-Forwarded-Port": port, "X-Forwarded-Host": host])
        var kong = SimulatedExchange.at(.access, request, trusted: true)
        #expect(kong.perform("kong.request.get_forwarded_port") == .value(expected))
    }

    @Test func portMapsTellTheForwardedPort() {
        var kong = SimulatedExchange.at(.access) { $0.portMaps = [8000: 80] }
        #expect(kong.perform("kong.request.get_forwarded_port") == .value(80))
        #expect(kong.perform("kong.request.get_port") == .value(8000))
    }

    @Test func capturesAndTheStartAreTold() {
        var request = SimulatedRequest()
        request.startTime = 1_700_000_000.25
        var kong = SimulatedExchange(request)
        kong.captures.unnamed = [Array("1".utf8)]
        kong.captures.named = ["id": [0xFF]]
        kong.begin(.access)
        #expect(
            kong.perform("kong.request.get_uri_captures")
                == .value(["unnamed": ["1"], "named": .map([Array("id".utf8): .string([0xFF])])]))
        #expect(kong.perform("kong.request.get_start_time") == .value(1_700_000_000_250))
        #expect(kong.perform("kong.nginx.req_start_time") == .value(1_700_000_000.25))
    }
}
