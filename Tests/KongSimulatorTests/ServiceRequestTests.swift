import KongSimulator
import Testing
import WireProtocol

@Suite struct ServiceRequestTests {
    // MARK: Headers

    private typealias Case = (
        before: SimulatedHeaders, calls: [(String, [OwnedValue])], name: String, after: [String]
    )

    private static let cases: [Case] = [
        ([:], [("set_header", ["x-a", "1"])], "x-a", ["1"]),
        (["X-A": "1", "x-a": "2"], [("set_header", ["x-A", "3"])], "x-a", ["3"]),
        ([:], [("set_header", ["x-a", ["1", "2"]])], "x-a", ["1", "2"]),
        ([:], [("set_header", ["x-a", 1.5])], "x-a", ["1.5"]),
        ([:], [("set_header", ["x-a", true])], "x-a", ["true"]),
        ([:], [("set_header", ["x-a", 9_007_199_254_740_992])], "x-a", ["9.007199254741e+15"]),
        // nginx takes an empty value for none: Kong sends a space.
        ([:], [("set_header", ["x-a", ""])], "x-a", [" "]),
        ([:], [("set_header", ["x-a", ["", "b"]])], "x-a", [" ", "b"]),
        (["x-a": "1"], [("set_header", ["x-a", []])], "x-a", []),
        (["x-a": "1"], [("set_header", ["x-a", ["k": "v"]])], "x-a", []),
        ([:], [("set_header", ["x-a", ["1", nil, "3"]])], "x-a", ["1"]),
        // No plugin can end a header's line.
        ([:], [("set_header", ["x-a", "a\r\nb: c\td"])], "x-a", ["a%0D%0Ab: c\td"]),
        ([:], [("set_header", ["x a:", "1"])], "x%20a%3A", ["1"]),
        // One of those that nginx has once.
        ([:], [("set_header", ["Authorization", ["a", "b"]])], "authorization", ["b"]),
        ([:], [("set_header", ["Cookie", ["a", "b"]])], "cookie", ["a", "b"]),
        (["x-a": "1"], [("add_header", ["X-A", "2"])], "x-a", ["1", "2"]),
        ([:], [("add_header", ["x-a", false])], "x-a", ["false"]),
        (["authorization": "1"], [("add_header", ["Authorization", "2"])], "authorization", ["2"]),
        (["x-a": "1"], [("add_header", ["x-a", ["2", "3"]])], "x-a", ["1", "table: 0x00000000"]),
        (["x-a": "1", "X-A": "2"], [("clear_header", ["X-a"])], "x-a", []),
        (["x-a": "1"], [("set_headers", [["x-b": "2", "X-A": ["3", "4"]]])], "x-a", ["3", "4"]),
    ]

    @Test(arguments: cases.indices)
    func headersChangeAsNginxChangesThem(_ index: Int) {
        let test = Self.cases[index]
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/", headers: test.before))
        for (name, arguments) in test.calls {
            #expect(kong.perform("kong.service.request.\(name)", arguments) == .nothing)
        }
        #expect(kong.serviceRequest.headers[test.name] == test.after, "\(test.calls)")
    }

    @Test(arguments: [
        Expectation("set_header", 5, "x", is: .raised(#"invalid header name "5": got number, expected string"#)),
        Expectation("set_header", nil, "x", is: .raised(#"invalid header name "nil": got nil, expected string"#)),
        Expectation(
            "set_header", "x-a",
            is: .raised(#"invalid header value for "x-a": got nil, expected array of string, string, number or boolean"#)),
        Expectation(
            "add_header", "x\"\n", ["a", 1],
            is: .raised("invalid header value in array \"x\\\"\\\n\": got number, expected string")),
        Expectation("set_headers", "x", is: .raised("headers must be a table")),
        Expectation("set_headers", ["a"], is: .raised(#"invalid header name "1": got number, expected string"#)),
        Expectation("clear_header", 1, is: .raised("header must be a string")),
        Expectation("set_header", "Content-Length", "x", is: .raised("failed to set header")),
        Expectation("set_header", "Content-Length", 12, is: .nothing),
        Expectation("set_header", "Host", "a..b", is: .raised("failed to set header")),
        Expectation("set_header", "Host", "a/b", is: .raised("failed to set header")),
        Expectation(
            "set_header", ":authority", "a", is: .error("cannot set :authority pseudo-header on non-grpc requests")),
    ])
    func headersAreChecked(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.service.request.\(call.method)", call.arguments) == call.outcome)
    }

    @Test func theHostIsSentAsSet() {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.serviceRequest.host == nil)
        kong.perform("kong.service.request.set_header", ["HOST", "Example.com"])
        #expect(kong.serviceRequest.host?.text == "Example.com")
        kong.perform("kong.service.request.set_headers", [["host": "b"]])
        #expect(kong.serviceRequest.host?.text == "b")
    }

    // MARK: Line

    @Test(arguments: [
        ("set_raw_query", "a b&c=\t#%", "a%20b&c=%09#%"), ("set_raw_query", "", ""),
        ("set_query", ["b": "x y", "a": [1, true, "z&"], "c": true], "a=1&a&a=z%26&b=x%20y&c"),
        ("set_query", ["a": false, "b": "1"], "&b=1"), ("set_query", [:], ""), ("set_query", ["é": "+'"], "%C3%A9=%2B'"),
        ("set_query", ["a": 1.5, "b": []], "&a=1.5"),
        ("clear_query_arg", "a", "b=&c=1+2%26"), ("clear_query_arg", "none", "a=1&b=&a=2&c=1+2%26"),
    ] as [(String, OwnedValue, String)])
    func queriesAreEncoded(_ method: String, _ argument: OwnedValue, _ query: String) {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/?a=1&b&a=2&c=1%202%26"))
        #expect(kong.perform("kong.service.request.\(method)", [argument]) == .nothing)
        #expect(kong.serviceRequest.query.text == query)
    }

    @Test(arguments: [
        Expectation("set_query", "a=1", is: .raised("args must be a table")),
        Expectation("set_query", ["a"], is: .raised("arg keys must be strings")),
        Expectation("set_query", ["a": [["b": 1]]], is: .raised("attempt to use table as query arg value")),
        Expectation("set_raw_query", 1, is: .raised("query must be a string")),
        Expectation("clear_query_arg", is: .raised("query argument name must be a string")),
        Expectation("set_path", "a", is: .raised("path must start with /")),
        Expectation("set_path", is: .raised("path must be a string")),
        Expectation("set_method", "get", is: .raised("invalid method: get")),
        Expectation("set_method", 1, is: .raised("method must be a string")),
        Expectation("set_scheme", "ftp", is: .raised("invalid scheme: ftp")),
        Expectation("set_scheme", true, is: .raised("scheme must be a string")),
        Expectation("set_raw_body", [:], is: .raised("body must be a string")),
    ])
    func theLineIsChecked(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.service.request.\(call.method)", call.arguments) == call.outcome)
    }

    @Test(arguments: [("/a b\"é%41?x", "/a%20b%22%C3%A9%41?x"), ("/[x]\\^`{}|<>", "/[x]%5C%5E%60%7B%7D%7C%3C%3E")])
    func pathsAreEscapedOnce(_ path: String, _ escaped: String) {
        var kong = SimulatedExchange.at(.access)
        kong.perform("kong.service.request.set_path", [.string(path)])
        #expect(kong.serviceRequest.path.text == escaped)
    }

    @Test(arguments: [
        ("/a", true, nil, "/a/b", "/b"), ("/a", true, "/base", "/a/b", "/base/b"), ("/a", true, "/base/", "/a", "/base"),
        ("/a", false, "/base/", "/a/b", "/base/a/b"), ("/a", true, nil, "/a", "/"), ("/a", true, "/base", "/a/", "/base/"),
        ("/", true, nil, "/x/../y", "/y"), ("/a", false, nil, "/a%20b", "/a%20b"),
    ] as [(String, Bool, String?, String, String)])
    func theRouteTellsThePath(_ prefix: String, _ strips: Bool, _ base: String?, _ path: String, _ sent: String) {
        var service: OwnedValue = ["host": "h", "port": 80, "protocol": "http"]
        if let base { service = ["host": "h", "port": 80, "protocol": "http", "path": .string(base)] }
        let route: OwnedValue = ["paths": [.string(prefix)], "strip_path": .boolean(strips)]
        var kong = SimulatedExchange(SimulatedRequest("GET", path), route: route, serviceEntity: service)
        kong.begin(.access)
        #expect(kong.serviceRequest.path.text == sent)
    }

    @Test(arguments: [("/a?", "", "/a?"), ("/a?b=1", "", "/a"), ("/a", "c=1", "/a?c=1"), ("/a?b", "b", "/a?b")])
    func theServiceIsAskedWithPathAndQuery(_ target: String, _ query: String, _ uri: String) {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", target))
        kong.perform("kong.service.request.set_raw_query", [.string(query)])
        #expect(kong.serviceRequest.uri.text == uri)
    }

    /// The router sets these after the rewrite phase.
    @Test func schemeAndPathSetInRewriteAreLost() {
        var kong = SimulatedExchange.at(.rewrite)
        kong.run(("kong.service.request.set_scheme", ["https"]), ("kong.service.request.set_path", ["/other"]))
        kong.begin(.access)
        #expect(kong.serviceRequest.scheme == "http")
        #expect(kong.serviceRequest.path.text == "/")
    }

    // MARK: Body

    @Test(arguments: [
        (["b": 1, "a": ["x y", true]], "application/x-www-form-urlencoded", "a=x%20y&a&b=1"),
        (["a": ["b/", 1.5, nil], "e": [], "n": nil], "application/json; charset=utf-8", #"{"a":["b\/",1.5],"e":{}}"#),
        (["b": 1, "a": "é"], "multipart/form-data; boundary=Q",
            "--Q\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\né\r\n--Q\r\n"
                + "Content-Disposition: form-data; name=\"b\"\r\n\r\n1\r\n--Q--\r\n"),
    ] as [(OwnedValue, String, String)])
    func bodiesAreWrittenByTheirType(_ table: OwnedValue, _ type: String, _ body: String) {
        var kong = SimulatedExchange.at(.access, SimulatedRequest("POST", "/", headers: ["content-type": "x"]))
        #expect(kong.perform("kong.service.request.set_body", [table, .string(type)]) == .value(true))
        #expect(kong.serviceRequest.body == .text(body))
        #expect(kong.serviceRequest.headers["content-length"] == ["\(body.utf8.count)"])
        #expect(kong.serviceRequest.headers["content-type"] == [type])
    }

    @Test func aBodysTypeComesFromTheRequest() {
        var kong = SimulatedExchange.at(
            .access, SimulatedRequest("POST", "/", headers: ["Content-Type": "application/json"]))
        #expect(kong.perform("kong.service.request.set_body", [["a": 1]]) == .value(true))
        #expect(kong.serviceRequest.body == .text(#"{"a":1}"#))
        var untyped = SimulatedExchange.at(.access)
        #expect(
            untyped.perform("kong.service.request.set_body", [["a": 1]])
                == .error("content type was neither explicitly given as an argument or received as a header"))
    }

    @Test(arguments: [
        Expectation("set_body", "x", is: .raised("args must be a table")),
        Expectation("set_body", [:], 5, is: .raised("mime must be a string")),
        Expectation("set_body", [:], "text/plain", is: .raised("unsupported content type text/plain")),
        Expectation("set_body", [:], "Application/json", is: .raised("unsupported content type Application/json")),
        Expectation(
            "set_body", ["a": [:]], "multipart/form-data",
            is: .raised(#"invalid value "a": got table, expected string, number or boolean"#)),
        Expectation(
            "set_body", ["a": .number(.infinity)], "application/json",
            is: .raised("Cannot serialise number: must not be NaN or Infinity")),
    ])
    func bodiesAreChecked(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.service.request.\(call.method)", call.arguments) == call.outcome)
    }

    @Test func aMultipartBodyMakesItsBoundary() throws {
        var kong = SimulatedExchange.at(.access)
        kong.perform("kong.service.request.set_body", [["a": "1"], "multipart/form-data"])
        let type = try #require(kong.serviceRequest.headers["content-type"].first)
        #expect(type.hasPrefix("multipart/form-data; boundary="))
        #expect(kong.perform("kong.request.get_body") == .value(["a": "1"]))
    }

    // MARK: Where to

    @Test func targetsTimeoutsAndRetriesAreSet() {
        var kong = SimulatedExchange.at(.access) { $0.upstreams = ["pool"] }
        kong.run(
            ("kong.service.set_target", ["other", 81]), ("kong.service.set_retries", [0]),
            ("kong.service.set_timeouts", [1, 2, 2_147_483_646]), ("kong.service.set_tls_verify", [true]))
        #expect(kong.serviceRequest.target == .init(host: Array("other".utf8), port: 81))
        #expect(kong.serviceRequest.host?.text == "other")
        #expect(kong.serviceRequest.retries == 0)
        #expect(kong.serviceRequest.timeouts.read == 2_147_483_646)
        #expect(kong.serviceRequest.verifiesCertificate == true)
        #expect(kong.perform("kong.service.set_upstream", ["pool"]) == .value(true))
        #expect(kong.serviceRequest.target?.host.text == "pool")
        #expect(kong.perform("kong.service.set_upstream", ["x"]) == .error("could not find an Upstream named 'x'"))
    }

    @Test(arguments: [
        Expectation("set_target", 1, 80, is: .raised("host must be a string")),
        Expectation("set_target", "h", 1.5, is: .raised("port must be an integer")),
        Expectation("set_target", "h", -1, is: .raised("port must be an integer between 0 and 65535: given -1")),
        Expectation("set_target", "h", 65536, is: .raised("port must be an integer between 0 and 65535: given 65536")),
        Expectation("set_retries", 32768, is: .raised("retries must be an integer between 0 and 32767: given 32768")),
        Expectation(
            "set_timeouts", 1, 0, 1, is: .raised("write_timeout must be an integer between 1 and 2147483646: given 0")),
        Expectation("set_timeouts", 1, 1, is: .raised("read_timeout must be an integer")),
        Expectation("set_tls_verify", 1, is: .raised("argument must be a boolean")),
        Expectation("set_tls_verify_depth", "1", is: .raised("argument must be a number")),
        Expectation("set_tls_cert_key", "a", "b", is: .raised("chain must be a parsed cdata object")),
        Expectation("set_target_retry_callback", "f", is: .raised("retry_callback must be a function")),
    ])
    func targetsAreChecked(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access)
        #expect(kong.perform("kong.service.\(call.method)", call.arguments) == call.outcome)
    }

    /// Kong's check allows it; what it sets is there only after routing.
    @Test func aTargetSetInRewriteRaises() {
        var kong = SimulatedExchange.at(.rewrite)
        #expect(
            kong.perform("kong.service.set_target", ["h", 80])
                == .raised("attempt to index field 'balancer_data' (a nil value)"))
    }
}
