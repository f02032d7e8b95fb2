import KongSimulator
import Testing
import WireProtocol

@Suite struct ResponseTests {
    private static let answer = SimulatedResponse(
        status: 201, headers: ["Content-Type": "text/plain", "X-A": "1", "x-a": "2", "x_under": "u", "ETag": "e"],
        text: "hello")

    private static func kong(_ request: SimulatedRequest = SimulatedRequest()) -> SimulatedExchange {
        .at(.response, request, service: .answers(answer))
    }

    // MARK: Reading

    @Test(arguments: [
        Expectation("get_status", is: .value(201)),
        Expectation("get_header", "X-a", is: .value("1")),
        Expectation("get_header", "x_a", is: .value("1")),
        // Kong has copied the headers of a buffered answer, by which underscores became dashes.
        Expectation("get_header", "x-under", is: .value("u")),
        Expectation("get_header", "none", is: .value(nil)),
        Expectation("get_header", 1, is: .raised("header name must be a string")),
        Expectation(
            "get_headers", is: .value([
                "content-type": "text/plain", "x-a": ["1", "2"], "x-under": "u", "etag": "e", "connection": "keep-alive",
            ])),
        // nginx's own come first, and of the others one at least.
        Expectation("get_headers", 1, is: .value(["content-type": "text/plain", "connection": "keep-alive", "x-a": "1"])),
        Expectation("get_headers", 0, is: .raised("max_headers must be >= 1")),
        Expectation("get_source", is: .value("service")),
    ])
    func theAnswerIsTold(_ call: Expectation) {
        var kong = Self.kong()
        #expect(kong.perform("kong.response.\(call.method)", call.arguments) == call.outcome)
    }

    @Test(arguments: [
        Expectation("get_status", is: .value(201)),
        Expectation("get_header", "X_A", is: .value("1")),
        Expectation("get_header", "x-under", is: .value("u")),
        Expectation("get_header", "none", is: .value(nil)),
        Expectation("get_raw_body", is: .value(.bytes(Array("hello".utf8)))),
        Expectation("get_body", is: .error("unsupported content type 'text/plain'")),
        Expectation("get_body", "application/x-www-form-urlencoded", is: .value(["hello": true])),
        // Kong's table of them has no entries of its own.
        Expectation("get_headers", is: .value([:])),
        Expectation("get_headers", 1001, is: .raised("max_headers must be <= 1000")),
        Expectation("get_header", is: .raised("name must be a string")),
    ])
    func theServicesAnswerIsToldApart(_ call: Expectation) {
        var kong = Self.kong()
        kong.run(("kong.response.set_status", [500]), ("kong.response.clear_header", ["x-a"]))
        #expect(kong.perform("kong.service.response.\(call.method)", call.arguments) == call.outcome)
    }

    @Test func withoutBufferingTheServicesBodyIsGone() {
        var kong = SimulatedExchange.at(.access)
        kong.begin(.log)
        #expect(
            kong.perform("kong.service.response.get_raw_body")
                == .raised(
                    "service body is only available with buffered proxying (see: kong.service.request.enable_buffering function)"))
        var buffered = SimulatedExchange.at(.access, service: .answers(Self.answer))
        buffered.perform("kong.service.request.enable_buffering")
        buffered.begin(.log)
        #expect(buffered.perform("kong.service.response.get_raw_body") == .value(.bytes(Array("hello".utf8))))
    }

    @Test func anEchoHasTheRequestsBody() {
        let request = SimulatedRequest("POST", "/", headers: ["Content-Type": "text/csv"], body: .text("a,b"))
        var kong = SimulatedExchange.at(.access, request, service: .echoes)
        kong.perform("kong.service.request.set_raw_body", ["c,d"])
        kong.finish()
        #expect(kong.response.body.text == "c,d")
        #expect(kong.response.headers["content-type"] == ["text/csv"])
    }

    // MARK: Writing

    private static let changes: [(calls: [(String, [OwnedValue])], name: String, after: [String])] = [
        ([("set_header", ["x-a", "3"])], "x-a", ["3"]),
        ([("set_header", ["X_A", ["3", ""]])], "x-a", ["3", " "]),
        ([("add_header", ["x-a", "3"])], "x-a", ["1", "2", "3"]),
        ([("add_header", ["x-b", ["3", "4"]])], "x-b", ["3", "4"]),
        // nginx has these once.
        ([("add_header", ["etag", "f"])], "etag", ["f"]),
        ([("add_header", ["Content-Type", "text/html"])], "content-type", ["text/html"]),
        ([("clear_header", ["X_A"])], "x-a", []),
        ([("set_header", ["x-a", []])], "x-a", []),
        ([("set_header", ["x_b", "a\nb"])], "x-b", ["a%0Ab"]),
        ([("set_headers", [["x-a": "9", "x-c": true]])], "x-c", ["true"]),
        ([("set_header", ["Transfer-Encoding", "chunked"])], "transfer-encoding", []),
        ([("set_headers", [["transfer_encoding": "chunked"]])], "transfer-encoding", []),
        ([("add_header", ["Transfer-Encoding", "chunked"])], "transfer-encoding", ["chunked"]),
    ]

    @Test(arguments: changes.indices)
    func headersChangeAsNginxChangesThem(_ index: Int) {
        let test = Self.changes[index]
        var kong = Self.kong()
        for (name, arguments) in test.calls { #expect(kong.perform("kong.response.\(name)", arguments) == .nothing) }
        #expect(kong.response.headers[test.name] == test.after, "\(test.calls)")
    }

    @Test func aTransferEncodingIsWarnedOf() {
        var kong = Self.kong()
        kong.perform("kong.response.set_header", ["transfer-encoding", "x"])
        #expect(kong.log.map(\.description) == ["[warn] manually setting Transfer-Encoding. Ignored."])
    }

    @Test(arguments: [
        Expectation("set_status", "200", is: .raised("code must be a number")),
        Expectation("set_status", 99, is: .raised("code must be a number between 100 and 599")),
        Expectation("set_status", 600, is: .raised("code must be a number between 100 and 599")),
        Expectation("set_status", 599, is: .nothing),
        Expectation("clear_header", is: .raised("header name must be a string")),
        Expectation("set_headers", 1, is: .raised("headers must be a table")),
        Expectation("set_header", "content-length", "", is: .raised("failed to set header")),
        Expectation("exit", is: .raised("code must be a number")),
        Expectation("exit", 600, is: .raised("code must be a number between 100 and 599")),
        Expectation("exit", 200, 5, is: .raised("body must be a nil, string or table")),
        Expectation("exit", 200, nil, "x", is: .raised("headers must be a nil or table")),
        Expectation(
            "exit", 200, nil, ["x": [true]], is: .raised(#"invalid header value in array "x": got boolean, expected string"#)),
        Expectation(
            "exit", 200, ["a": .number(.nan)],
            is: .raised(
                "body encoding failed while flushing response: Cannot serialise number: must not be NaN or Infinity")),
        Expectation("error", 399, is: .raised("code must be a number between 400 and 599")),
        Expectation("error", 400, 5, is: .raised("message must be a nil, a string or a table")),
        Expectation("error", 400, "x", 5, is: .raised("headers must be a nil or table")),
    ])
    func answersAreChecked(_ call: Expectation) {
        var kong = Self.kong()
        #expect(kong.perform("kong.response.\(call.method)", call.arguments) == call.outcome)
    }
}
