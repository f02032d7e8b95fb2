import Foundation
import KongClient
import Statistics
import Synchronization
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

    @Test(arguments: WireProtocolKind.both)
    func onlyEventsInFlightFailWhenWorkersAreKilledUnderLoad(_ wireProtocol: WireProtocolKind) throws {
        let kills = 10
        let clients = 8
        try TestServer.run { server in
            let instance = try server.kong(wireProtocol).startInstance("goplug", config: #"{"attach":true}"#)
            let isOver = Atomic(false)
            let done = Atomic(0)
            let failed = Atomic(0)
            let expected = [PDKCall("kong.service.request.set_header", ["x-goplug", "Set by custom go plugin"])]
            let killer = Thread {
                defer { isOver.store(true, ordering: .relaxed) }
                for _ in 0..<kills {
                    guard let worker = try? server.worker() else { return }
                    kill(worker, SIGKILL)
                    guard eventually({ hasEnded(worker) }) else { return }
                    let before = done.load(ordering: .relaxed)
                    guard eventually({ done.load(ordering: .relaxed) > before + 20 }) else { return }
                }
            }
            killer.start()
            try onThreads(clients) { _ in
                let kong = server.kong(wireProtocol)
                while !isOver.load(ordering: .relaxed) {
                    do {
                        let calls = try kong.handleEvent(instance, "access")
                        guard calls == expected else { throw TestFailure("\(calls)") }
                        done.add(1, ordering: .relaxed)
                    } catch let error as KongClientError {
                        switch error {
                        // The last is of a connection in the pool.
                        case .closed, .system, .violation: failed.add(1, ordering: .relaxed)
                        default: throw error
                        }
                        kong.close()
                    }
                }
            }
            #expect(eventually { killer.isFinished })
            #expect(try server.status().workers.map(\.restarts) == [UInt64(kills)])
            #expect(done.load(ordering: .relaxed) >= kills * 20)
            // One event of each client at a time; and a connection in the pool that was closed meanwhile.
            #expect(failed.load(ordering: .relaxed) <= 2 * kills * clients)
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

    @Test func anInstanceWhoseStartCrashesIsNotStartedAgain() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let fine = try server.kong(.protoBuf).startInstance("misbehaving", config: #"{"text":"fine"}"#)
            let config = #"{"mode":"init crashes","text":"fatalError","__key__":"k"}"#
            #expect(throws: KongClientError.self) { try server.kong(.protoBuf).startInstance("misbehaving", config: config) }
            try server.waitForLog("is not started again")
            // Kong tries once more, and gets an instance whose events say why.
            let kong = server.kong(.protoBuf)
            let id = try kong.startInstance("misbehaving", config: #"{"mode":"init crashes","text":"fatalError","__key__":"k","__seq__":2}"#)
            let calls = try kong.handleEvent(id, "access", answering: exiting)
            #expect(calls.map(\.method) == ["kong.log.err", "kong.response.exit"])
            #expect(try kong.handleEvent(fine, "access").first?.arguments.last?.text?.hasSuffix(" fine") == true)
            #expect(try server.status().workers.map(\.restarts) == [1])
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
