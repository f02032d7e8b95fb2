import KongPDK
import KongPDKTesting
import Testing

/// A plugin whose handlers are the test's own.
private struct Scripted: Plugin, RewritePhase, AccessPhase, ResponsePhase, LogPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {}

    typealias Handler = @Sendable (Kong) async throws -> Void
    var onRewrite: Handler = { _ in }
    var onAccess: Handler = { _ in }
    var onResponse: Handler = { _ in }
    var onLog: Handler = { _ in }

    init(config: Config) {}
    init(
        rewrite: @escaping Handler = { _ in }, access: @escaping Handler = { _ in }, response: @escaping Handler = { _ in },
        log: @escaping Handler = { _ in }
    ) {
        onRewrite = rewrite
        onAccess = access
        onResponse = response
        onLog = log
    }

    func rewrite(_ kong: Kong) async throws { try await onRewrite(kong) }
    func access(_ kong: Kong) async throws { try await onAccess(kong) }
    func response(_ kong: Kong) async throws { try await onResponse(kong) }
    func log(_ kong: Kong) async throws { try await onLog(kong) }
}

private struct OddError: Error, Equatable, CustomStringConvertible {
    var description: String { "something odd" }
}

@Suite("Tests of plugins without Kong") struct KongTestTests {
    @Test func theServiceGetsWhatThePluginSets() async throws {
        let kong = KongTest(request: .get("/mock/request?a=1", headers: ["host": "example.com", "x-from": "client"]))
        try await kong.run(
            Scripted(access: { kong in
                let host = try await kong.request.header("host") ?? "nobody"
                try kong.service.request.setHeader("x-greeting", "hello, \(host)")
                try kong.service.request.addHeader("x-from", "plugin")
            }))
        #expect(kong.service.request.headers["X-Greeting"] == "hello, example.com")
        #expect(kong.service.request.headers.values("x-from") == ["client", "plugin"])
        #expect(kong.service.request.method == "GET")
        #expect(kong.service.request.path == "/mock/request")
        #expect(kong.service.request.query == "a=1")
    }

    @Test func theServicesReplyReachesTheClientThroughThePlugin() async throws {
        let kong = KongTest(
            request: .post("/echo", headers: ["content-type": "text/plain"], body: "ping"), service: .echoes)
        try await kong.run(
            Scripted(response: { kong in
                let status = try await kong.response.status()
                try kong.response.setHeader("x-status", "\(status)")
            }))
        #expect(kong.response.status == 200)
        #expect(kong.response.bodyText == "ping")
        #expect(kong.response.headers["x-status"] == "200")
        #expect(kong.service.response?.headers["x-status"] == nil)
    }

    @Test func anExitAnswersTheClientAndEndsTheHandlerButNotTheLog() async throws {
        let kong = KongTest()
        try await kong.run(
            Scripted(
                access: { kong in try kong.response.exit(403, body: "no", headers: ["x-why": "because"]) },
                response: { _ in Issue.record("the response phase ran") },
                log: { kong in try kong.log.notice("logged \(try await kong.response.status())") }))
        #expect(kong.hasExited)
        #expect(kong.response.status == 403)
        #expect(kong.response.bodyText == "no")
        #expect(kong.response.headers["x-why"] == "because")
        #expect(kong.service.response == nil)
        #expect(kong.log.map(\.text) == ["logged 403"])
    }

    @Test func aHandlerThatThrowsMakesKongAnswerWith500AndFailsTheTest() async throws {
        let kong = KongTest()
        await #expect(throws: OddError()) { try await kong.run(Scripted(access: { _ in throw OddError() })) }
        #expect(kong.response.status == 500)
        #expect(kong.log.map(\.description) == ["[err] Scripted: access handler failed: something odd"])
    }

    @Test func aQueuedCallThatKongRefusesIsThrownAtTheEndOfTheHandler() async throws {
        let kong = KongTest()
        kong.fail("kong.service.request.set_path", with: .raise("path is not to Kong's taste"))
        let error = await #expect(throws: PDKError.self) {
            try await kong.run(
                Scripted(access: { kong in
                    try kong.service.request.setRawQuery("ok")
                    try kong.service.request.setPath("/path")
                    // Kong has given the request up by now.
                    if (try? await kong.request.method()) != nil { Issue.record("Kong answered all the same") }
                }))
        }
        #expect(error?.code == .refused)
        #expect(error?.method == "kong.service.request.set_path")
        #expect(kong.response.status == 500)
    }

    @Test func aCallInAPhaseThatKongForbidsIsRefusedBeforeItIsSent() async throws {
        let kong = KongTest()
        try await kong.run(
            Scripted(log: { kong in
                #expect(throws: PDKError.self) { try kong.service.request.setHeader("x", "y") }
            }))
        #expect(kong.calls.isEmpty)
    }

    @Test func aCallThatTheProtocolCannotCarryIsRefused() async throws {
        let plugin = Scripted(access: { kong in _ = try await kong.node.hostname() })
        let error = await #expect(throws: PDKError.self) { try await KongTest().run(plugin) }
        #expect(error?.code == .unsupported)
        try await KongTest(over: .messagePack).run(plugin)
    }

    @Test func callsAreCountedAndSoAreRoundTrips() async throws {
        let kong = KongTest(request: .get("/", headers: ["host": "h"]))
        try await kong.run(
            Scripted(access: { kong in
                for number in 1...10 { try kong.service.request.setHeader("x-\(number)", "\(number)") }
            }), .access)
        #expect(kong.calls.count == 10)
        #expect(kong.calls.first?.description == #"kong.service.request.set_header("x-1", "1")"#)
        #expect(kong.roundTrips == 1)
        try await kong.run(
            Scripted(access: { kong in
                _ = try await kong.request.method()
                async let host = kong.request.host()
                async let path = kong.request.path()
                _ = try await (host, path)
            }), .access)
        // One for the first, one for the two that travel together, one for the end.
        #expect(kong.roundTrips == 1 + 3)
    }

    @Test func injectedFailuresReachThePlugin() async throws {
        let kong = KongTest()
        kong.fail("kong.client.get_consumer", with: .error("database is away"), times: 1)
        try await kong.run(
            Scripted(access: { kong in
                do throws(PDKError) {
                    _ = try await kong.client.consumer()
                    Issue.record("it did not fail")
                } catch {
                    #expect(error.code == .refused && error.message == "database is away")
                }
                // Only once.
                let consumer = try await kong.client.consumer()
                #expect(consumer == nil)
            }))

        let gone = KongTest()
        gone.fail("kong.request.get_method", with: .disconnect)
        let error = await #expect(throws: PDKError.self) {
            try await gone.run(Scripted(access: { kong in _ = try await kong.request.method() }))
        }
        #expect(error?.code == .cancelled)

        let raised = KongTest()
        raised.fail("kong.request.get_method", with: .raise("no such thing"))
        await #expect(throws: PDKError.self) {
            try await raised.run(Scripted(access: { kong in _ = try await kong.request.method() }))
        }
        #expect(raised.response.status == 500)
    }

    @Test func anAnswerOfAWrongTypeIsAnErrorOfTheCall() async throws {
        let kong = KongTest()
        kong.answer("kong.request.get_method", with: ["a": 1])
        try await kong.run(
            Scripted(access: { kong in
                do throws(PDKError) {
                    _ = try await kong.request.method()
                    Issue.record("a map passed for a method")
                } catch {
                    #expect(error.code == .unexpectedResult)
                }
            }))
    }

    @Test func whatIsSetUpIsWhatThePluginSees() async throws {
        let kong = KongTest()
        kong.withExchange { exchange in
            exchange.consumer = ["id": "c1", "username": "ada"]
            exchange.shared["tenant"] = "t1"
        }
        try await kong.run(
            Scripted(access: { kong in
                #expect(try await kong.client.consumer()?.username == "ada")
                #expect(try await kong.ctx.shared.get("tenant") == "t1")
                try kong.ctx.shared.set("seen", true)
            }))
        #expect(kong.shared("seen") == true)
    }

    @Test func pluginsRunOneAfterTheOtherOnOneRequest() async throws {
        let kong = KongTest()
        try await kong.run(Scripted(access: { kong in try kong.ctx.shared.set("from", "first") }), .access)
        try await kong.run(
            Scripted(access: { kong in
                try kong.service.request.setHeader("x-from", try await kong.ctx.shared.get("from").stringValue ?? "-")
            }), .access)
        kong.finish()
        #expect(kong.service.request.headers["x-from"] == "first")
        #expect(kong.response.status == 200)
    }

    @Test func handlersMayUseTasksActorsAndOtherThreads() async throws {
        actor Counter {
            var count = 0
            func next() -> Int {
                count += 1
                return count
            }
        }
        let counter = Counter()
        let kong = KongTest()
        try await kong.run(
            Scripted(access: { kong in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<10 {
                        group.addTask { try kong.service.request.setHeader("x-\(await counter.next())", "1") }
                    }
                    try await group.waitForAll()
                }
                try await Task.detached { try kong.service.request.setHeader("x-detached", "1") }.value
                try await kong.flush()
            }))
        #expect(kong.service.request.headers.filter { $0.name.hasPrefix("x-") }.count == 11)
    }

    @Test(arguments: 0..<20) func manyTestsRunSideBySide(_ number: Int) async throws {
        let kong = KongTest(request: .get("/", headers: ["x-number": "\(number)"]))
        try await kong.run(
            Scripted(access: { kong in
                for _ in 0..<50 {
                    let own = try await kong.request.header("x-number") ?? ""
                    try kong.service.request.setHeader("x-own", own)
                }
            }))
        #expect(kong.service.request.headers["x-own"] == "\(number)")
    }
}
