import Foundation
import KongClient
import KongSimulator
import Testing
import WireProtocol

/// Plugins that do too much, too late, or what they may not.
@Suite struct MisbehavingPluginTests {
    private func start(_ kong: KongClient, _ mode: String, _ text: String = "", count: Int = 0) throws -> Int64 {
        try kong.startInstance("misbehaving", config: #"{"mode":"\#(mode)","text":"\#(text)","count":\#(count)}"#)
    }

    // MARK: When

    @Test(arguments: WireProtocolKind.both)
    func aCallAfterTheEndFailsInThePlugin(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try start(kong, "detached", "it")
            let calls = try kong.handleEvent(instance, "access", answering: { _ in .value("GET") })
            #expect(calls.allSatisfy { $0.method == "kong.request.get_method" })
            try server.waitForLog("misbehaving: get_method after the end of it: ")
            #expect(server.log.contains("eventOver"))
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func otherTasksMayCallWhileTheHandlerRuns(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try start(kong, "detached, in time")
            let calls = try kong.handleEvent(instance, "access") {
                $0.method == "kong.request.get_method" ? .value("GET") : .nothing
            }
            #expect(calls == [PDKCall("kong.request.get_method"), .setHeader("x-method", "GET")])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aHandlerThatSleepsKeepsNobodyWaiting(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "1"]) { server in
            let sleeping = try start(server.kong(wireProtocol), "sleep", count: 300)
            try onThreads(8) { _ in
                let calls = try server.kong(wireProtocol).handleEvent(sleeping, "access")
                guard calls == [.setHeader("x-slept", "300")] else { throw TestFailure("\(calls)") }
            }
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func callsWithResultsCanBeUnderWaySideBySide(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try start(kong, "side by side")
            var exchange = SimulatedExchange(SimulatedRequest("PUT", "/a", headers: ["host": "b"]))
            exchange.begin(.access)
            let calls = try kong.handleEvent(instance, "access") { exchange.answer($0, over: wireProtocol) }
            #expect(Set(calls.prefix(3).map(\.method)).count == 3)
            #expect(calls.dropFirst(3) == [.setHeader("x-all", "b PUT /a")])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func flushWaitsForWhatIsQueued(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try start(kong, "flush")
            #expect(
                try kong.handleEvent(instance, "access") == [.setHeader("x-before", "1"), .setHeader("x-after", "2")])
        }
    }

    // MARK: How much

    @Test(arguments: WireProtocolKind.both)
    func manyQueuedCallsStayInOrder(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try start(kong, "many", "value", count: 3000)
            let expected = (0..<3000).map { PDKCall.setHeader("x-\($0)", "value") }
            #expect(try kong.handleEvent(instance, "access") == expected)
            #expect(try kong.handleEvent(instance, "access") == expected)
        }
    }

    /// Kong answers each call before it reads the next, and stops when its answers find no room: a server that did not
    /// read while it had much to send would wait for Kong, and Kong for it.
    @Test(arguments: WireProtocolKind.both)
    func moreQueuedCallsThanSocketsHold(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let text = String(repeating: "v", count: 400)
            let instance = try start(kong, "many", text, count: 8000)
            #expect(try kong.handleEvent(instance, "access").count == 8000)
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func bodiesAreLargeAndBinary(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let out = try kong.handleEvent(start(kong, "big body", count: 8 << 20), "access")
            #expect(out.map(\.method) == ["kong.service.request.set_raw_body"])
            #expect(out.first?.arguments.first == .bytes([UInt8](repeating: 0xa5, count: 8 << 20)))

            let body = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let echo = try start(kong, "echo body")
            for body in [body, [0], Array("text".utf8), [0xff, 0xfe]] {
                let calls = try kong.handleEvent(echo, "access") {
                    $0.method == "kong.request.get_raw_body" ? .value(.bytes(body)) : .nothing
                }
                #expect(calls.last == PDKCall("kong.service.request.set_raw_body", [.bytes(body)]))
            }
        }
    }

    /// A body that nginx has written to a file, or that it has not at all, is an error that the handler may catch; this
    /// one does not.
    @Test func aBodyThatIsNotThere() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            for wireProtocol in WireProtocolKind.both {
                let kong = server.kong(wireProtocol)
                let echo = try start(kong, "echo body")
                let calls = try kong.handleEvent(echo, "access") {
                    $0.method == "kong.request.get_raw_body" ? .error("request body is in a file") : exiting($0)
                }
                #expect(calls.dropFirst().map(\.method) == ["kong.log.err", "kong.response.exit"])
                #expect("\(calls)".contains("request body is in a file"))
            }
            let kong = server.kong(.protoBuf)
            let echo = try start(kong, "echo body")
            let calls = try kong.handleEvent(echo, "access") {
                $0.method == "kong.request.get_raw_body" ? .value(["body_filepath": "/some/file"]) : exiting($0)
            }
            #expect("\(calls)".contains("/some/file"))
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whatIsLargerThanAMessageMayBeFailsTheCall(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--max-message-size", "65536"]) { server in
            let kong = server.kong(wireProtocol)
            let fits = try kong.handleEvent(start(kong, "big body", count: 60000), "access")
            #expect(fits.map(\.method) == ["kong.service.request.set_raw_body"])
            let calls = try kong.handleEvent(start(kong, "big body", count: 70000), "access", answering: exiting)
            #expect(calls.map(\.method) == ["kong.log.err", "kong.response.exit"])
            #expect(calls.first?.arguments.first?.text?.contains("the data is too large") == true, "\(calls)")
            let many = try kong.handleEvent(start(kong, "many", "0123456789", count: 100_000), "access", answering: exiting)
            #expect(many.suffix(2).map(\.method) == ["kong.log.err", "kong.response.exit"])
            #expect(many.count > 500)
            #expect("\(many.suffix(2))".contains("more than the message limit is queued"))
            try server.expectService()
        }
    }

    // MARK: What

    /// A header may hold any bytes; none may be lost, and text that is none is an error with a name.
    @Test(arguments: WireProtocolKind.both)
    func headersThatAreNotUTF8(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let odd: [UInt8] = [0x61, 0xff, 0x00, 0xc3, 0x28, 0x62]
            let asked: (PDKCall) -> PDKReply = { $0.method == "kong.request.get_header" ? .value(.string(odd)) : exiting($0) }
            let bytes = try kong.handleEvent(start(kong, "header bytes"), "access", answering: asked)
            #expect(bytes.last?.plain == PDKCall("kong.service.request.set_raw_body", [.string(odd)]))
            let text = try kong.handleEvent(start(kong, "header text"), "access", answering: asked)
            #expect(text.dropFirst().map(\.method) == ["kong.log.err", "kong.response.exit"])
            #expect("\(text)".contains("UTF-8"))
        }
    }

    /// nil, "" and an error are three things over MessagePack, and one over ProtoBuf:1.
    @Test func aHeaderThatIsNotThere() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            for wireProtocol in WireProtocolKind.both {
                let kong = server.kong(wireProtocol)
                let instance = try start(kong, "header text")
                #expect(try kong.handleEvent(instance, "access").last == .setHeader("x-copy", "nil"))
            }
            let kong = server.kong(.messagePack)
            let instance = try start(kong, "header text")
            let empty = try kong.handleEvent(instance, "access") { $0.arguments == ["x-odd"] ? .value("") : .nothing }
            #expect(empty.last == .setHeader("x-copy", ""))
            let refused = try kong.handleEvent(instance, "access") { $0.arguments == ["x-odd"] ? .error("odd") : exiting($0) }
            #expect(refused.dropFirst().map(\.plain) == [.logErr("misbehaving: access handler failed: kong.request.get_header: odd"), .exit500])
        }
    }

    /// Kong has raised an error for a call that nobody waited for: the log is where it can be said.
    @Test func aQueuedCallThatKongRefusesIsNamedInTheLog() throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--step-timeout", "0.1"]) { server in
            let kong = server.kong(.protoBuf)
            let instance = try start(kong, "many", "v", count: 3)
            try kong.handleEvent(instance, "access") { $0.arguments.first == "x-1" ? .neverAnswers : .nothing }
            try server.waitForLog(
                "misbehaving: access failed: Kong closed the connection instead of answering kong.service.request.set_header, call 2 of 3")

            let other = server.kong(.messagePack)
            let otherInstance = try start(other, "many", "v", count: 3)
            try other.handleEvent(otherInstance, "access") { $0.arguments.first == "x-1" ? .neverAnswers : .nothing }
            try server.waitForLog("misbehaving: access failed: Kong did not come back from kong.service.request.set_header")
            try server.expectService()
        }
    }

    // MARK: A plugin in C, which can do what KongPDK does not let one do

    private static let wild = CSource.accessPlugin + """
        #include <stdio.h>
        #include <pthread.h>
        static const kong_host *the_host;
        static kong_method set_header;
        static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {
            int first = the_host->started(the_host, s, KONG_OK, text(""), NULL);
            int second = the_host->started(the_host, s, KONG_OK, text(""), NULL);
            char line[80];
            snprintf(line, sizeof line, "started %d %d", first, second);
            the_host->log(the_host, KONG_LOG_NOTICE, text(line));
        }
        static kong_event the_event;
        static void *elsewhere(void *result) {
            kong_value arguments[2] = {value("x-thread"), value("1")};
            *(int *)result = the_host->call(the_host, the_event, set_header, arguments, 2, NULL, NULL, NULL);
            return NULL;
        }
        static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) {
            kong_value odd = {.type = 99}, two[2] = {value("x-a"), value("b")}, status[2];
            kong_string message = {0};
            char line[200];
            int unknown = the_host->call(the_host, e, 60000, two, 2, NULL, NULL, &message);
            int none = the_host->call(the_host, e, 0, NULL, 0, NULL, NULL, NULL);
            int few = the_host->call(the_host, e, set_header, two, 1, NULL, NULL, &message);
            int null = the_host->call(the_host, e, set_header, NULL, 2, NULL, NULL, NULL);
            kong_value strange[2] = {value("x-a"), odd};
            int type = the_host->call(the_host, e, set_header, strange, 2, NULL, NULL, NULL);
            int other = the_host->call(the_host, e ^ ((kong_event)1 << 40), set_header, two, 2, NULL, NULL, NULL);
            int lost = the_host->call(the_host, e | 0xff, set_header, two, 2, NULL, NULL, NULL);
            int thread = -1;
            pthread_t t;
            the_event = e;
            pthread_create(&t, NULL, elsewhere, &thread);
            pthread_join(t, NULL);
            snprintf(line, sizeof line, "%d %d %d %d %d %d %d %d", unknown, none, few, null, type, other, lost, thread);
            status[0] = value("x-status");
            status[1] = value(line);
            the_host->call(the_host, e, set_header, status, 2, NULL, NULL, NULL);
            int first = the_host->finish(the_host, e, KONG_OK, text(""));
            int second = the_host->finish(the_host, e, KONG_FAILED, text("again"));
            int after = the_host->call(the_host, e, set_header, two, 2, NULL, NULL, NULL);
            snprintf(line, sizeof line, "finished %d %d %d", first, second, after);
            the_host->log(the_host, KONG_LOG_NOTICE, text(line));
            return NULL;
        }
        const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
            the_host = host;
            set_header = host->find_method(host, text("kong.service.request.set_header"));
            if (host->find_method(host, text("kong.nothing.like_it")) != 0) return NULL;
            return describe(start, handle);
        }
        """

    @Test(arguments: WireProtocolKind.both)
    func wrongUseOfTheABIIsAnsweredWithAStatus(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(
            Plugins.goodAndBad, prepare: { try Plugins.compile(Self.wild, named: "wild", into: $0) }
        ) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("wild", config: "{}")
            // OK, then: there is no such start any more.
            try server.waitForLog("wild: started 0 4")
            for _ in 0..<3 {
                // KONG_UNKNOWN_METHOD twice, KONG_BAD_ARGUMENT three times, KONG_EVENT_OVER twice, KONG_WRONG_THREAD.
                #expect(try kong.handleEvent(instance, "access") == [.setHeader("x-status", "6 6 5 5 5 4 4 9")])
            }
            try server.waitForLog("wild: finished 0 4 4")
            #expect(server.log.contains("wild finished event "))
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aHandlerThatNeverFinishesIsGivenUpWhenItsConnectionIsGone(_ wireProtocol: WireProtocolKind) throws {
        let never = Self.wild
            .replacingOccurrences(of: "kong_value odd = ", with: "if (1) return NULL; kong_value odd = ")
        try TestServer.run(
            Plugins.goodAndBad, flags: ["--shutdown-timeout", "0.3"],
            prepare: { try Plugins.compile(never, named: "never", into: $0) }
        ) { server in
            let kong = KongClient(socketPath: server.socket, protocol: wireProtocol, timeout: .milliseconds(200))
            let instance = try kong.startInstance("never", config: "{}")
            #expect(throws: KongClientError.self) { try kong.handleEvent(instance, "access") }
            try server.expectService()
        }
    }
}
