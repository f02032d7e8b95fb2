import KongClient
import Testing
import WireProtocol

/// Events that do not end by themselves.
@Suite struct EventTimeoutTests {
    private func config(_ mode: String, _ text: String = "") -> String { #"{"mode":"\#(mode)","text":"\#(text)"}"# }

    /// Its client is answered, its handler cancelled, and everything else goes on.
    @Test(arguments: WireProtocolKind.both)
    func anEventThatNeverFinishesIsAnswered(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--event-timeout", "0.3"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("never finishes"))
            for _ in 0..<2 {
                let calls = try kong.handleEvent(instance, "access", answering: exiting)
                #expect(
                    calls.map(\.plain) == [
                        .setHeader("x-before", "1"),
                        .logErr("misbehaving: access handler failed: it has taken longer than 0.3 s (--event-timeout)"), .exit500,
                    ])
            }
            #expect(server.log.contains("misbehaving: access failed: it has taken longer than 0.3 s (--event-timeout)"))
            try server.expectService()
        }
    }

    /// What it calls later is refused, and its end is nobody's business any more.
    @Test(arguments: WireProtocolKind.both)
    func aHandlerThatDoesNotCareGoesOn(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--event-timeout", "0.2"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("never finishes, and does not care", "it"))
            let calls = try kong.handleEvent(instance, "access", answering: exiting)
            #expect(calls.last?.plain == .exit500)
            _ = try kong.startInstance("misbehaving", config: config("go", "it"))
            try server.waitForLog("misbehaving: it goes on")
            try server.expectService()
        }
    }

    /// It waits for Kong, so that there is nobody to answer.
    @Test(arguments: WireProtocolKind.both)
    func anEventThatKongLeavesAloneIsCancelled(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--event-timeout", "0.2"]) { server in
            let connection = try server.connect()
            defer { connection.close() }
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("ask", "left alone"))
            try kong.handleEvent(instance, "access") { $0.method == "kong.request.get_header" ? .neverAnswers : .nothing }
            try server.waitForLog("misbehaving: left alone failed: ")
            try server.expectService()
        }
    }
}
