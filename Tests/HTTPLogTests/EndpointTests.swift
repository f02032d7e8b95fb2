import Testing

@testable import http_log

@Suite struct EndpointTests {
    @Test(arguments: [
        ("http://logs", "logs", 80, "logs", "/"),
        ("http://logs.example.com:8080/in/put?a=b", "logs.example.com", 8080, "logs.example.com:8080", "/in/put?a=b"),
        ("http://127.0.0.1:1/", "127.0.0.1", 1, "127.0.0.1:1", "/"),
        ("http://logs?x", "logs", 80, "logs", "/?x"),
        ("http://logs/a@b:c", "logs", 80, "logs", "/a@b:c"),
        ("http://[::1]:65535/x", "::1", 65535, "[::1]:65535", "/x"),
        ("http://[fe80::1]", "fe80::1", 80, "[fe80::1]", "/"),
    ] as [(String, String, UInt16, String, String)])
    func partsAreFound(url: String, host: String, port: UInt16, authority: String, target: String) throws {
        let endpoint = try Endpoint(url)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.authority == authority)
        #expect(endpoint.target == target)
    }

    @Test(arguments: [
        "", "logs", "https://logs/", "HTTP://logs", "http://", "http:///path", "http://:80/", "http://logs:/", "http://logs:0/",
        "http://logs:65536/", "http://logs:-1/", "http://logs:http/", "http://user:secret@logs/", "http://logs/a b",
        "http://logs/\r\nx: y", "http://logs/#part", "http://[]:80/",
    ])
    func whatIsNoEndpointIsRefused(url: String) {
        #expect(throws: EndpointError.self) { try Endpoint(url) }
    }
}
