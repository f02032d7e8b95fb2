import Foundation
import KongClient
import Statistics
import Synchronization
import TestSupport
import Testing
import WireProtocol

/// A bad file for a plugin takes nothing away from those who use what was there before.
@Suite struct BadFileTests {
    /// What comes in the place of a good file.
    enum BadFile: String, CaseIterable, Sendable {
        case notELF = "not-elf"
        case truncated
        case otherABI = "abi-major"
        case crashing = "load-crash"
        case insecure = "insecure-file"

        func install(at path: String) throws {
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            switch self {
            case .notELF: try SmallPlugin.move(Data("text\n".utf8), to: path)
            case .truncated: try SmallPlugin.move(good.dropLast(100), to: path)
            case .otherABI:
                var source = CSource()
                source.stamp = CSource.stamp(major: 2, minor: 0)
                try SmallPlugin.move(Data(CSource.bytes(of: source)), to: path)
            case .crashing: try SmallPlugin.move(Data(CSource.bytes(of: CSource(opening: "abort();"))), to: path)
            // The very file that runs.
            case .insecure: chmod(path, 0o666)
            }
        }
    }

    private func expect(_ text: String, from id: Int64, _ kong: KongClient, _ location: SourceLocation = #_sourceLocation) throws {
        let calls = try kong.handleEvent(id, "access", answering: exiting)
        #expect(calls.map(\.method) == ["kong.service.request.set_header"], sourceLocation: location)
        #expect(calls.first?.arguments.compactMap(\.text) == [SmallPlugin.header, text], sourceLocation: location)
    }

    /// The same after a reload: for a moment an event may still come to the worker that has been told to retire.
    private func expectSoon(_ text: String, from id: Int64, _ kong: KongClient, _ location: SourceLocation = #_sourceLocation) throws {
        #expect(
            try eventually { try kong.handleEvent(id, "access", answering: exiting).first?.arguments.last?.text == text },
            sourceLocation: location)
    }

    /// Kills the worker, and waits for the next one.
    private func killWorker(_ server: TestServer, of plugin: String = "") throws {
        let worker = try server.worker(of: plugin)
        kill(worker, SIGKILL)
        guard eventually(within: .seconds(60), { (try? server.status().workers.first { $0.name == plugin }?.pid).map { $0 != worker } ?? false })
        else { throw TestFailure("no worker has come after \(worker)") }
    }

    private func plugin(_ name: String, _ server: TestServer) throws -> PluginStatus {
        try #require(try server.status().plugins.first { $0.name == name })
    }

    private func count(_ text: String, _ server: TestServer) -> Int { server.log.components(separatedBy: text).count - 1 }

    @Test(arguments: BadFile.allCases)
    func workersHaveWhatWasThereBefore(_ bad: BadFile) throws {
        try TestServer.run(["goplug": "recorded_goplug"], flags: ["--no-watch"], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let kong = server.kong(.protoBuf)
            let id = try kong.startInstance("small", config: #"{"text":"a"}"#)
            let before = try server.worker()
            let digest = try plugin("small", server).sha256
            try bad.install(at: "\(server.plugins)/small.so")

            // It is no reason to replace a worker …
            let reload = try Program(["reload", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(1))
            let line = "small: refused, \(bad.rawValue): "
            #expect(reload.outputText.contains(line) && reload.outputText.contains("the version from before stays, 1.0.0, SHA-256 \(digest.prefix(12))"), "\(reload.outputText)")
            #expect(reload.outputText.contains("goplug: unchanged, "))
            #expect(try server.worker() == before)
            #expect(server.log.contains("1 unchanged; the old worker stays, pid \(before)"))
            let reloaded = try #require(try server.status().workers.first?.lastReload)
            #expect(!reloaded.isTaken && reloaded.summary.contains(line))

            // … nor for a new one to have less. The second one has it from the first.
            for round in 1...2 {
                try killWorker(server)
                try expect("1.0.0 a", from: id, server.kong(.protoBuf))
                try server.expectService()
                #expect(eventually { count("plugin small runs on as it was, 1.0.0, SHA-256 \(digest.prefix(12))", server) == round })
                let status = try plugin("small", server)
                #expect(status.state == .loaded && status.sha256 == digest && status.refusal.hasPrefix("\(bad.rawValue): "))
                #expect(status.place == .changed)
            }
            #expect(try Program(["status", "-kong-prefix", server.directory.path]).outputText.contains("differs small: its file is refused, \(bad.rawValue): "))

            try SmallPlugin(version: "2.0.0").install(named: "small", into: server.plugins)
            let good = try Program(["reload", "small", "-kong-prefix", server.directory.path])
            #expect(good.end == .exited(0) && good.outputText.contains("small: 1.0.0 -> 2.0.0, SHA-256 "), "\(good.outputText)\(good.errors)")
            try expectSoon("2.0.0 a", from: id, server.kong(.messagePack))
            #expect(try plugin("small", server).place == .same && plugin("small", server).refusal.isEmpty)
        }
    }

    /// Nothing of it is known to be bad; what has served before is not made to wait for a machine that is short of time.
    @Test func aFileThatTakesTooLongToOpenIsNotTaken() throws {
        try TestServer.run([:], flags: ["--no-watch"], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let id = try server.kong(.protoBuf).startInstance("small", config: #"{"text":"a"}"#)
            try SmallPlugin.move(Data(CSource.bytes(of: CSource(opening: "for (;;) pause();"))), to: "\(server.plugins)/small.so")
            try killWorker(server)
            try server.waitForLog(": \(server.plugins)/small.so is refused (load-timeout: ")
            try expect("1.0.0 a", from: id, server.kong(.protoBuf))
        }
    }

    @Test func withAWorkerOfItsOwnToo() throws {
        try TestServer.run(
            [:], flags: ["--workers", "per-plugin"], socketName: "small.socket",
            prepare: { for name in ["small", "other"] { try SmallPlugin().build(named: name, into: $0) } }
        ) { server in
            let id = try server.kong(.protoBuf).startInstance("small", config: #"{"text":"a"}"#)
            try BadFile.notELF.install(at: "\(server.plugins)/small.so")
            try server.waitForLog("the old worker of small stays")
            try killWorker(server, of: "small")
            try expect("1.0.0 a", from: id, server.kong(.protoBuf))
            #expect(!server.log.contains("worker of other \(try server.worker(of: "other")) takes over"))
        }
    }

    /// What runs is not in any file then.
    @Test func whatWasWrittenOverIsGone() throws {
        try TestServer.run(["goplug": "recorded_goplug"], flags: ["--no-watch"], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let id = try server.kong(.protoBuf).startInstance("small", config: "{}")
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(server.plugins)/small.so"))
            try file.write(contentsOf: Data("text\n".utf8))
            try file.close()

            let reload = try Program(["reload", "small", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(1) && reload.errors.contains("what ran before cannot be opened again"), "\(reload.errors)")
            // Whoever asks for another one hears that it is not taken either.
            try SmallPlugin().install(named: "another", into: server.plugins)
            let another = try Program(["reload", "another", "-kong-prefix", server.directory.path])
            #expect(another.end == .exited(1) && another.errors.contains("nothing is taken: another: loaded, 1.0.0, "), "\(another.errors)")
            try killWorker(server)
            try server.waitForLog("plugin small is lost to worker ")
            #expect(server.log.contains("the file that ran before has been written to [file-changed]"))
            let calls = try server.kong(.protoBuf).handleEvent(id, "access", answering: exiting)
            #expect(calls.map(\.method).contains("kong.response.exit"))
            try server.expectService()
        }
    }

    @Test func aBadFileDoesNotHoldUpGoodOnes() throws {
        try TestServer.run(
            [:], flags: ["--no-watch"], prepare: { for name in ["first", "second"] { try SmallPlugin().build(named: name, into: $0) } }
        ) { server in
            let kong = server.kong(.messagePack)
            let (first, second) = (try kong.startInstance("first", config: "{}"), try kong.startInstance("second", config: "{}"))
            let before = try server.worker()
            try BadFile.truncated.install(at: "\(server.plugins)/first.so")
            try SmallPlugin(version: "2.0.0").install(named: "second", into: server.plugins)
            let reload = try Program(["reload", "second", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(0), "\(reload.errors)")
            #expect(try server.worker() != before)
            try expect("1.0.0 as ever", from: first, kong)
            try expectSoon("2.0.0 as ever", from: second, kong)
            #expect(server.log.contains("takes over from \(before): first: refused, truncated: "))
            #expect(server.log.contains("; second: 1.0.0 -> 2.0.0, SHA-256 "))
            // Asked for what is refused, it says so.
            #expect(try Program(["reload", "first", "-kong-prefix", server.directory.path]).end == .exited(1))
            #expect(try Program(["reload", "-kong-prefix", server.directory.path]).end == .exited(1))
        }
    }

    /// A file that nobody has used yet.
    @Test func aNewFileThatIsBadIsShown() throws {
        try TestServer.run(["goplug": "recorded_goplug"]) { server in
            let before = try server.worker()
            try SmallPlugin.move(Data("text\n".utf8), to: "\(server.plugins)/new.so")
            try server.waitForLog("new: refused, not-elf: it is not a shared library; it is not loaded; 1 unchanged; the old worker stays, pid \(before)")
            let status = try plugin("new", server)
            #expect(status.state == .refused && status.reason.hasPrefix("not-elf: ") && status.path == "\(server.plugins)/new.so")
            let kong = server.kong(.messagePack)
            let error = #expect(throws: KongClientError.self) { try kong.startInstance("new", config: "{}") }
            #expect(error.map { "\($0)" }?.contains("swift-pluginserver reload new") == true, "\(String(describing: error))")
        }
    }

    @Test func underLoadNoEventFails() throws {
        try TestServer.run(
            [:], flags: ["--no-watch"], prepare: { for name in ["small", "other"] { try SmallPlugin().build(named: name, into: $0) } }
        ) { server in
            let isOver = Atomic(false)
            let done = Atomic(0)
            let outcome = Mutex("")
            let ids = try ["small", "other"].map { try server.kong(.protoBuf).startInstance($0, config: #"{"text":"a"}"#) }
            let installer = Thread {
                defer { isOver.store(true, ordering: .relaxed) }
                do {
                    for (number, bad) in BadFile.allCases.enumerated() {
                        let path = "\(server.plugins)/small.so"
                        try bad.install(at: path)
                        for isAlone in [true, false] {
                            if !isAlone { try SmallPlugin(version: "2.\(number).0").install(named: "other", into: server.plugins) }
                            let before = (worker: try server.worker(), done: done.load(ordering: .relaxed))
                            let reload = try Program(["reload", "-kong-prefix", server.directory.path])
                            guard reload.end == .exited(1), reload.errors.contains("the version from before stays"), try server.worker() == before.worker || !isAlone
                            else { throw TestFailure("\(bad): \(reload.end) \(reload.outputText)\(reload.errors)") }
                            guard eventually({ done.load(ordering: .relaxed) > before.done + 20 }) else { throw TestFailure("events stopped") }
                        }
                        try SmallPlugin(version: "1.\(number).0").install(named: "small", into: server.plugins)
                        let reload = try Program(["reload", "small", "-kong-prefix", server.directory.path])
                        guard reload.end == .exited(0), reload.outputText.contains("-> 1.\(number).0, ") || number == 0 else { throw TestFailure("\(reload.outputText)\(reload.errors)") }
                    }
                } catch {
                    outcome.withLock { $0 = "\(error)" }
                }
            }
            installer.start()
            try onThreads(4) { index in
                let kong = server.kong(WireProtocolKind.both[index % 2])
                while !isOver.load(ordering: .relaxed) {
                    let calls = try kong.handleEvent(ids[index / 2], "access")
                    guard calls.count == 1, let text = calls[0].arguments.last?.text, text.hasPrefix(index / 2 == 0 ? "1." : ""), text.hasSuffix(".0 a")
                    else { throw TestFailure("\(calls)") }
                    done.add(1, ordering: .relaxed)
                }
            }
            #expect(eventually { installer.isFinished })
            #expect(outcome.withLock { $0 } == "")
            #expect(try server.status().workers.map(\.restarts) == [0])
            #expect(try server.status().statistics.events("small")[.failed] == 0)
        }
    }

    // MARK: Files that are removed

    @Test func aRemovedFileUnloadsItsPlugin() throws {
        try TestServer.run(["goplug": "recorded_goplug"], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let kong = server.kong(.protoBuf)
            let ids = try (0..<20).map { try kong.startInstance("small", config: #"{"text":"\#($0)"}"#) }
            let before = try server.worker()
            let file = try Data(contentsOf: URL(fileURLWithPath: "\(server.plugins)/small.so"))
            try FileManager.default.removeItem(atPath: "\(server.plugins)/small.so")
            try server.waitForLog("takes over from \(before): small: unloaded, for \(server.plugins)/small.so is gone; 1 unchanged")
            #expect(try server.worker() != before)
            // One line for all of them, and each names the file.
            #expect(count("cannot start 20 instances of small again", server) == 1)
            #expect(count("there is no small.so", server) == 1)
            #expect(
                try eventually {
                    try kong.handleEvent(ids[7], "access", answering: exiting).first?.arguments.first?.text?
                        .contains("there is no small.so and no libsmall.so in \(server.plugins)") == true
                })
            // It does not come back with a new worker, but with its file.
            try killWorker(server)
            #expect(try server.status().plugins.map(\.name) == ["goplug"])
            try SmallPlugin.move(file, to: "\(server.plugins)/small.so")
            try server.waitForLog("small: loaded, 1.0.0, SHA-256 ")
            try expectSoon("1.0.0 7", from: ids[7], server.kong(.protoBuf))
        }
    }

    /// Nobody has asked for another plugin, nor for none.
    @Test func aWorkerThatEndsLosesNoRemovedFile() throws {
        try TestServer.run([:], flags: ["--no-watch"], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let id = try server.kong(.protoBuf).startInstance("small", config: "{}")
            let digest = try plugin("small", server).sha256
            try FileManager.default.removeItem(atPath: "\(server.plugins)/small.so")
            #expect(try plugin("small", server).place == .missing)
            try killWorker(server)
            try server.waitForLog("plugin small runs on as it was, 1.0.0, SHA-256 \(digest.prefix(12)): \(server.plugins)/small.so is gone")
            try expect("1.0.0 as ever", from: id, server.kong(.protoBuf))
            let reload = try Program(["reload", "small", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(0) && reload.outputText.contains("small: unloaded, for \(server.plugins)/small.so is gone"), "\(reload.errors)")
        }
    }

    /// As some tools copy. Until the file is whole, the plugin is not looked at.
    @Test func aFileThatIsRemovedAndWrittenAgainIsReplaced() throws {
        try TestServer.run([:], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let id = try server.kong(.protoBuf).startInstance("small", config: "{}")
            let parts = try TemporaryDirectory()
            try SmallPlugin(version: "2.0.0").build(named: "small", into: parts.path)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: parts.file("small.so")))
            let path = "\(server.plugins)/small.so"
            try FileManager.default.removeItem(atPath: path)
            try bytes.write(to: URL(fileURLWithPath: path))
            try server.waitForLog("small: 1.0.0 -> 2.0.0, SHA-256 ")
            #expect(!server.log.contains("unloaded"))
            try expectSoon("2.0.0 as ever", from: id, server.kong(.protoBuf))
        }
    }

    @Test func aDirectoryThatIsRemovedAndMadeAgainIsFound() throws {
        try TestServer.run([:], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let id = try server.kong(.protoBuf).startInstance("small", config: "{}")
            guard rename(server.plugins, "\(server.plugins).old") == 0 else { throw TestFailure("rename") }
            try server.waitForLog("the plugins directory \(server.plugins) is gone")
            let before = try server.worker()
            let reload = try Program(["reload", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(1) && reload.errors.contains("\(server.plugins) is refused, missing-directory: "), "\(reload.errors)")
            #expect(try server.worker() == before)
            try killWorker(server)
            #expect(server.log.contains(": \(server.plugins) is refused (missing-directory: "))
            try expect("1.0.0 as ever", from: id, server.kong(.protoBuf))

            try FileManager.default.createDirectory(atPath: server.plugins, withIntermediateDirectories: false)
            chmod(server.plugins, 0o755)
            try SmallPlugin(version: "2.0.0").install(named: "small", into: server.plugins)
            try server.waitForLog("reloading plugins (the plugins directory has changed)")
            try server.waitForLog("small: 1.0.0 -> 2.0.0, SHA-256 ")
            // It is watched as the first one was.
            try SmallPlugin(version: "3.0.0").install(named: "small", into: server.plugins)
            try server.waitForLog("small: 2.0.0 -> 3.0.0, SHA-256 ")
            try expectSoon("3.0.0 as ever", from: id, server.kong(.protoBuf))
        }
    }

    // MARK: What else

    /// By its plugin, with the functions of the file that was kept and the name of the one that it was.
    @Test func aCrashOfWhatWasKeptIsTold() throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--no-watch"]) { server in
            let path = "\(server.plugins)/misbehaving.so"
            let id = try server.kong(.protoBuf).startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            try SmallPlugin.move(Data("text\n".utf8), to: path)
            try killWorker(server)
            _ = try server.kong(.protoBuf).handleEvent(id, "access", answering: exiting)
            try server.waitForLog(": misbehaving: access handler crashed: ")
            try server.waitForLog(" in \(path) (as it was) + 0x")
            try server.expectService()
        }
    }

    @Test func aChangedSchemaIsLoadedAndNamed() throws {
        try TestServer.run([:], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            let kong = server.kong(.protoBuf)
            let id = try kong.startInstance("small", config: "{}")
            try expect("1.0.0 as ever", from: id, kong)
            try SmallPlugin(version: "1.1.0", text: "default: 'anew', len_min: 1").install(named: "small", into: server.plugins)
            try server.waitForLog("the schema of plugin small has changed: Kong reads it only when it starts")
            try server.waitForLog("small: 1.0.0 -> 1.1.0, SHA-256 ")
            try expectSoon("1.1.0 anew", from: id, kong)
            // Not where it has not.
            try SmallPlugin(version: "1.2.0", text: "default: 'anew', len_min: 1").install(named: "small", into: server.plugins)
            try server.waitForLog("small: 1.1.0 -> 1.2.0, SHA-256 ")
            #expect(count("the schema of plugin small has changed", server) == 1)
        }
    }

    @Test func descriptorsAreNotLeftOpen() throws {
        func descriptors(_ pid: pid_t) throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count }
        try TestServer.run([:], flags: ["--no-watch"], prepare: { try SmallPlugin().build(named: "small", into: $0) }) { server in
            func reload() throws -> (supervisor: Int, worker: Int) {
                _ = try Program(["reload", "-kong-prefix", server.directory.path])
                guard try eventually({ try server.status().workers.map(\.retiring) == [[]] }) else { throw TestFailure("a worker has not ended") }
                return (try descriptors(server.process.pid), try descriptors(try server.worker()))
            }
            let before = try reload()
            for _ in 0..<5 { _ = try reload() }
            try BadFile.notELF.install(at: "\(server.plugins)/small.so")
            for _ in 0..<5 { _ = try reload() }
            for _ in 0..<2 { try killWorker(server) }
            for version in 2...5 {
                try SmallPlugin(version: "\(version).0.0").install(named: "small", into: server.plugins)
                _ = try reload()
            }
            // The status is asked for over one.
            let after = try reload()
            #expect(abs(after.supervisor - before.supervisor) <= 1 && after.worker <= before.worker + 1, "\(before) \(after)")
        }
    }
}
