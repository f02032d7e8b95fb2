import Foundation
import KongClient
import KongSimulator
import Testing
import WireProtocol

/// Plugins that block have threads of their own, and nobody else waits for them.
@Suite struct BlockingTests {
    private static let source = #"""
        #include "kong_pdk.h"
        #include <stdio.h>
        #include <unistd.h>

        struct config { int64_t milliseconds; const char *mode; const char *gate; };
        static const kong_field fields[] = {
            KONG_FIELD(struct config, milliseconds, "default: 0"),
            KONG_FIELD(struct config, mode, "default: '', len_min: 0"),
            KONG_FIELD(struct config, gate, "default: '', len_min: 0"),
        };

        static kong_status start(struct config *config, const char **message) {
            if (strcmp(config->mode, "no start") == 0) { *message = "there is no database"; return KONG_FAILED; }
            if (strcmp(config->mode, "slow start") == 0) usleep((unsigned)config->milliseconds * 1000);
            return KONG_OK;
        }

        static void stop(struct config *config) { fprintf(stderr, "stopped %s\n", config->mode); }

        static kong_status handle(const kong_pdk *kong, const struct config *config) {
            kong_string host;
            if (strcmp(config->mode, "ten") == 0) {
                for (int i = 0; i < 10; i++) kong->service_request->set_header(kong, "x-a", "b");
                return KONG_OK;
            }
            if (strcmp(config->mode, "flush") == 0) {
                kong->service_request->set_header(kong, "x-a", "b");
                kong_status status = kong->flush(kong);
                fprintf(stderr, "flushed %d\n", (int)status);
                return kong->service_request->set_header(kong, "x-c", "d");
            }
            if (strcmp(config->mode, "gate") == 0) {
                fprintf(stderr, "at the gate\n");
                while (access(config->gate, F_OK) != 0) usleep(1000);
            }
            if (config->milliseconds > 0) usleep((unsigned)config->milliseconds * 1000);
            kong->service_request->set_header(kong, "x-first", "1");
            kong_status status = kong->request->get_header(kong, "host", &host);
            if (status != KONG_OK) {
                kong_status next = kong->log->notice(kong, "x");
                fprintf(stderr, "host: %d, then %d: %s\n", (int)status, (int)next, kong->error(kong).data);
                return status;
            }
            return kong->service_request->set_header(kong, "x-host", host.data ? host.data : "-");
        }

        KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config),
                    KONG_HANDLER(KONG_LOG, handle, struct config), KONG_START(start, struct config),
                    KONG_STOP(stop, struct config))
        """#

    private static func run(flags: [String] = [], _ body: (TestServer) throws -> Void) throws {
        try TestServer.run(
            ["goplug": "recorded_goplug", "blocking": "blocking"], flags: flags,
            prepare: { try Plugins.compileWhole(source, named: "slow", into: $0) }, body)
    }

    private static func start(_ kong: KongClient, _ mode: String = "", _ milliseconds: Int = 0, gate: String = "") throws -> Int64 {
        try kong.startInstance("slow", config: #"{"mode":"\#(mode)","milliseconds":\#(milliseconds),"gate":"\#(gate)"}"#)
    }

    private static let hostCalls = [
        PDKCall("kong.service.request.set_header", ["x-first", "1"]), PDKCall("kong.request.get_header", ["host"]),
        PDKCall("kong.service.request.set_header", ["x-host", "h"]),
    ]

    private static func host(_ call: PDKCall) -> PDKReply { call.method == "kong.request.get_header" ? .value("h") : .nothing }

    @Test(arguments: WireProtocolKind.both)
    func theLoopDoesNotWaitForThem(_ wireProtocol: WireProtocolKind) throws {
        try Self.run(flags: ["--loops", "1", "--blocking-threads", "2"]) { server in
            let gate = server.directory.file("gate")
            let kong = server.kong(wireProtocol)
            let instance = try Self.start(kong, "gate", gate: gate)
            let held = DispatchQueue.global()
            let group = DispatchGroup()
            nonisolated(unsafe) var calls: [[PDKCall]] = [[], []]
            for index in 0..<2 {
                held.async(group: group) {
                    calls[index] = (try? server.kong(wireProtocol).handleEvent(instance, "access", answering: Self.host)) ?? []
                }
            }
            guard eventually({ server.log.components(separatedBy: "at the gate").count == 3 }) else {
                throw TestFailure("the handlers do not run")
            }
            // Both threads are blocked, and the only loop serves.
            try server.expectService()
            try Data().write(to: URL(fileURLWithPath: gate))
            group.wait()
            #expect(calls == [Self.hostCalls, Self.hostCalls])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func manyEventsShareFewThreads(_ wireProtocol: WireProtocolKind) throws {
        try Self.run(flags: ["--loops", "2", "--blocking-threads", "3"]) { server in
            let instance = try Self.start(server.kong(wireProtocol))
            try onThreads(8) { _ in
                let kong = server.kong(wireProtocol)
                for _ in 0..<50 {
                    let calls = try kong.handleEvent(instance, "access", answering: Self.host)
                    guard calls == Self.hostCalls else { throw TestFailure("\(calls)") }
                }
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func overTheLimitOfTheQueueComes503(_ wireProtocol: WireProtocolKind) throws {
        try Self.run(flags: ["--blocking-threads", "1", "--blocking-queue", "1"]) { server in
            let gate = server.directory.file("gate")
            let kong = server.kong(wireProtocol)
            let instance = try Self.start(kong, "gate", gate: gate)
            let group = DispatchGroup()
            func event() {
                DispatchQueue.global().async(group: group) {
                    _ = try? server.kong(wireProtocol).handleEvent(instance, "access", answering: Self.host)
                }
            }
            event()
            try server.waitForLog("at the gate")
            // One waits; which of the next two it is, is theirs to find out.
            nonisolated(unsafe) var refused: [[PDKCall]] = []
            let lock = NSLock()
            for _ in 0..<2 {
                DispatchQueue.global().async(group: group) {
                    let calls = (try? server.kong(wireProtocol).handleEvent(instance, "access") { call in
                        call.method == "kong.response.exit" ? .neverAnswers : Self.host(call)
                    }) ?? []
                    lock.withLock { refused.append(calls) }
                }
            }
            try server.waitForLog("slow: access: too many events wait for a thread (--blocking-queue)")
            // In a phase where no client waits there is only the line.
            let log = try kong.handleEvent(instance, "log")
            #expect(log.map(\.method) == ["kong.log.err"])
            try Data().write(to: URL(fileURLWithPath: gate))
            group.wait()
            let answered = refused.first { $0.first?.method == "kong.log.err" }
            #expect(answered?.map(\.method) == ["kong.log.err", "kong.response.exit"])
            #expect(answered?.last?.arguments.first == 503)
            try server.expectService()
        }
    }

    /// Calls without a result leave with the end of the event, all in one go.
    @Test func voidCallsAreNotWaitedFor() throws {
        try Self.run { server in
            let instance = try Self.start(server.kong(.protoBuf), "ten")
            let connection = try server.connect()
            defer { connection.close() }
            try connection.send(KongClient.framed(Proto.handleEvent(2, instance, "access")))
            // Kong answers nothing yet, and all of it comes.
            for _ in 0..<10 {
                #expect(String(decoding: try connection.receiveFrame(), as: UTF8.self) == "kong.service.request.set_header")
                _ = try connection.receiveFrame()
            }
            #expect(try connection.receiveFrame() == [])
            let end = try connection.receiveFrame()
            #expect(!end.isEmpty)
            for _ in 0..<10 { try connection.send(KongClient.framed([])) }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func flushWaits(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try Self.start(kong, "flush")
            let calls = try kong.handleEvent(instance, "access")
            #expect(calls.count == 2)
            try server.waitForLog("flushed 0")
        }
    }

    @Test func whoWaitsWhenTheConnectionIsGoneIsTold() throws {
        try Self.run { server in
            let instance = try Self.start(server.kong(.protoBuf))
            let connection = try server.connect()
            try connection.send(KongClient.framed(Proto.handleEvent(2, instance, "access")))
            while try String(decoding: connection.receiveFrame(), as: UTF8.self) != "kong.request.get_header" {
                _ = try connection.receiveFrame()
            }
            connection.close()
            try server.waitForLog("host: 3, then 3: kong.log.notice: Kong closed the connection")
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func startAndStopMayTakeTheirTime(_ wireProtocol: WireProtocolKind) throws {
        try Self.run(flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group) { _ = try? Self.start(server.kong(wireProtocol), "slow start", 200) }
            try server.expectService()
            group.wait()
            let instance = try Self.start(kong, "to be stopped")
            try kong.closeInstance(instance)
            try server.waitForLog("stopped to be stopped")
            let failed = try kong.startInstance("slow", config: #"{"mode":"no start","__key__":"k","__seq__":1}"#)
            let calls = try kong.handleEvent(failed, "access", answering: exiting)
            let text = "slow: access handler failed: the plugin's start returned status 1: there is no database"
            #expect(calls.map(\.plain) == [.logErr(text), .exit500])
        }
    }

    @Test func aServerThatGoesDownWaitsForThem() throws {
        try Self.run { server in
            let instance = try Self.start(server.kong(.protoBuf), "", 300)
            let connection = try server.connect()
            defer { connection.close() }
            try connection.send(KongClient.framed(Proto.handleEvent(2, instance, "access")))
            // The event is in the hands of a thread before the signal is.
            try server.expectService()
            server.process.send(SIGTERM)
            #expect(String(decoding: try connection.receiveFrame(), as: UTF8.self) == "kong.service.request.set_header")
            _ = try connection.receiveFrame()
            _ = try connection.receiveFrame()
            _ = try connection.receiveFrame()
            try connection.send(KongClient.framed([]) + KongClient.framed(Proto.field(1, "h")))
            _ = try connection.receiveFrame()
            _ = try connection.receiveFrame()
            #expect(try connection.receiveFrame() == [])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aPluginInSwiftBlocksByOneDeclaration(_ wireProtocol: WireProtocolKind) throws {
        try Self.run(flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("blocking", config: #"{"start":5,"handler":100}"#)
            let group = DispatchGroup()
            nonisolated(unsafe) var calls: [PDKCall] = []
            DispatchQueue.global().async(group: group) {
                var exchange = SimulatedExchange(SimulatedRequest("PUT", "/", headers: ["host": "h"]))
                exchange.begin(.access)
                calls =
                    (try? server.kong(wireProtocol).handleEvent(instance, "access") { exchange.answer($0, over: wireProtocol) })
                    ?? []
            }
            try server.expectService()
            group.wait()
            #expect(calls.first == .setHeader("x-first", "1"))
            #expect(Set(calls.dropFirst().prefix(2).map(\.method)) == ["kong.request.get_header", "kong.request.get_method"])
            #expect(calls.dropFirst(3) == [.setHeader("x-all", "h PUT"), .setHeader("x-same-thread", "true")])
            let log = try kong.handleEvent(instance, "log")
            #expect(log.map(\.method) == ["kong.log.err"])
            try kong.closeInstance(instance)
        }
    }

    // MARK: Written against kong_plugin.h alone

    /// Which of its functions answer says the configuration's "answers".
    private static let bare = #"""
        #include <string.h>
        static const kong_host *the_host;
        static kong_method get_header;
        static kong_string text(const char *text) { kong_string s = {text, strlen(text)}; return s; }

        static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *config) {
            if (config->map.entries[0].key.data[0] == 'a') { the_host->started(the_host, s, KONG_OK, text(""), (void *)p); }
        }
        static void stop(const kong_plugin *p, kong_stop s, kong_loop l, void *i) {}
        static void answered(void *context, kong_status status, const kong_value *result, kong_string message) {
            *(kong_value *)context = *result;
        }
        static void *handle(const kong_plugin *p, void *i, kong_phase phase, kong_event event, kong_loop l) {
            if (phase == KONG_LOG) return NULL;
            kong_value name = {.type = KONG_STRING, .string = text("host")}, result = {.type = KONG_NIL};
            kong_string message = text("none");
            kong_status status = the_host->call(the_host, event, get_header, &name, 1, answered, &result, &message);
            /* It has been answered when the call returns, and the result stays. */
            kong_value line[2] = {{.type = KONG_STRING, .string = text(status == KONG_OK ? "ok" : "not")}, result};
            the_host->call(the_host, event, the_host->find_method(the_host, text("kong.service.request.set_header")), line, 2,
                           NULL, NULL, &message);
            if (the_host->call(the_host, event + 256, get_header, &name, 1, answered, &result, &message) != KONG_OK)
                the_host->log(the_host, KONG_LOG_NOTICE, message);
            the_host->finish(the_host, event, KONG_OK, text(""));
            the_host->finish(the_host, event, KONG_OK, text(""));
            the_host->call(the_host, event, get_header, &name, 1, answered, &result, &message);
            the_host->log(the_host, KONG_LOG_NOTICE, message);
            return NULL;
        }
        static const kong_entry entries[] = {
            {{"type", 4}, {.type = KONG_STRING, .string = {"record", 6}}}, {{"fields", 6}, {.type = KONG_ARRAY}}};
        static const kong_value schema = {.type = KONG_MAP, .map = {entries, 2}};
        static kong_plugin plugin = {sizeof plugin, KONG_PLUGIN_BLOCKING, {0}, {"1.0.0", 5}, 1,
            KONG_PHASE_BIT(KONG_ACCESS) | KONG_PHASE_BIT(KONG_LOG), &schema, 0, start, stop, handle, 0};
        const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
            the_host = host;
            get_header = host->find_method(host, text("kong.request.get_header"));
            return &plugin;
        }
        """#

    @Test(arguments: WireProtocolKind.both)
    func anyPluginMayBlock(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(
            ["goplug": "recorded_goplug"], prepare: { try Plugins.compile(Self.bare, named: "bare", into: $0) }
        ) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("bare", config: #"{"a":1}"#)
            let calls = try kong.handleEvent(instance, "access", answering: Self.host)
            #expect(
                calls == [
                    PDKCall("kong.request.get_header", ["host"]), PDKCall("kong.service.request.set_header", ["ok", "h"]),
                ])
            try server.waitForLog("bare: this is not the thread of the event")
            try server.waitForLog("bare finished event")
            try server.waitForLog("bare: the event is over")

            // What it does not answer is answered for it.
            let log = try kong.handleEvent(instance, "log")
            let text = "bare: log handler failed: the handler has returned without finishing the event"
            #expect(log == [.logErr(text)])
            let silent = try kong.startInstance("bare", config: #"{"__key__":"k"}"#)
            let refused = try kong.handleEvent(silent, "access", answering: exiting).map(\.plain)
            let reason = "bare: access handler failed: the plugin has returned from start without an answer"
            #expect(refused == [.logErr(reason), .exit500])
            try kong.closeInstance(instance)
            try server.expectService()
        }
    }
}
