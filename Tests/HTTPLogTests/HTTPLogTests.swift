import KongPDK
import KongPDKTesting
import LoopbackHTTP
import TestSupport
import Testing

@testable import http_log

@Suite(.timeLimit(.minutes(2))) struct HTTPLogTests {
    private func plugin(
        _ server: LoopbackServer, headers: [String: String] = [:], timeout: Int = 60_000, keepalive: Int = 60_000,
        _ queue: HTTPLog.Queue = .init()
    ) throws -> HTTPLog {
        try HTTPLog(
            config: .init(
                httpEndpoint: server.url("/logs?from=kong"), headers: headers, timeout: timeout, keepalive: keepalive,
                queue: queue))
    }

    /// Plays a request, and returns what is in Kong's log then.
    @discardableResult
    private func request(_ target: String, _ plugin: HTTPLog) async throws -> [String] {
        let kong = KongTest(request: .get(target))
        try await kong.run(plugin)
        return kong.log.map(\.text)
    }

    /// Plays requests until Kong's log says something.
    private func report(_ plugin: HTTPLog) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let line = try await request("/again", plugin).first { return line }
        }
        throw TestFailure(description: "nobody was told")
    }

    // MARK: What is sent

    @Test func aRecordIsPosted() async throws {
        let server = try LoopbackServer()
        let plugin = try plugin(server, headers: ["x-token": "secret"])
        try await request("/mock?x=1", plugin)
        let request = try #require(try await server.requests(1).first)
        #expect(request.line == "POST /logs?from=kong HTTP/1.1")
        #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["x-token"] == "secret")
        #expect(request.body.hasPrefix("{") && request.body.contains(#"mock?x=1""#))
        await plugin.shutdown()
        server.stop()
    }

    @Test func aConnectionIsKeptForTheNextRecord() async throws {
        let server = try LoopbackServer()
        let plugin = try plugin(server)
        for number in 1...3 {
            try await request("/\(number)", plugin)
            _ = try await server.requests(number)
        }
        #expect(server.requests.map(\.connection) == [1, 1, 1])
        await plugin.shutdown()
        server.stop()
    }

    @Test func aConnectionThatWasIdleForLongIsNotUsed() async throws {
        let server = try LoopbackServer()
        let plugin = try plugin(server, keepalive: 0)
        for number in 1...2 {
            try await request("/\(number)", plugin)
            _ = try await server.requests(number)
        }
        #expect(server.requests.map(\.connection) == [1, 2])
        await plugin.shutdown()
        server.stop()
    }

    /// All that it costs Kong is one question.
    @Test func theHandlerAsksOnceAndWaitsForNoServer() async throws {
        let gate = Gate()
        let server = try LoopbackServer([.statusWhenOpened(gate, 200)])
        let plugin = try plugin(server)
        for _ in 0..<5 {
            let kong = KongTest()
            try await kong.run(plugin)
            #expect(kong.methods == ["kong.log.serialize"])
            #expect(kong.roundTrips == 2)
        }
        _ = try await server.requests(1)
        gate.open()
        _ = try await server.requests(5)
        await plugin.shutdown()
        server.stop()
    }

    // MARK: Batches

    @Test func aFullBatchIsSentAtOnceInOrder() async throws {
        let server = try LoopbackServer()
        let plugin = try plugin(server, .init(maxBatchSize: 3, maxCoalescingDelay: 3600))
        for number in 1...6 { try await request("/number-\(number)", plugin) }
        let requests = try await server.requests(2)
        for (request, numbers) in zip(requests, [1...3, 4...6]) {
            #expect(request.body.hasPrefix("[{") && request.body.hasSuffix("}]"))
            let places = numbers.map { request.body.firstRange(of: "number-\($0)")?.lowerBound }
            #expect(!places.contains(nil) && places.compactMap { $0 } == places.compactMap { $0 }.sorted())
            #expect(request.body.matches(of: #/"source":/#).count == 3)
        }
        await plugin.shutdown()
        server.stop()
    }

    @Test func aBatchThatDoesNotFillIsSentInTime() async throws {
        let server = try LoopbackServer()
        let plugin = try plugin(server, .init(maxBatchSize: 1000, maxCoalescingDelay: 0.05))
        try await request("/only", plugin)
        let request = try #require(try await server.requests(1).first)
        #expect(request.body.hasPrefix("[{") && request.body.contains("/only"))
        await plugin.shutdown()
        server.stop()
    }

    @Test func whatIsNotUTF8SpoilsNoBatch() async throws {
        var headers = Headers()
        headers.add("x-odd", [0xFF, 0xFE])
        let server = try LoopbackServer()
        let plugin = try plugin(server)
        try await KongTest(request: .get("/odd", headers: headers)).run(plugin)
        let request = try #require(try await server.requests(1).first)
        #expect(request.body.contains("\u{FFFD}"))
        await plugin.shutdown()
        server.stop()
    }

    // MARK: Servers in trouble

    @Test(arguments: [
        [.status(500), .status(503)], [.status(429), .status(408)], [.close, .close], [.raw("nonsense\r\n\r\n"), .close],
        [.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), .status(500)],
    ] as [[LoopbackServer.Reply]])
    func aBatchIsSentAgainUntilItIsTaken(_ replies: [LoopbackServer.Reply]) async throws {
        let server = try LoopbackServer(replies)
        let plugin = try plugin(server, timeout: 500, .init(initialRetryDelay: 0.001))
        try await request("/again-and-again", plugin)
        let requests = try await server.requests(3)
        #expect(Set(requests.map(\.body)).count == 1)
        try await request("/next", plugin)
        #expect(try await server.requests(4).last?.body.contains("/next") == true)
        await plugin.shutdown()
        server.stop()
    }

    @Test func aServerThatIsNotThereYetIsWaitedFor() async throws {
        let first = try LoopbackServer()
        let port = first.port
        first.stop()
        let plugin = try HTTPLog(
            config: .init(
                httpEndpoint: "http://127.0.0.1:\(port)/", queue: .init(initialRetryDelay: 0.01, maxRetryDelay: 0.05)))
        try await request("/patient", plugin)
        var server: LoopbackServer?
        // The port may be somebody else's for a moment.
        #expect(
            await eventually {
                server = try? LoopbackServer(port: port)
                return server != nil
            })
        #expect(try await #require(server).requests(1).first?.body.contains("/patient") == true)
        await plugin.shutdown()
        server?.stop()
    }

    @Test func aServerThatDoesNotAnswerIsGivenUpAfterTheTimeout() async throws {
        let server = try LoopbackServer([.silence])
        let plugin = try plugin(server, timeout: 50)
        try await request("/slow", plugin)
        #expect(try await server.requests(2).prefix(2).map(\.connection) == [1, 2])
        await plugin.shutdown()
        server.stop()
    }

    /// With no time for retries: a connection that the server has closed is no failed attempt.
    @Test func aConnectionThatTheServerHasClosedIsReplaced() async throws {
        let server = try LoopbackServer(Array(repeating: .statusAndClose(200), count: 20))
        let plugin = try plugin(server, .init(maxRetryTime: 0))
        for number in 1...20 {
            #expect(try await request("/\(number)", plugin).isEmpty)
            _ = try await server.requests(number)
        }
        #expect(server.requests.map(\.connection) == Array(1...20))
        await plugin.shutdown()
        server.stop()
    }

    @Test func whatIsRefusedIsNotSentAgainAndKongIsTold() async throws {
        let server = try LoopbackServer([.status(400)])
        let plugin = try plugin(server)
        try await request("/bad", plugin)
        #expect(
            try await report(plugin)
                == "http-log: records lost: 1 not delivered: 127.0.0.1:\(server.port) answered with status 400")
        #expect(try await server.requests(2).filter { $0.body.contains("/bad") }.count == 1)
        await plugin.shutdown()
        server.stop()
    }

    @Test func aBatchIsGivenUpWhenItsTimeIsOver() async throws {
        let server = try LoopbackServer(Array(repeating: .status(500), count: 1000))
        let plugin = try plugin(server, .init(maxRetryTime: 0.05, initialRetryDelay: 0.001, shutdownTimeout: 0))
        try await request("/hopeless", plugin)
        #expect(try await report(plugin).contains("not delivered: 127.0.0.1:\(server.port) answered with status 500"))
        #expect(server.requests.filter { $0.body.contains("/hopeless") }.count > 1)
        await plugin.shutdown()
        server.stop()
    }

    @Test func severalConfigurationsShareNothing() async throws {
        let silent = try LoopbackServer([.silence]), server = try LoopbackServer()
        let one = try plugin(silent, .init(shutdownTimeout: 0)), other = try plugin(server)
        try await request("/one", one)
        _ = try await silent.requests(1)
        try await request("/other", other)
        _ = try await server.requests(1)
        await one.shutdown()
        await other.shutdown()
        silent.stop()
        server.stop()
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
}
