import LoopbackHTTP
import Testing

@testable import http_log

@Suite(.timeLimit(.minutes(2))) struct HTTPClientTests {
    private func client(_ server: LoopbackServer, timeout: Int = 60_000) throws -> HTTPClient {
        try HTTPClient(.init(httpEndpoint: server.url(), timeout: timeout))
    }

    /// After each of these answers another body is posted: over the same connection or a new one.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 201\r\ncontent-length:0\r\n\r\n", true),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Not asked for\r\n\r\n", false),
    ])
    func aConnectionIsKeptIfTheAnswersEndIsKnown(answer: String, isKept: Bool) async throws {
        let server = try LoopbackServer([.raw(answer)])
        let client = try client(server)
        try await client.post(Array("1".utf8))
        try await client.post(Array("2".utf8))
        #expect(server.requests.map(\.body) == ["1", "2"])
        #expect(server.requests.map(\.connection) == [1, isKept ? 1 : 2])
        server.stop()
    }

    @Test(arguments: [
        (.status(301), "status 301", false), (.status(404), "status 404", false), (.status(413), "status 413", false),
        (.status(429), "status 429", true), (.status(502), "status 502", true), (.close, "closed", true),
        (.raw("SSH-2.0-OpenSSH\r\n\r\n"), "not HTTP/1", true), (.raw("HTTP/1.1 20 OK\r\n\r\n"), "not HTTP/1", true),
        (.raw(String(repeating: "x", count: 100_000)), "too long", true),
    ] as [(LoopbackServer.Reply, String, Bool)])
    func aFailureSaysWhatItIsAndWhetherToTryAgain(reply: LoopbackServer.Reply, text: String, isTemporary: Bool) async throws {
        let server = try LoopbackServer([reply])
        let error = await #expect(throws: DeliveryError.self) { try await client(server).post([]) }
        #expect(error?.reason.contains(text) == true, "\(error?.reason ?? "")")
        #expect(error?.isTemporary == isTemporary)
        server.stop()
    }

    @Test func aPortWhereNobodyListensIsSaid() async throws {
        let server = try LoopbackServer()
        server.stop()
        let error = await #expect(throws: DeliveryError.self) { try await client(server).post([]) }
        #expect(error?.reason == "no connection to 127.0.0.1:\(server.port): Connection refused")
        #expect(error?.isTemporary == true)
    }

    @Test func aBodyThatDoesNotFitIntoTheSocketsBuffersArrivesWhole() async throws {
        let server = try LoopbackServer()
        let body = String(repeating: "0123456789abcdef", count: 1 << 20)
        try await client(server).post(Array(body.utf8))
        #expect(server.requests.first?.body == body)
        server.stop()
    }

    @Test func aHeaderWithALineBreakIsRefused() {
        #expect(throws: DeliveryError.self) {
            try HTTPClient(.init(httpEndpoint: "http://127.0.0.1/", headers: ["x": "a\r\nhost: other"]))
        }
    }

    @Test func anInterruptedClientFailsAtOnce() async throws {
        let server = try LoopbackServer([.silence])
        let client = try client(server, timeout: 3_600_000)
        async let first = failure(of: client)
        _ = try await server.requests(1)
        client.interrupt()
        #expect(await first?.isTemporary == false)
        #expect(await failure(of: client)?.reason == "there was no time left")
        server.stop()
    }

    private func failure(of client: HTTPClient) async -> DeliveryError? {
        do throws(DeliveryError) {
            try await client.post([])
            return nil
        } catch {
            return error
        }
    }
}
