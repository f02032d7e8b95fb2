import Foundation
import KongClient
import Statistics
import TestSupport
import Testing
import WireProtocol

/// What a supervisor tells is what all its workers have done, whichever of them is there.
@Suite struct WorkerFiguresTests {
    private static let done = ["plugin": "goplug", "phase": "access", "result": "done"]

    @Test(arguments: WireProtocolKind.both)
    func countersGoOnWhenAWorkerIsKilled(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(flags: ["--metrics", "127.0.0.1:0"]) { server in
            let id = try server.kong(wireProtocol).startInstance("goplug", config: #"{"attach":true}"#)
            for _ in 0..<20 { _ = try server.kong(wireProtocol).handleEvent(id, "access") }
            try server.expectStatus("twenty") { $0.events("goplug")[.done] == 20 }
            let before = try server.status()
            kill(try server.worker(), SIGKILL)
            // Waits for the next one.
            for _ in 0..<5 { _ = try server.kong(wireProtocol).handleEvent(id, "access") }
            try server.expectStatus("five more") { $0.events("goplug")[.done] == 25 && $0.instances["goplug"]?.running == 1 }
            let after = try server.status()
            #expect(after.statistics.events("goplug").calls == 25)
            #expect(after.statistics.events("goplug").latency.count == 25)
            #expect(after.statistics.events("goplug").begun == 25)
            // It was started once by Kong, and once by the supervisor.
            #expect(after.statistics.instances["goplug"]?.starts == 2)
            #expect(after.statistics.connections.accepted >= before.statistics.connections.accepted + 5)
            #expect(after.statistics.connections.receivedBytes > before.statistics.connections.receivedBytes)
            #expect(after.pid == server.process.pid && after.isSupervised)
            #expect(after.workers.map(\.restarts) == [1] && after.workers.map(\.pid) != before.workers.map(\.pid))
            #expect(after.plugins.filter { $0.state == .loaded }.map(\.name) == before.plugins.map(\.name))

            let metrics = try server.metrics()
            #expect(metrics["swift_pluginserver_events_total", Self.done] == 25)
            #expect(metrics["swift_pluginserver_worker_restarts_total", ["worker": ""]] == 1)
            // Workers do not try to listen there as well.
            #expect(server.log.components(separatedBy: "metrics are at").count == 2)
            #expect(!server.log.contains("there are no metrics"))
        }
    }

    /// It may have begun after the worker was asked last.
    @Test(arguments: WireProtocolKind.both)
    func eachCrashIsCounted(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let trap = try server.kong(wireProtocol).startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            for number in 1...2 {
                _ = try server.kong(wireProtocol).handleEvent(trap, "access", answering: exiting)
                try server.expectStatus("crash \(number)") {
                    let counts = $0.events("misbehaving")
                    return counts[.crashed] == UInt64(number) && counts.begun == UInt64(number) && counts.running == 0
                }
            }
            #expect(try server.status().plugins.first { $0.name == "misbehaving" }?.state == .loaded)
        }
    }

    @Test func aWorkerThatDoesNotAnswerCountsWithItsLastFigures() throws {
        try TestServer.run { server in
            let kong = server.kong(.protoBuf)
            let id = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            for _ in 0..<3 { _ = try kong.handleEvent(id, "access") }
            try server.expectStatus("three") { $0.events("goplug")[.done] == 3 }
            let worker = try server.worker()
            kill(worker, SIGSTOP)
            defer { kill(worker, SIGCONT) }
            let status = try server.status()
            #expect(status.statistics.events("goplug")[.done] == 3)
            #expect(status.statistics.instances["goplug"]?.running == 1)
            #expect(status.workers.map(\.pid) == [worker])
            kill(worker, SIGCONT)
            _ = try kong.handleEvent(id, "access")
            try server.expectStatus("four") { $0.events("goplug")[.done] == 4 }
        }
    }

    @Test func aPluginThatIsQuarantinedIsNamed() throws {
        let flags = ["--crash-limit", "1", "--quarantine-time", "3600", "--metrics", "127.0.0.1:0"]
        try TestServer.run(Plugins.goodAndBad, flags: flags) { server in
            let trap = try server.kong(.protoBuf).startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            let path = try server.status().plugins.first { $0.name == "misbehaving" }?.path
            _ = try server.kong(.protoBuf).handleEvent(trap, "access", answering: exiting)
            try server.waitForLog("plugin misbehaving is quarantined")
            // Of the new worker.
            _ = try server.kong(.protoBuf).handleEvent(trap, "access", answering: exiting)
            let status = try server.status()
            let plugin = try #require(status.plugins.first { $0.name == "misbehaving" })
            #expect(plugin.state == .quarantined && !plugin.reason.isEmpty && plugin.path == path)
            let quarantine = try #require(status.quarantines.first)
            #expect(status.quarantines.count == 1 && quarantine.plugin == "misbehaving")
            #expect((3000...3600).contains(try #require(quarantine.secondsLeft)))
            #expect(status.plugins.first { $0.name == "goplug" }?.state == .loaded)
            try server.expectStatus("refused") { $0.events("misbehaving")[.refused] == 1 && $0.events("misbehaving")[.crashed] == 1 }
            #expect(try server.status().statistics.events("(not loaded)").begun == 0)
            let metrics = try server.metrics()
            #expect(metrics["swift_pluginserver_plugin_quarantined", ["plugin": "misbehaving"]] == 1)
            #expect(metrics["swift_pluginserver_plugin_quarantined", ["plugin": "goplug"]] == 0)
            let people = try Program(["status", "-kong-prefix", server.directory.path])
            #expect(people.outputText.contains("quarantined misbehaving: it has ended too many workers; tried again in "), "\(people.outputText)")
            #expect(people.outputText.components(separatedBy: "it has ended too many workers").count == 2, "\(people.outputText)")
        }
    }

    @Test func whatCannotBeDoneSaysWhy() throws {
        try TestServer.run { server in
            let release = try Program(["release", "goplug", "-kong-prefix", server.directory.path])
            #expect(release.end == .exited(1))
            #expect(release.errors.contains("plugin goplug is not quarantined"))
        }
    }
}

extension TestServer {
    /// What Prometheus gets, at the port that the log names.
    fileprivate func metrics() throws -> Exposition {
        try waitForLog("/metrics")
        let port = try #require(log.firstMatch(of: #/metrics are at 127\.0\.0\.1:(\d+), \/metrics/#).flatMap { UInt16($0.1) })
        let connection = try TCPConnection(port: port)
        connection.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        return try Exposition(HTTPAnswerText(connection.receiveAll()).body)
    }
}
