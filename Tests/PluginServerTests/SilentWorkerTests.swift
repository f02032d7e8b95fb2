import Foundation
import KongClient
import Statistics
import Testing
import WireProtocol

/// A worker that is there and does nothing.
@Suite struct SilentWorkerTests {
    /// Kong has its ids, and its next connections find a worker that serves.
    @Test(arguments: WireProtocolKind.both)
    func aWorkerThatIsStoppedIsNamedAndReplaced(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--worker-timeout", "7"]) { server in
            let id = try server.kong(wireProtocol).startInstance("goplug", config: #"{"attach":true}"#)
            let worker = try server.worker()
            // One that hangs with it: what it has not accepted its successor will.
            let accepted = try server.status().statistics.connections.accepted
            let hanging = try server.connect()
            try server.expectStatus("it has been accepted") { $0.connections.accepted > accepted }
            kill(worker, SIGSTOP)
            defer { kill(worker, SIGCONT) }
            try server.waitForLog("worker \(worker) has not answered for 5 s: it is stopped (SIGSTOP); it is replaced after 7 s (--worker-timeout); it goes on after: kill -CONT \(worker)")
            let status = try #require(server.status().workers.first)
            #expect(status.pid == worker && status.silence?.process == "stopped" && (5...7).contains(status.silence?.seconds ?? 0))
            let people = try Program(["status", "-kong-prefix", server.directory.path])
            #expect(people.outputText.contains(", has not answered for "), "\(people.outputText)")
            #expect(people.outputText.contains(" s (stopped)"))

            let calls = try server.kong(wireProtocol).handleEvent(id, "access")
            #expect(calls.map(\.method) == ["kong.service.request.set_header"])
            #expect(server.log.components(separatedBy: "has not answered for 5 s").count == 2)
            try server.waitForLog("worker \(worker) has not answered for 7 s (--worker-timeout): it is stopped (SIGSTOP); it is killed and replaced")
            try server.waitForLog("worker \(worker) has ended with signal 9")
            #expect(eventually { hasEnded(worker) })
            #expect(try hanging.receiveUntilClosed().isEmpty)
            let after = try #require(server.status().workers.first)
            #expect(after.pid != worker && after.restarts == 1 && after.silence == nil)
        }
    }

    @Test func oneThatGoesOnIsLeftAlone() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let worker = try server.worker()
            kill(worker, SIGSTOP)
            defer { kill(worker, SIGCONT) }
            try server.waitForLog("has not answered for 5 s")
            kill(worker, SIGCONT)
            try server.waitForLog("worker \(worker) answers again")
            try server.expectService()
            let status = try #require(server.status().workers.first)
            #expect(status.pid == worker && status.restarts == 0 && status.silence == nil)
        }
    }

    /// Whoever debugs a plugin stops its worker, and would lose it.
    @Test func oneThatIsTracedIsNamedOnly() throws {
        let directory = try TemporaryDirectory()
        try CSource.compile(
            """
            #include <signal.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <sys/ptrace.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(int count, char **arguments) {
                int pid = atoi(arguments[1]);
                if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0) return 77;
                waitpid(pid, NULL, __WALL);
                /* Its other threads go on; the first one is that which answers. */
                puts("traces"); fflush(stdout);
                getchar();
                return 0;
            }
            """, to: directory.file("tracer"), [])
        try TestServer.run(Plugins.goodAndBad, flags: ["--worker-timeout", "6", "--loops", "2"]) { server in
            let worker = try server.worker()
            let input = Pipe()
            let tracer = Process()
            tracer.executableURL = URL(fileURLWithPath: directory.file("tracer"))
            tracer.arguments = ["\(worker)"]
            tracer.standardInput = input
            try tracer.run()
            defer { tracer.waitUntilExit() }
            defer { try? input.fileHandleForWriting.close() }
            // Where nobody may trace, nothing can be seen.
            guard eventually(within: .seconds(5), { !tracer.isRunning || server.log.contains("traces it") }) || tracer.isRunning else { return }
            if !tracer.isRunning, tracer.terminationStatus == 77 { return }
            try server.waitForLog("has not answered for 5 s: process \(tracer.processIdentifier) traces it, as a debugger does; it is not replaced")
            #expect(try eventually { try server.status().workers.first?.silence?.seconds ?? 0 >= 8 })
            let status = try #require(server.status().workers.first)
            #expect(status.pid == worker && status.restarts == 0 && status.silence?.process == "traced")
            try input.fileHandleForWriting.close()
            tracer.waitUntilExit()
            try server.waitForLog("worker \(worker) answers again")
            try server.expectService()
        }
    }

    /// Its own limit holds, and that is none here.
    @Test func aPluginThatHoldsTheLoopIsNoSilence() throws {
        let flags = ["--loops", "1", "--handler-limit", "0", "--worker-timeout", "2"]
        try TestServer.run([:], flags: flags, prepare: { try Plugins.compileWhole(Plugins.holder, named: "holder", into: $0) }) { server in
            let kong = server.kong(.protoBuf)
            let gate = server.directory.file("gate")
            let instance = try kong.startInstance("holder", config: #"{"gate":"\#(gate)"}"#)
            let worker = try server.worker()
            let held = DispatchGroup()
            DispatchQueue.global().async(group: held) { _ = try? kong.handleEvent(instance, "log") }
            try server.waitForLog("at the gate")
            // Longer than the worker's limit.
            try server.waitForLog("has held its loop for")
            let until = ContinuousClock.now + .seconds(5)
            #expect(try !eventually(within: .seconds(5)) { try server.status().workers.first?.pid != worker })
            #expect(ContinuousClock.now >= until)
            try Data().write(to: URL(fileURLWithPath: gate))
            held.wait()
            try server.expectStatus("it goes on") { $0.events("holder", "log")[.done] == 1 }
            #expect(!server.log.contains("has not answered"))
        }
    }

    /// What is stopped while a plugin runs is not the plugin's fault.
    @Test func aPluginIsNotBlamedForWhatIsStopped() throws {
        let flags = ["--loops", "1", "--handler-limit", "6", "--handler-warning", "5", "--worker-timeout", "9"]
        try TestServer.run(Plugins.goodAndBad, flags: flags) { server in
            let kong = server.kong(.protoBuf)
            let id = try kong.startInstance("misbehaving", config: #"{"mode":"crash","text":"endless loop"}"#)
            let worker = try server.worker()
            let event = DispatchGroup()
            DispatchQueue.global().async(group: event) { _ = try? kong.handleEvent(id, "access") }
            try server.expectStatus("it runs") { _ in FlightLook.isBusy(worker) }
            kill(worker, SIGSTOP)
            defer { kill(worker, SIGCONT) }
            try server.waitForLog("worker \(worker) has ended with signal 9", within: .seconds(60))
            event.wait()
            #expect(!server.log.contains("held its loop"))
            #expect(!server.log.contains("plugin misbehaving has ended"))
        }
    }
}

/// Whether a process computes.
private enum FlightLook {
    static func isBusy(_ pid: pid_t) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
        return status?.contains(") R ") ?? false
    }
}
