import Foundation
import KongClient
import Statistics
import Synchronization
import Testing
import WireProtocol

/// A new file for a plugin costs no request.
@Suite struct ReloadTests {
    /// Puts a built plugin in the place of another one, as installers do it.
    private func replace(_ name: String, with target: String, _ server: TestServer) throws {
        let temporary = "\(server.plugins)/.\(name).new"
        try? FileManager.default.removeItem(atPath: temporary)
        try FileManager.default.copyItem(atPath: "\(Program.folder)/lib\(target).so", toPath: temporary)
        guard rename(temporary, "\(server.plugins)/\(name).so") == 0 else { throw TestFailure("rename") }
    }

    @Test func reloadsUnderLoadFailNoEvent() throws {
        let reloads = 10
        try TestServer.run { server in
            let isOver = Atomic(false)
            let done = Mutex([0, 0])
            let instances = try WireProtocolKind.both.map { wireProtocol in
                try server.kong(wireProtocol).startInstance("goplug", config: #"{"attach":true,"__key__":"a"}"#)
            }
            let outcome = Mutex("")
            let reloader = Thread {
                defer { isOver.store(true, ordering: .relaxed) }
                for _ in 0..<reloads {
                    let before = done.withLock { $0 }
                    let result = try? Program(["reload", "-kong-prefix", server.directory.path])
                    guard result?.end == .exited(0) else { return outcome.withLock { $0 = "\(result?.errors ?? "none")" } }
                    guard eventually({ done.withLock { $0[0] > before[0] + 20 && $0[1] > before[1] + 20 } }) else {
                        return outcome.withLock { $0 = "events stopped" }
                    }
                }
            }
            reloader.start()
            let expected = [PDKCall("kong.service.request.set_header", ["x-goplug", "Set by custom go plugin"])]
            try onThreads(8) { index in
                let which = index % 2
                let kong = server.kong(WireProtocolKind.both[which])
                while !isOver.load(ordering: .relaxed) {
                    let calls = try kong.handleEvent(instances[which], "access")
                    guard calls == expected else { throw TestFailure("\(calls)") }
                    done.withLock { $0[which] += 1 }
                }
            }
            #expect(eventually { reloader.isFinished })
            #expect(outcome.withLock { $0 } == "")
            // None has crashed, and none is left behind.
            #expect(server.log.components(separatedBy: "takes over from").count == reloads + 1)
            #expect(eventually { (try? server.status().workers.map(\.retiring)) == [[]] })
            #expect(try server.status().workers.map(\.restarts) == [0])
            // All that the old ones have done is known.
            let events = UInt64(done.withLock { $0.reduce(0, +) })
            try server.expectStatus("\(events) events") { $0.events("goplug")[.done] == events && $0.events("goplug").begun == events }
            #expect(try server.status().statistics.instances["goplug"]?.running == 2)
        }
    }

    /// Between two steps of an event Kong may use its connection for another, and another connection for the next step.
    @Test(arguments: WireProtocolKind.both)
    func anEventThatRunsIsFinishedWhereItBegan(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let id = try kong.startInstance("misbehaving", config: #"{"mode":"ask","text":"it","__key__":"a"}"#)
            let before = try server.worker()
            let calls = try kong.handleEvent(id, "access") { _ in
                let reload = try Program(["reload", "-kong-prefix", server.directory.path])
                guard reload.end == .exited(0) else { throw TestFailure(reload.errors) }
                // The new worker serves; the old one waits for this event.
                guard hasEnded(before) == false else { throw TestFailure("the old worker has not waited") }
                return .value("a host")
            }
            #expect(calls.map(\.method) == ["kong.request.get_header"])
            try server.waitForLog("it got a host")
            #expect(eventually { hasEnded(before) })
            // The id, and the connection, are the new one's.
            _ = try kong.handleEvent(id, "access") { _ in .value("another host") }
            try server.waitForLog("it got another host")
            #expect(try server.worker() != before)
        }
    }

    @Test func aReplacedFileIsNoticed() throws {
        try TestServer.run(["goplug": "recorded_goplug"]) { server in
            let kong = server.kong(.protoBuf)
            let id = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            let before = try server.worker()
            // What is no library at all changes nothing.
            try "text".write(toFile: "\(server.plugins)/goplug.so", atomically: true, encoding: .utf8)
            try server.waitForLog("goplug: refused, not-elf: it is not a shared library; the version from before stays, ")
            #expect(server.log.contains("the old worker stays, pid \(before)"))
            #expect(server.log.contains("[not-elf]"))
            #expect(try kong.handleEvent(id, "access", answering: exiting).count > 0)
            #expect(try server.worker() == before)
            // A fit one does.
            try replace("goplug", with: "recorded_goplug", server)
            #expect(eventually(within: .seconds(60)) { (try? server.worker()) != before })
            #expect(try kong.handleEvent(id, "access", answering: exiting).count > 0)
        }
    }

    @Test func withNoWatchFilesAreLeftAlone() throws {
        try TestServer.run(["goplug": "recorded_goplug"], flags: ["--no-watch"]) { server in
            let before = try server.worker()
            try replace("goplug", with: "recorded_goplug", server)
            // SIGHUP is what makes the difference, and what shows that there was time to notice.
            #expect(!server.log.contains("reloading"))
            server.process.send(SIGHUP)
            try server.waitForLog("reloading plugins (SIGHUP)")
            #expect(eventually(within: .seconds(60)) { (try? server.worker()) != before })
            #expect(server.log.components(separatedBy: "reloading").count == 2)
        }
    }

    @Test(arguments: ["nosuch", "../goplug", "a\nb"])
    func whatIsNoPluginCannotBeReloaded(_ name: String) throws {
        try TestServer.run { server in
            let before = try server.worker()
            let run = try Program(["reload", name, "-kong-prefix", server.directory.path])
            #expect(run.end == .exited(1))
            #expect(run.errors.contains("there is no plugin \(name.debugDescription)"), "\(run.errors)")
            #expect(try server.worker() == before)
        }
    }
}
