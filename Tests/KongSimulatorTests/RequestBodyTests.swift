import Foundation
import KongSimulator
import Testing
import WireProtocol

@Suite struct RequestBodyTests {
    private static func kong(_ body: String, type: String? = nil) -> SimulatedExchange {
        let headers: SimulatedHeaders = type.map { ["Content-Type": $0] } ?? [:]
        return .at(.access, SimulatedRequest("POST", "/", headers: headers, body: .text(body)))
    }

    private static let parts =
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
        + "2\r\n3\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: text/plain\r\n\r\nz\r\n--B--\r\n"

    @Test(arguments: [
        ("a=1&b&a=%20+", "application/x-www-form-urlencoded", .value(["a": ["1", "  "], "b": true])),
        ("", "application/x-www-form-urlencoded", .value([:])),
        (#"{"a":[1,1.5,"é"],"b":{"c":true},"d":null}"#, "Application/JSON; charset=utf-8",
            .value(["a": [1, 1.5, "é"], "b": ["c": true], "d": nil])),
        (#"["\ud83d\ude00\/\n"]"#, "application/json", .value(["😀/\n"])),
        ("3", "application/json", .error("invalid json body")),
        ("{", "application/json", .error("invalid json body")),
        (#"{"a":1} x"#, "application/jsonp", .error("invalid json body")),
        (parts, "multipart/form-data; boundary=B", .value(["a": ["1", "2\r\n3"], "f": "z"])),
        (parts, "multipart/form-data; boundary=\"B\"", .value(["a": ["1", "2\r\n3"], "f": "z"])),
        (parts, "multipart/form-data", .value([:])),
        ("x", "text/plain", .error("unsupported content type 'text/plain'")),
    ] as [(String, String, SimulatedOutcome)])
    func bodiesAreReadByTheirType(_ body: String, _ type: String, _ outcome: SimulatedOutcome) {
        var kong = Self.kong(body, type: type)
        #expect(kong.perform("kong.request.get_body") == outcome)
    }

    @Test func aTypeMayBeGiven() {
        var kong = Self.kong("a=1&b=2", type: "text/plain")
        #expect(kong.perform("kong.request.get_body", ["application/x-www-form-urlencoded", 1]) == .value(["a": "1"]))
        #expect(kong.log.map(\.text) == ["post args truncated"])
        var untyped = Self.kong("a=1")
        #expect(untyped.perform("kong.request.get_body") == .error("missing content type"))
        #expect(
            untyped.perform("kong.request.get_body", ["application/x-www-form-urlencoded", 0])
                == .raised("max_args must be >= 1"))
    }

    @Test func aBodyInAFileIsReadOnlyIfAsked() throws {
        let path = "/tmp/KongSimulatorTests.\(UUID())"
        try Data("{\"a\":1}".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let request = SimulatedRequest(
            "POST", "/", headers: ["Content-Type": "application/json"], body: .file(path: path))
        var kong = SimulatedExchange.at(.access, request)
        let unread = "request body did not fit into client body buffer, consider raising 'client_body_buffer_size'"
        #expect(kong.requestBodyFile == path)
        #expect(kong.perform("kong.request.get_raw_body") == .error(unread))
        #expect(kong.perform("kong.request.get_raw_body", [-1]) == .error(unread))
        #expect(kong.perform("kong.request.get_raw_body", [6]) == .error("request body file too big: 7 > 6"))
        #expect(kong.perform("kong.request.get_raw_body", [0]) == .value(.bytes(Array("{\"a\":1}".utf8))))
        #expect(kong.perform("kong.request.get_body", [nil, nil, 7]) == .value(["a": 1]))
        #expect(
            kong.perform("kong.request.get_body", ["application/x-www-form-urlencoded"])
                == .error("request body in temp file not supported"))
        kong.perform("kong.service.request.set_raw_body", ["short"])
        #expect(kong.requestBodyFile == nil)
    }
}
