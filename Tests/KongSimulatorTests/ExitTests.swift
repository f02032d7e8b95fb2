import KongSimulator
import Testing
import WireProtocol

@Suite struct ExitTests {
    private static func exited(
        _ method: String, _ arguments: [OwnedValue], headers: SimulatedHeaders = [:], version: Double = 1.1
    ) -> SimulatedExchange {
        var request = SimulatedRequest("GET", "/", headers: headers)
        request.httpVersion = version
        var kong = SimulatedExchange.at(.access, request)
        kong.perform("kong.response.\(method)", arguments)
        return kong
    }

    private static let exits: [(arguments: [OwnedValue], body: String, type: [String], length: [String])] = [
        ([204], "", [], ["0"]),
        ([200, "hi"], "hi", [], ["2"]),
        ([403, ["b": "/", "a": 1]], #"{"a":1,"b":"\/"}"#, ["application/json; charset=utf-8"], ["16"]),
        ([200, [:]], "{}", ["application/json; charset=utf-8"], ["2"]),
        ([200, []], "{}", ["application/json; charset=utf-8"], ["2"]),
        ([200, ["a"], ["content_type": "text/x"]], #"["a"]"#, ["text/x"], ["5"]),
        ([200, "hi", ["Content-Length": 1]], "hi", [], ["1"]),
        ([200.9, "hi"], "hi", [], ["2"]),
    ]

    @Test(arguments: exits.indices)
    func anExitIsTheAnswer(_ index: Int) {
        let test = Self.exits[index]
        let kong = Self.exited("exit", test.arguments)
        #expect(kong.hasExited)
        #expect(kong.response.status == test.arguments[0].integer.map(Int.init) ?? 200)
        #expect(kong.response.body.text == test.body)
        #expect(kong.response.headers["content-type"] == test.type)
        #expect(kong.response.headers["content-length"] == test.length)
    }

    @Test func anExitInTheResponsePhaseKeepsTheServicesHeaders() {
        var kong = SimulatedExchange.at(
            .response, service: .answers(SimulatedResponse(headers: ["Content-Type": "text/html", "x-a": "1"], text: "x")))
        kong.perform("kong.response.exit", [500, ["a": 1], ["x-b": ["2", "3"]]])
        #expect(kong.response.headers["x-a"] == ["1"])
        #expect(kong.response.headers["x-b"] == ["2", "3"])
        // Only a type among the exit's own headers would count.
        #expect(kong.response.headers["content-type"] == ["application/json; charset=utf-8"])
        #expect(kong.begin(.log) == true)
        #expect(kong.perform("kong.response.get_source") == .value("exit"))
    }

    @Test func gRPCAnswersHaveAStatusOfTheirOwn() {
        let headers: SimulatedHeaders = ["Content-Type": "application/grpc"]
        var kong = Self.exited("exit", [403, ["message": "no"]], headers: headers, version: 2)
        #expect(kong.response.headers["grpc-status"] == ["7"])
        #expect(kong.response.headers["grpc-message"] == ["no"])
        #expect(kong.response.body == [])
        kong = Self.exited("exit", [418, nil], headers: headers, version: 2)
        #expect(kong.response.headers["grpc-status"] == ["3"])
        #expect(kong.response.headers["grpc-message"] == ["InvalidArgument"])
        kong = Self.exited("exit", [200, ["a": 1], ["Content-Type": "application/grpc"]])
        #expect(kong.log.last?.text == "table body encoding with gRPC is not supported")
    }

    /// Seen on Kong 3.9.1.
    @Test(arguments: [
        (200, "text/html", "text/html; charset=UTF-8"), (404, "text/plain", "text/plain; charset=UTF-8"),
        (200, "text/xml", "text/xml; charset=UTF-8"), (302, "text/html", "text/html"), (200, "text/css", "text/css"),
        (200, "application/json", "application/json"), (200, "text/html;charset=x", "text/html;charset=x"),
    ])
    func aTextGoesOutWithACharset(_ status: Int, _ type: String, _ sent: String) {
        var kong = SimulatedExchange.at(.access)
        kong.perform("kong.response.exit", [.integer(Int64(status)), "x", ["Content-Type": .string(type)]])
        kong.finish()
        #expect(kong.response.headers["content-type"] == [sent])
        kong.begin(.log)
        #expect(kong.perform("kong.response.get_header", ["content-type"]) == .value(.string(sent)))
    }

    @Test(arguments: [
        (nil, "application/json", "{\n  \"message\":\"Forbidden\",\n  \"request_id\":\"0123456789abcdef0123456789abcdef\"\n}"),
        ("text/plain", "text/plain", "Forbidden\nrequest_id: 0123456789abcdef0123456789abcdef\n"),
        ("text/html;q=0.1, text/plain;q=0.2", "text/plain", "Forbidden\nrequest_id: 0123456789abcdef0123456789abcdef\n"),
        ("text/plain; q=0, */*;q=0.001", "application/json",
            "{\n  \"message\":\"Forbidden\",\n  \"request_id\":\"0123456789abcdef0123456789abcdef\"\n}"),
        ("image/png, nonsense", "application/json",
            "{\n  \"message\":\"Forbidden\",\n  \"request_id\":\"0123456789abcdef0123456789abcdef\"\n}"),
        ("text/*", "text/plain", "Forbidden\nrequest_id: 0123456789abcdef0123456789abcdef\n"),
        ("application/xml", "application/xml",
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <error>
              <message>Forbidden</message>
              <requestid>0123456789abcdef0123456789abcdef</requestid>
            </error>

            """),
    ] as [(String?, String, String)])
    func anErrorIsInTheTypeThatTheClientAccepts(_ accepted: String?, _ type: String, _ body: String) {
        let headers: SimulatedHeaders = accepted.map { ["Accept": $0] } ?? [:]
        let kong = Self.exited("error", [403], headers: headers)
        #expect(kong.response.status == 403)
        #expect(kong.response.headers["content-type"] == ["\(type); charset=utf-8"])
        #expect(kong.response.body.text == body)
    }

    @Test func anErrorMayHaveATableAndHeaders() {
        let kong = Self.exited("error", [499, ["a": 1], ["Content-Type": "text/plain", "x-a": "1"]])
        #expect(kong.response.body.text.hasPrefix("{\"a\":1}\nrequest_id:"))
        #expect(kong.response.headers["content-type"] == ["text/plain"])
        #expect(kong.response.headers["x-a"] == ["1"])
        #expect(Self.exited("error", [599]).response.body.text.contains("The upstream server responded with 599"))
    }

    @Test func aConnectionWithoutHTTPEndsWithAFewCodes() {
        var kong = SimulatedExchange.at(.preread)
        #expect(kong.perform("kong.nginx.get_subsystem") == .value("stream"))
        #expect(kong.perform("kong.response.exit", [200, ["a": 1]]) == .exits(status: 200))
        #expect(kong.response.body.text == #"{"a":1}"#)
        kong = .at(.preread)
        #expect(kong.perform("kong.response.exit", [403, "no"]) == .exits(status: 403))
        #expect(kong.log.map(\.text) == ["unable to proxy stream connection, status: 403, err: no"])
        kong = .at(.preread)
        #expect(
            kong.perform("kong.response.exit", [404])
                == .raised("unacceptable code, only 200, 400, 403, 500, 502 and 503 are accepted"))
    }
}
