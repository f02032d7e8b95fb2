import Glibc
import KongClient
import Testing
import WireProtocol

/// Plugins that end the process: who it was is known, and the client of the event is answered.
@Suite struct CrashTests {
    private func config(_ mode: String, _ text: String) -> String { #"{"mode":"\#(mode)","text":"\#(text)"}"# }

    /// How a plugin can crash, and what the log says of it.
    static let ways: [(how: String, says: [String])] = [
        ("fatalError", ["crashed: \(trap) at 0x", "Fatal error: a mistake was made"]),
        ("out of bounds", ["crashed: \(trap) at 0x", "Fatal error: Index out of range"]),
        ("nil", ["crashed: \(trap) at 0x", "Fatal error: Unexpectedly found nil while unwrapping an Optional value"]),
        ("null", ["crashed: SIGSEGV at 0x8,"]),
        ("abort", ["crashed: SIGABRT at 0x"]),
        ("exit", ["called exit(0),"]),
        ("stack overflow", ["crashed: SIGSEGV at 0x"]),
        ("out of memory", ["crashed: SIG"]),
    ]

    #if arch(x86_64)
        private static let trap = "SIGILL"
    #else
        private static let trap = "SIGTRAP"
    #endif

    /// Without the Swift runtime's own backtraces, which take seconds each.
    private func start(_ plugins: [String: String] = Plugins.goodAndBad, flags: [String] = []) throws -> TestServer {
        try TestServer(plugins, flags: flags, environment: ["SWIFT_BACKTRACE=enable=no"])
    }

    /// Lets an event crash, and returns what Kong was asked to do, once the server has ended.
    private func crash(
        _ server: TestServer, _ wireProtocol: WireProtocolKind, _ mode: String, _ how: String, phase: String = "access"
    ) throws -> [PDKCall] {
        let kong = server.kong(wireProtocol)
        let instance = try kong.startInstance("misbehaving", config: config(mode, how))
        let calls = try kong.handleEvent(instance, phase, answering: exiting)
        let end = try server.process.waitForEnd(within: .seconds(60))
        #expect(how == "exit" ? end == .exited(0) : end != .exited(0), "\(end)")
        #expect(server.log.contains(", instance \(instance), event "), "\(server.log)")
        return calls
    }

    private func logLine(_ phase: String) -> PDKCall {
        .logErr("misbehaving: \(phase) handler failed: the plugin has crashed; the server's log says how")
    }

    /// Over MessagePack Kong would come back from the line in its log, to nobody.
    private func answer(_ wireProtocol: WireProtocolKind) -> [PDKCall] {
        wireProtocol == .protoBuf ? [logLine("access"), .exit500] : [.exit500]
    }

    @Test(arguments: WireProtocolKind.both, ways)
    func theClientIsAnsweredAndTheLogNamesThePlugin(
        _ wireProtocol: WireProtocolKind, _ way: (how: String, says: [String])
    ) throws {
        let server = try start()
        let calls = try crash(server, wireProtocol, "crash", way.how)
        #expect(calls.map(\.plain) == answer(wireProtocol))
        let log = server.log
        #expect(log.contains("[critical] misbehaving: access handler \(way.says[0])"), "\(log)")
        for text in way.says { #expect(log.contains(text), "\(log)") }
        #expect(log.contains(", answered, thread "))
        #expect(log.contains(" in \(try #require(realpath("\(server.plugins)/misbehaving.so", nil).map { String(cString: $0) }))"), "\(log)")
    }

    @Test(arguments: WireProtocolKind.both)
    func anEndlessLoopIsEnded(_ wireProtocol: WireProtocolKind) throws {
        let server = try start(flags: ["--handler-warning", "0.2", "--handler-limit", "0.6"])
        #expect(try crash(server, wireProtocol, "crash", "endless loop").map(\.plain) == answer(wireProtocol))
        #expect(server.log.contains("misbehaving: access handler has held its loop for 0."))
        #expect(server.log.contains("[critical] misbehaving: access handler held its loop for 0."))
    }

    @Test(arguments: WireProtocolKind.both)
    func aTaskIsItsEvents(_ wireProtocol: WireProtocolKind) throws {
        for mode in ["crash after a call", "crash after a sleep"] {
            let server = try start()
            let calls = try crash(server, wireProtocol, mode, "fatalError")
            #expect(calls.filter { $0.method != "kong.request.get_method" }.map(\.plain) == answer(wireProtocol))
            #expect(server.log.contains("[critical] misbehaving: access "), "\(server.log)")
        }
    }

    /// Nobody waits for an answer there, but Kong for the event's end.
    @Test(arguments: WireProtocolKind.both)
    func inTheLogPhaseKongIsToldThatItIsOver(_ wireProtocol: WireProtocolKind) throws {
        let server = try start()
        let calls = try crash(server, wireProtocol, "crash", "null", phase: "log")
        #expect(calls == (wireProtocol == .protoBuf ? [logLine("log")] : []))
        #expect(server.log.contains("[critical] misbehaving: log handler crashed: SIGSEGV at 0x8, instance "))
    }

    /// What has not been sent is not done any more.
    @Test(arguments: WireProtocolKind.both)
    func whatWasQueuedIsLost(_ wireProtocol: WireProtocolKind) throws {
        let server = try start()
        #expect(try crash(server, wireProtocol, "queue, then crash", "null").map(\.plain) == answer(wireProtocol))
    }

    @Test(arguments: ["init crashes", "init crashes later"])
    func aStartIsNamed(_ mode: String) throws {
        let server = try start()
        let kong = server.kong(.messagePack)
        #expect(throws: KongClientError.self) { try kong.startInstance("misbehaving", config: config(mode, "null")) }
        _ = try server.process.waitForEnd(within: .seconds(60))
        #expect(server.log.contains("[critical] misbehaving: start crashed: SIGSEGV at 0x8, thread "), "\(server.log)")
    }

    /// Kong's users look into the diagnostics file, since Kong hides standard error.
    @Test func theDiagnosticsFileHasItToo() throws {
        let server = try start()
        _ = try crash(server, .protoBuf, "crash", "null")
        let text = server.directory.text(of: "logs/swift-pluginserver.log")
        #expect(
            text.contains(
                "[critical] \(server.process.pid): misbehaving: access handler crashed: SIGSEGV at 0x8, instance "), "\(text)")
    }

    /// A signal from outside is nobody's crash.
    @Test func aSignalOfAnotherProcessIsNoPlugins() throws {
        let server = try start()
        server.process.send(SIGSEGV)
        _ = try server.process.waitForEnd(within: .seconds(60))
        #expect(server.log.contains("[critical] the server was sent SIGSEGV by process \(getpid()), thread "), "\(server.log)")
    }
}
