import Foundation
import KongClient
import Statistics
import Testing
import WireProtocol

/// A worker's end costs no more than its events.
@Suite struct SupervisionTests {
    /// Kong keeps ids for as long as it runs, and over ProtoBuf:1 Kong 2.8 never asks for another.
    @Test(arguments: WireProtocolKind.both)
    func idsGoOnWorkingWhenAWorkerIsKilled(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let keyed = try kong.startInstance("misbehaving", config: #"{"text":"keyed","__key__":"a","__seq__":7}"#)
            let plain = try kong.startInstance("misbehaving", config: #"{"text":"plain"}"#)
            let closed = try kong.startInstance("misbehaving", config: #"{"text":"closed"}"#)
            try kong.closeInstance(closed)
            for round in 1...3 {
                let worker = try server.worker()
                #expect(worker != server.process.pid)
                kill(worker, SIGKILL)
                try server.waitForLog("worker \(worker) has ended with signal 9")
                // Connections that are made meanwhile wait; those of before are closed.
                let next = server.kong(wireProtocol)
                for (id, text) in [(keyed, "keyed"), (plain, "plain")] {
                    let calls = try next.handleEvent(id, "access")
                    #expect(calls.first?.arguments.last?.text?.hasSuffix(" \(text)") == true, "\(calls)")
                }
                #expect(throws: KongClientError.self) { try next.handleEvent(closed, "access") }
                // A new instance gets an id that none has.
                let new = try next.startInstance("goplug", config: "{}")
                #expect(new != keyed && new != plain)
                try next.closeInstance(new)
                if wireProtocol == .messagePack { #expect(next.serverPid == Int64(server.process.pid)) }
                let status = try server.status()
                #expect(status.workers.map(\.restarts) == [UInt64(round)])
                #expect(status.statistics.instances["misbehaving"]?.running == 2)
                #expect(status.statistics.instances["goplug"]?.running ?? 0 == 0)
                #expect(status.pid == server.process.pid)
            }
        }
    }

    /// As on a machine that is so busy that the plugin does not open in time.
    @Test func aPluginThatIsMissingAfterACrashIsTriedAgain() throws {
        let gate = try TemporaryDirectory()
        try TestServer.run(prepare: { directory in
            try CSource(opening: #"if (access("\#(gate.file("closed"))", F_OK) == 0) return NULL;"#).build(to: "\(directory)/fickle.so")
        }) { server in
            let loads = { server.log.components(separatedBy: "loaded plugin fickle ").count - 1 }
            #expect(loads() == 1)
            #expect(FileManager.default.createFile(atPath: gate.file("closed"), contents: nil))
            #expect(kill(try server.worker(), SIGKILL) == 0)
            try server.waitForLog("plugin fickle ran before and is missing in this worker; it is tried again in 2")
            try FileManager.default.removeItem(atPath: gate.file("closed"))
            #expect(eventually(within: .seconds(60)) { loads() == 2 })
            #expect(eventually(within: .seconds(60)) { server.log.contains(" takes over from ") })
            try server.expectService()
        }
    }

    @Test func noProcessOutlivesASupervisorThatIsKilled() throws {
        let server = try TestServer(Plugins.goodAndBad)
        _ = try server.kong(.protoBuf).startInstance("misbehaving", config: "{}")
        let worker = try server.worker()
        #expect(kill(worker, 0) == 0)
        server.process.send(SIGKILL)
        #expect(try server.process.waitForEnd() == .killed(signal: SIGKILL))
        #expect(eventually { hasEnded(worker) })
    }

    @Test func aSecondSignalEndsAllAtOnce() throws {
        let server = try TestServer(Plugins.goodAndBad, flags: ["--shutdown-timeout", "3600"])
        let worker = try server.worker()
        let connection = try server.connect()
        let instance = try server.kong(.messagePack).startInstance("misbehaving", config: #"{"mode":"sleep","count":3600000}"#)
        try connection.send(
            MessagePack.request(1, "plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": "access"]))
        server.process.send(SIGTERM)
        try server.waitForLog("shutting down")
        server.process.send(SIGTERM)
        #expect(try server.process.waitForEnd(within: .seconds(60)) == .exited(0))
        #expect(eventually { hasEnded(worker) })
    }

    @Test func withoutASupervisorThereIsOneProcess() throws {
        try TestServer.run(flags: ["--no-supervisor"]) { server in
            try server.expectService()
            let status = try server.status()
            #expect(!status.isSupervised && status.workers.map(\.pid) == [server.process.pid])
            let reload = try Program(["reload", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(1))
            #expect(reload.errors.contains("there is no command"))
            #expect(server.kong(.messagePack).pidAfterAnEvent == Int64(server.process.pid))
        }
    }

    /// In `ps` and `top`.
    @Test func workersHaveNames() throws {
        func name(_ pid: pid_t) -> String {
            let name = FileManager.default.contents(atPath: "/proc/\(pid)/comm").map { String(decoding: $0, as: UTF8.self) }
            return name?.trimmingCharacters(in: .newlines) ?? ""
        }
        func command(_ pid: pid_t) -> String? {
            FileManager.default.contents(atPath: "/proc/\(pid)/cmdline").map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        try TestServer.run { server in
            let worker = try server.worker()
            #expect(name(worker) == "swift-plugins")
            #expect(command(worker)?.hasSuffix("/swift-pluginserver") == true)
        }
        try TestServer.runPerPlugin(flags: []) { server in
            let workers = try (server.worker(of: "goplug"), server.worker(of: "misbehaving"))
            #expect(name(workers.0) == "swift: goplug")
            #expect(name(workers.1) == "swift: misbehav")
        }
    }

    // MARK: A worker for each plugin

    @Test(arguments: WireProtocolKind.both)
    func perPluginACrashIsItsPluginsAlone(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.runPerPlugin(flags: []) { server in
            let (good, bad) = (server.kong(wireProtocol, of: "goplug"), server.kong(wireProtocol, of: "misbehaving"))
            let goodID = try good.startInstance("goplug", config: #"{"attach":true}"#)
            let trap = try bad.startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            let fine = try bad.startInstance("misbehaving", config: #"{"text":"fine"}"#)
            let before = try server.worker(of: "goplug")
            // The client is answered, so that Kong does not try the event again.
            let answer = try bad.handleEvent(trap, "access", answering: exiting)
            #expect(answer.map(\.method).contains("kong.response.exit"), "\(answer)")
            try server.waitForLog(": misbehaving: access handler crashed: ")
            // The runtime's words.
            #expect(server.log.contains("Fatal error: a mistake was made"))
            let calls = try server.kong(wireProtocol, of: "misbehaving").handleEvent(fine, "access")
            #expect(calls.first?.arguments.last?.text?.hasSuffix(" fine") == true, "\(calls)")
            // The same connection, and the same process.
            #expect(try good.handleEvent(goodID, "access").count == 1)
            #expect(try server.worker(of: "goplug") == before)
        }
    }

    // MARK: Quarantine

    @Test(arguments: WireProtocolKind.both, ["fail-closed", "fail-open"])
    func aPluginThatCrashesAgainAndAgainIsQuarantined(_ wireProtocol: WireProtocolKind, _ answer: String) throws {
        try TestServer.runPerPlugin(flags: ["--crash-limit", "2", "--on-quarantine", answer]) { server in
            let kong = { server.kong(wireProtocol, of: "misbehaving") }
            let trap = try kong().startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            let fine = try kong().startInstance("misbehaving", config: #"{"text":"fine"}"#)
            for number in 1...2 {
                _ = try server.worker(of: "misbehaving")
                _ = try kong().handleEvent(trap, "access", answering: exiting)
                let crash = number
                #expect(eventually { server.log.components(separatedBy: ": misbehaving: access handler crashed: ").count > crash })
            }
            try server.waitForLog("plugin misbehaving is quarantined")
            for id in [trap, fine, try kong().startInstance("misbehaving", config: #"{"text":"new"}"#)] {
                let calls = try kong().handleEvent(id, "access", answering: exiting)
                let expected = answer == "fail-open" ? [] : ["kong.response.exit"]
                #expect(calls.map(\.method) == expected)
                if let status = calls.first?.arguments.first { #expect(status == 503) }
                // There is nobody to answer.
                #expect(try kong().handleEvent(id, "log").isEmpty)
            }
            let goplug = server.kong(wireProtocol, of: "goplug")
            #expect(try goplug.handleEvent(try goplug.startInstance("goplug", config: #"{"attach":true}"#), "access").count == 1)
            #expect(try server.status().quarantines.map(\.plugin) == ["misbehaving"])

            // A person says that it is mended.
            let release = try Program(["release", "misbehaving", "-kong-prefix", server.directory.path])
            #expect(release.end == .exited(0), "\(release.errors)")
            let calls = try kong().handleEvent(fine, "access")
            #expect(calls.first?.arguments.last?.text?.hasSuffix(" fine") == true, "\(calls)")
            #expect(try server.status().quarantines.isEmpty)
        }
    }

    @Test func aQuarantineEndsWithATrial() throws {
        try TestServer.runPerPlugin(flags: ["--crash-limit", "2", "--quarantine-time", "1"]) { server in
            let kong = { server.kong(.protoBuf, of: "misbehaving") }
            let trap = try kong().startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            for number in 1...2 {
                _ = try server.worker(of: "misbehaving")
                _ = try kong().handleEvent(trap, "access", answering: exiting)
                let crash = number
                #expect(eventually { server.log.components(separatedBy: ": misbehaving: access handler crashed: ").count > crash })
            }
            try server.waitForLog("is quarantined for 1.0 seconds")
            try server.waitForLog("is tried again after its quarantine")
            #expect(eventually { server.log.components(separatedBy: "takes over from").count == 2 })
            _ = try kong().handleEvent(trap, "access", answering: exiting)
            try server.waitForLog("is quarantined for 2.0 seconds")
        }
    }

    /// Kong gets an id whatever happens: Kong 2.4 to 3.0 do not recover from anything else.
    @Test(arguments: WireProtocolKind.both, ["misbehaving", "wild"])
    func anInstanceWhoseStartCrashesIsNotStartedAgain(_ wireProtocol: WireProtocolKind, _ plugin: String) throws {
        // In C, on a thread of the pool.
        let source = """
            \(CSource.accessPlugin)
            static const kong_host *the_host;
            static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {
                for (size_t index = 0; index < c->map.count; index++) {
                    if (c->map.entries[index].key.size == 4 && c->map.entries[index].value.string.size > 4) *(volatile int *)8 = 1;
                }
                the_host->started(the_host, s, KONG_OK, text(""), NULL);
            }
            static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) {
                the_host->finish(the_host, e, KONG_OK, text(""));
                return NULL;
            }
            const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
                the_host = host;
                kong_plugin *plugin = (kong_plugin *)describe(start, handle);
                plugin->flags = KONG_PLUGIN_BLOCKING;
                return plugin;
            }
            """
        try TestServer.run(Plugins.goodAndBad, prepare: { try Plugins.compile(source, named: "wild", into: $0) }) { server in
            let fine = try server.kong(wireProtocol).startInstance(plugin, config: #"{"text":"fine"}"#)
            let config = #"{"mode":"init crashes","text":"fatalError","__key__":"k","__seq__":1}"#
            let first = try server.kong(wireProtocol).startInstance(plugin, config: config)
            // Whose it is, without what is in it.
            let account = try Regex("an instance of \(plugin) is not started again: its start has ended a worker; configuration SHA-256 [0-9a-f]{12}, __key__ k, instance \(first)\n")
            #expect(eventually { server.log.firstMatch(of: account) != nil }, "\(server.log)")
            #expect(server.log.firstMatch(of: try Regex("\(plugin): start crashed: SIG.*, instance \(first), thread ")) != nil, "\(server.log)")
            #expect(!server.log.contains("init crashes"))
            // Its events say why, and so do those of another worker of Kong's.
            let kong = server.kong(wireProtocol)
            let second = try kong.startInstance(plugin, config: #"{"mode":"init crashes","text":"fatalError","__key__":"k","__seq__":2}"#)
            #expect(second != first)
            for id in [first, second] {
                let calls = try server.kong(wireProtocol).handleEvent(id, "access", answering: exiting)
                #expect(calls.map(\.method) == ["kong.log.err", "kong.response.exit"])
                #expect(calls.first?.arguments.first?.text?.contains("its start has ended the server's process before") == true, "\(calls)")
            }
            let calls = try kong.handleEvent(fine, "access")
            if plugin == "misbehaving" { #expect(calls.first?.arguments.last?.text?.hasSuffix(" fine") == true) }
            let status = try server.status()
            #expect(status.workers.map(\.restarts) == [1])
            #expect(status.statistics.instances[plugin]?.failed == 2 && status.statistics.instances[plugin]?.running == 1)
            #expect(status.deadlyStarts == [plugin: 1])
            let report = try Program(["status", "-kong-prefix", server.directory.path])
            #expect(report.outputText.contains("not started \(plugin): a configuration is not started again"), "\(report.outputText)")
            // Another try ends the same way, and costs nobody anything.
            let release = try Program(["release", plugin, "-kong-prefix", server.directory.path])
            #expect(release.end == .exited(1), "\(release.errors)")
            #expect(eventually { (try? server.status().deadlyStarts) == [plugin: 1] })
            _ = try kong.handleEvent(fine, "access")
        }
    }

    // MARK: What a plugin may take

    /// An allocation that fails ends the plugin where it asks for the memory, so that it can be named.
    @Test(arguments: WireProtocolKind.both)
    func aPluginThatTakesTooMuchMemoryIsNamed(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.runPerPlugin(flags: ["--worker-memory", "\(512 << 20)"]) { server in
            let before = try server.worker(of: "misbehaving")
            let limits = FileManager.default.contents(atPath: "/proc/\(before)/limits").map { String(decoding: $0, as: UTF8.self) }
            #expect(limits?.split(separator: "\n").contains { $0.hasPrefix("Max data size") && $0.contains(" \(512 << 20) ") } == true)
            let other = try server.worker(of: "goplug")
            let kong = server.kong(wireProtocol, of: "misbehaving")
            let greedy = try kong.startInstance("misbehaving", config: #"{"mode":"crash","text":"out of memory"}"#)
            #expect(try kong.handleEvent(greedy, "access", answering: exiting).last?.plain == .exit500)
            try server.waitForLog("worker of misbehaving \(before) has ended with ")
            #expect(server.log.contains(": misbehaving: access handler crashed: SIG"), "\(server.log)")
            #expect(server.log.contains(", instance \(greedy), event "))
            #expect(try server.worker(of: "goplug") == other)
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aPluginThatDoesNotLetGoOfItsLoopIsEnded(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.runPerPlugin(flags: ["--handler-warning", "0.2", "--handler-limit", "0.6"]) { server in
            let before = try server.worker(of: "misbehaving")
            let kong = server.kong(wireProtocol, of: "misbehaving")
            let endless = try kong.startInstance("misbehaving", config: #"{"mode":"crash","text":"endless loop"}"#)
            let fine = try kong.startInstance("misbehaving", config: #"{"text":"fine"}"#)
            #expect(try kong.handleEvent(endless, "access", answering: exiting).last?.plain == .exit500)
            try server.waitForLog("worker of misbehaving \(before) has ended with ")
            let log = server.log
            #expect(log.contains("misbehaving: access handler has held its loop for 0."), "\(log)")
            #expect(log.contains("misbehaving: access handler does not let go of its loop (--handler-limit); worker \(before) ends"), "\(log)")
            #expect(log.contains(": misbehaving: access handler held its loop for 0."), "\(log)")
            // It counts as a crash of the plugin.
            try server.waitForLog("plugin misbehaving has ended 1 worker")
            let calls = try server.kong(wireProtocol, of: "misbehaving").handleEvent(fine, "access")
            #expect(calls.first?.arguments.last?.text?.hasSuffix(" fine") == true, "\(calls)")
        }
    }

    /// The share of the machine that workers have is what Kong's start command gives the server.
    @Test func workersHaveTheProcessorsAndThePriorityOfTheServer() throws {
        func line(_ name: String, of process: String) -> String? {
            let status = FileManager.default.contents(atPath: "/proc/\(process)/status").map { String(decoding: $0, as: UTF8.self) }
            return status?.split(separator: "\n").first { $0.hasPrefix("\(name):") }?.split(separator: "\t").last.map(String.init)
        }
        let first = try #require(line("Cpus_allowed_list", of: "self")?.split { $0 == "," || $0 == "-" }.first.map(String.init))
        let server = try TestServer(runner: ["/usr/bin/nice", "-n", "5", "/usr/bin/taskset", "-c", first])
        let worker = try server.worker()
        #expect(line("Cpus_allowed_list", of: "\(worker)") == first)
        #expect(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(worker)) == getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) + 5)
        #expect(server.log.contains("worker \(worker) serves \(server.socket), 1 loops"), "\(server.log)")
        try server.stop()
    }

    /// Of SIGKILL nobody tells who has sent it; the kernel counts what it kills itself.
    @Test func ofAWorkerThatIsKilledTheLogSaysWhoMayHaveDoneIt() throws {
        try TestServer.run { server in
            let worker = try server.worker()
            kill(worker, SIGKILL)
            let end = try server.waitForWorkerEnd(1)
            #expect(end.contains("worker \(worker) has ended with signal 9 (Killed); "))
            #expect(["somebody has sent it", "the kernel has killed"].contains { end.contains("(Killed); \($0)") }, "\(end)")
        }
    }
}

/// Whether a process is gone, or only waits for its parent to ask how it ended.
func hasEnded(_ pid: pid_t) -> Bool {
    guard kill(pid, 0) == 0 else { return true }
    let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
    return status?.contains(") Z ") ?? true
}

extension KongClient {
    /// The server tells it on each new connection.
    fileprivate var pidAfterAnEvent: Int64? {
        _ = try? getStatus()
        return serverPid
    }
}

extension TestServer {
    /// With a worker and a socket for each of two plugins.
    fileprivate static func runPerPlugin(flags: [String], _ body: (TestServer) throws -> Void) throws {
        // The socket that a server is waited for is the first plugin's.
        try run(
            ["goplug": "recorded_goplug", "misbehaving": "misbehaving"], flags: ["--workers", "per-plugin"] + flags,
            socketName: "goplug.socket"
        ) { server in
            _ = try server.worker(of: "misbehaving")
            try body(server)
        }
    }

    fileprivate func kong(_ wireProtocol: WireProtocolKind, of plugin: String) -> KongClient {
        KongClient(socketPath: directory.file("\(plugin).socket"), protocol: wireProtocol, timeout: .seconds(30))
    }
}
