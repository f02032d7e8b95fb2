import Foundation
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

    /// One that ends with the plugin; without the Swift runtime's own backtraces, which take seconds each.
    private func start(_ plugins: [String: String] = Plugins.goodAndBad, flags: [String] = []) throws -> TestServer {
        try TestServer(plugins, flags: ["--no-supervisor"] + flags, environment: ["SWIFT_BACKTRACE=enable=no"])
    }

    /// Lets an event crash, and returns what Kong was asked to do, once the server has ended.
    private func crash(
        _ server: TestServer, _ wireProtocol: WireProtocolKind, _ mode: String, _ how: String, phase: String = "access"
    ) throws -> [PDKCall] {
        let kong = server.kong(wireProtocol)
        let instance = try kong.startInstance("misbehaving", config: config(mode, how))
        let calls = try kong.handleEvent(instance, phase) {
            $0.method == "kong.request.get_method" ? .value("GET") : exiting($0)
        }
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

    /// Kong 3 repeats an event whose connection is closed, and makes a failure of one that is reset, as the kernel does it where
    /// something has not been read.
    @Test func whoeverElseIsConnectedSeesAnEnd() throws {
        let server = try start(flags: ["--loops", "1", "--handler-warning", "0.2", "--handler-limit", "3"])
        let bystander = try server.connect()
        // [0, 1, "plugin.CloseInstance", [0]]: the server has accepted it.
        let request = [0x94, 0x00, 0x01, 0xb4] + Array("plugin.CloseInstance".utf8) + [0x91, 0x00]
        try bystander.send(request)
        _ = try bystander.receiveMessagePack("notification of the process")
        _ = try bystander.receiveMessagePack()
        let kong = server.kong(.messagePack)
        let instance = try kong.startInstance("misbehaving", config: config("crash", "endless loop"))
        let thread = Thread { _ = try? kong.handleEvent(instance, "access") }
        thread.start()
        try server.waitForLog("has held its loop for")
        // Nobody reads this any more.
        try bystander.send(request)
        #expect(try bystander.receiveUntilClosed() == [])
        bystander.close()
        #expect(try server.process.waitForEnd(within: .seconds(60)) != .exited(0))
        #expect(eventually { thread.isFinished })
    }

    @Test(arguments: WireProtocolKind.both)
    func aTaskIsItsEvents(_ wireProtocol: WireProtocolKind) throws {
        let server = try start()
        let calls = try crash(server, wireProtocol, "crash after a call", "fatalError")
        #expect(calls.dropFirst().map(\.plain) == answer(wireProtocol))
        #expect(server.log.contains("[critical] misbehaving: access task crashed: "), "\(server.log)")
    }

    /// What is woken by another thread is known to be the plugin's, and no more.
    @Test(arguments: WireProtocolKind.both)
    func aTaskOfAnotherThreadIsThePlugins(_ wireProtocol: WireProtocolKind) throws {
        let server = try start()
        let kong = server.kong(wireProtocol)
        let instance = try kong.startInstance("misbehaving", config: config("crash after a sleep", "null"))
        #expect(throws: KongClientError.self) { try kong.handleEvent(instance, "access") }
        _ = try server.process.waitForEnd(within: .seconds(60))
        #expect(server.log.contains("[critical] misbehaving: task crashed: SIGSEGV at 0x8, thread "), "\(server.log)")
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

    @Test(arguments: [("init crashes", "start"), ("init crashes later", "task")])
    func aStartIsNamed(_ mode: String, _ activity: String) throws {
        let server = try start()
        let kong = server.kong(.messagePack)
        #expect(throws: KongClientError.self) { try kong.startInstance("misbehaving", config: config(mode, "null")) }
        _ = try server.process.waitForEnd(within: .seconds(60))
        #expect(server.log.contains("[critical] misbehaving: \(activity) crashed: SIGSEGV at 0x8, thread "), "\(server.log)")
    }

    // MARK: In C

    /// Crashes where its configuration says: on the loop in a completion or in a task, or on a thread of the pool.
    private static let source = #"""
        #include <string.h>
        static const kong_host *the_host;
        static kong_method get_method;
        static kong_string text(const char *s) { return (kong_string){s, strlen(s)}; }
        static void crash(void) { *(volatile int *)8 = 1; }
        static void complete(void *c, kong_status s, const kong_value *r, kong_string m) { crash(); }
        static void task(void *context) { crash(); }
        static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {
            the_host->started(the_host, s, KONG_OK, text(""), NULL);
        }
        static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) {
            HANDLE
            return NULL;
        }
        static kong_value schema = {.type = KONG_MAP};
        static kong_entry entries[2];
        static kong_plugin plugin;
        const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
            the_host = host;
            get_method = host->find_method(host, text("kong.request.get_method"));
            entries[0].key = text("type");
            entries[0].value = (kong_value){.type = KONG_STRING, .string = text("record")};
            entries[1].key = text("fields");
            entries[1].value.type = KONG_ARRAY;
            schema.map = (kong_map){entries, 2};
            plugin.size = sizeof plugin;
            plugin.flags = FLAGS;
            plugin.version = text("1.0.0");
            plugin.phases = KONG_PHASE_BIT(KONG_ACCESS);
            plugin.config_schema = &schema;
            plugin.start = start;
            plugin.handle = handle;
            return &plugin;
        }
        """#

    private static let completion = "the_host->call(the_host, e, get_method, NULL, 0, complete, NULL, NULL);"
    private static let task = "the_host->schedule(the_host, l, task, NULL);"

    @Test(arguments: [
        (completion, "0", "completion"), (task, "0", "task"), ("crash();", "0", "handler"),
        ("crash();", "KONG_PLUGIN_BLOCKING", "handler"), (completion, "KONG_PLUGIN_BLOCKING", "handler"),
        (task + " for (volatile int wait = 1; wait;) {}", "KONG_PLUGIN_BLOCKING", "task"),
    ])
    func whereAPluginInCCrashes(_ handle: String, _ flags: String, _ activity: String) throws {
        for wireProtocol in WireProtocolKind.both {
            let source = "#define HANDLE \(handle)\n#define FLAGS \(flags)\n\(Self.source)"
            let server = try TestServer(
                [:], flags: ["--no-supervisor"], environment: ["SWIFT_BACKTRACE=enable=no"], prepare: { try Plugins.compile(source, named: "wild", into: $0) })
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("wild", config: "{}")
            let calls = try kong.handleEvent(instance, "access", answering: exiting)
            _ = try server.process.waitForEnd(within: .seconds(60))
            #expect(calls.last?.plain == .exit500)
            #expect(server.log.contains("[critical] wild: access \(activity) crashed: SIGSEGV at 0x8, instance "), "\(server.log)")
            #expect(server.log.contains(", answered, "), "\(server.log)")
        }
    }

    /// Threads that plugins start: there is no event to be answered, but somebody to be named.
    @Test func aThreadOfAPluginThatUsesUpItsStackIsItsPlugins() throws {
        let handle = "pthread_t thread; pthread_create(&thread, NULL, dive, NULL); for (volatile int wait = 1; wait;) usleep(1000);"
        let source = """
            #include <pthread.h>
            #include <unistd.h>
            static int descend(int depth) { volatile char room[4096]; room[depth % 4096] = 1; return descend(depth + 1) + room[7]; }
            static void *dive(void *none) { return (void *)(long)descend(1); }
            #define HANDLE \(handle)
            #define FLAGS KONG_PLUGIN_BLOCKING
            \(Self.source)
            """
        try TestServer.run(prepare: { try Plugins.compile(source, named: "wild", into: $0) }) { server in
            let kong = server.kong(.protoBuf)
            let instance = try kong.startInstance("wild", config: "{}")
            #expect(throws: KongClientError.self) { try kong.handleEvent(instance, "access") }
            // It has one plugin more, which is not to blame.
            try server.waitForLog("plugin wild has ended 1 worker")
            #expect(server.log.contains("the server crashed: SIGSEGV at 0x"), "\(server.log)")
            #expect(server.log.contains("descend in \(server.plugins)/wild.so + 0x"), "\(server.log)")
        }
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
