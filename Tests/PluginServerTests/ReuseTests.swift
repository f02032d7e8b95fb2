import KongClient
import Testing
import WireProtocol

/// Tasks, events and `Kong`s are used for one event after another: nothing of the one before may be left in them.
@Suite struct ReuseTests {
    private static let plugins = ["reuse": "reuse", "goplug": "recorded_goplug", "tencalls": "recorded_tencalls"]
    private static let fresh = PDKCall.setHeader("x-cancelled", "false")

    private func start(_ kong: KongClient, _ mode: String) throws -> Int64 {
        try kong.startInstance("reuse", config: #"{"mode":"\#(mode)"}"#)
    }

    /// As Kong has it: `kong.response.exit` does not return.
    private func handle(_ kong: KongClient, _ instance: Int64, _ phase: String) throws -> [PDKCall] {
        try kong.handleEvent(instance, phase) { $0.method == "kong.response.exit" ? .neverAnswers : .nothing }
    }

    @Test(arguments: WireProtocolKind.both)
    func aHandlerThatNeverWaits(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let before = PDKCall.setHeader("x-before", "1")
            for _ in 0..<3 {
                #expect(try handle(kong, start(kong, ""), "rewrite") == [before])
                let failed = try handle(kong, start(kong, "fail"), "rewrite")
                #expect(failed.map(\.method) == [before.method, "kong.log.err", "kong.response.exit"])
                #expect(failed.last?.arguments.first == 500)
                let exited = try handle(kong, start(kong, "exit"), "rewrite")
                #expect(exited.map(\.method) == [before.method, "kong.response.exit"])
                #expect(exited.last?.arguments.first == 403)
            }
            #expect(server.log.contains("reuse: rewrite failed: Failure()"))
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func anEventAfterOneThatFailed(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins, flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let (good, bad, out) = (try start(kong, ""), try start(kong, "fail"), try start(kong, "exit"))
            for _ in 0..<20 {
                #expect(try handle(kong, bad, "access").map(\.method).suffix(2) == ["kong.log.err", "kong.response.exit"])
                #expect(try handle(kong, out, "access").map(\.method).last == "kong.response.exit")
                #expect(try handle(kong, good, "access") == [Self.fresh])
            }
        }
    }

    /// A task stays cancelled, so it must not get another event.
    @Test func anEventAfterOneThatWasCancelled() throws {
        try TestServer.run(Self.plugins, flags: ["--loops", "1"]) { server in
            let kong = server.kong(.protoBuf)
            let instance = try start(kong, "ask")
            let count = 10
            let connections = try (0..<count).map { _ in
                let connection = try server.connect()
                try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
                for _ in 0..<4 { _ = try connection.receiveFrame() }
                return connection
            }
            for connection in connections { connection.close() }
            #expect(eventually { server.log.split(separator: "\n").count { $0.contains("reuse: access is cancelled") } == count })
            for _ in 0..<3 * count {
                let calls = try kong.handleEvent(instance, "access") { $0.method == "kong.request.get_host" ? .value("a") : .nothing }
                #expect(calls == [Self.fresh, PDKCall("kong.request.get_host")])
            }
        }
    }

    /// What a handler leaves behind keeps its event, which is over, and never gets another's.
    @Test(arguments: WireProtocolKind.both, ["rewrite", "access"])
    func aTaskThatIsLeftBehind(_ wireProtocol: WireProtocolKind, _ phase: String) throws {
        try TestServer.run(Self.plugins, flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try start(kong, "leave")
            let count = 10
            for _ in 0...count {
                let calls = try kong.handleEvent(instance, phase)
                #expect(calls.map(\.method) == ["kong.service.request.set_header"])
            }
            // One that begins to wait after its successor has looked for it is let go by a later event.
            #expect(
                try eventually {
                    _ = try kong.handleEvent(instance, phase)
                    return server.log.split(separator: "\n").count { $0.hasSuffix("reuse: left behind: eventOver") } >= count
                })
            #expect(!server.log.contains("has got an answer"))
        }
    }
}
