import Foundation
import KongClient
import Statistics
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
