import LoopbackHTTP
import Testing

@testable import http_log

@Suite(.timeLimit(.minutes(2))) struct LogQueueTests {
    private func queue(
        _ server: LoopbackServer, timeout: Int = 3_600_000, _ limits: HTTPLog.Queue = .init()
    ) throws -> LogQueue {
        try LogQueue(limits, HTTPClient(.init(httpEndpoint: server.url(), timeout: timeout)))
    }

    @Test func aFullQueueDropsWhatComesAndTellsOnce() async throws {
        let gate = Gate()
        let server = try LoopbackServer([.statusWhenOpened(gate, 200)])
        let queue = try queue(server, .init(maxEntries: 2))
        #expect(await queue.append("1") == nil)
        _ = try await server.requests(1)
        // What is on its way is still in the queue.
        #expect(await queue.append("2") == nil)
        #expect(await queue.append("3") == "http-log: records lost: 1 dropped, since the queue was full")
        #expect(await queue.append("4") == nil)
        #expect(await queue.append("5") == nil)
        gate.open()
        _ = try await server.requests(2)
        #expect(await queue.close() == "http-log: records lost: 2 dropped, since the queue was full")
        #expect(server.requests.map(\.body) == ["1", "2"])
        server.stop()
    }

    @Test func bytesAreBoundedToo() async throws {
        let gate = Gate()
        let server = try LoopbackServer([.statusWhenOpened(gate, 200)])
        let queue = try queue(server, .init(maxBytes: 10))
        #expect(await queue.append("12345678901")?.contains("1 dropped") == true)
        #expect(await queue.append("123456") == nil)
        #expect(await queue.append("12345") == nil)
        #expect(await queue.append("1234") == nil)
        gate.open()
        #expect(try await server.requests(2).map(\.body) == ["123456", "1234"])
        // There is room again.
        while try await server.requests(2).count < 3 { _ = await queue.append("1234567890") }
        #expect(await queue.close()?.hasPrefix("http-log: records lost: ") == true)
        server.stop()
    }

    @Test func closingSendsWhatIsThereAndDoesNotWaitForMore() async throws {
        let server = try LoopbackServer()
        let queue = try queue(server, .init(maxBatchSize: 2, maxCoalescingDelay: 3600, shutdownTimeout: 3600))
        for number in 1...5 { _ = await queue.append("\(number)") }
        #expect(await queue.close() == nil)
        #expect(server.requests.map(\.body) == ["[1,2]", "[3,4]", "[5]"])
        server.stop()
    }

    @Test(arguments: [LoopbackServer.Reply.silence, .status(500)])
    func closingEndsInTimeAndCountsWhatIsLost(_ reply: LoopbackServer.Reply) async throws {
        let server = try LoopbackServer(Array(repeating: reply, count: 10_000))
        let queue = try queue(server, .init(maxRetryTime: 3600, maxRetryDelay: 3600, shutdownTimeout: 0.1))
        for number in 1...3 { _ = await queue.append("\(number)") }
        _ = try await server.requests(1)
        #expect(await queue.close() == "http-log: records lost: 3 not delivered: there was no time left")
        server.stop()
    }

    @Test func closingAnIdleQueueTakesNoTime() async throws {
        let server = try LoopbackServer()
        let queue = try queue(server, .init(shutdownTimeout: 3600))
        #expect(await queue.close() == nil)
        server.stop()
    }
}
