import Foundation
import JSON
import KongClient
import Statistics
import TestSupport
import Testing
import WireProtocol

/// What the server says of itself is what Kong has done to it.
@Suite struct StatusTests {
    @Test(arguments: WireProtocolKind.both, [[], ["--no-supervisor"]])
    func countsAreThoseOfKong(_ wireProtocol: WireProtocolKind, _ flags: [String]) throws {
        let plugins = ["goplug": "recorded_goplug", "tencalls": "recorded_tencalls", "misbehaving": "misbehaving"]
        try TestServer.run(plugins, flags: ["--loops", "2"] + flags) { server in
            let kong = server.kong(wireProtocol)
            let goplug = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            let tencalls = try kong.startInstance("tencalls", config: "{}")
            let throwing = try kong.startInstance("misbehaving", config: #"{"mode":"throw"}"#)
            let closed = try kong.startInstance("misbehaving", config: #"{"mode":"exit"}"#)
            try onThreads(4) { _ in
                let kong = server.kong(wireProtocol)
                for _ in 0..<25 {
                    try kong.handleEvent(goplug, "access")
                    try kong.handleEvent(tencalls, "access") { $0.method == "kong.request.get_header" ? .value("h") : .nothing }
                    try kong.handleEvent(throwing, "access", answering: exiting)
                    try kong.handleEvent(throwing, "log")
                }
                for _ in 0..<10 { try kong.handleEvent(closed, "access", answering: exiting) }
            }
            try kong.closeInstance(closed)
            try server.expectStatus("all have ended") { $0.events().running == 0 && $0.instances["misbehaving"]?.stops == 1 }

            let status = try server.status()
            let statistics = status.statistics
            let expected: [(EventCounts, done: UInt64, failed: UInt64, calls: UInt64)] = [
                (statistics.events("goplug"), 100, 0, 100), (statistics.events("tencalls"), 100, 0, 1000),
                (statistics.events("misbehaving"), 40, 100, 40), (statistics.events("misbehaving", "log"), 0, 100, 0),
                (statistics.events("misbehaving", "rewrite"), 0, 0, 0),
            ]
            for (counts, done, failed, calls) in expected {
                #expect(counts[.done] == done && counts[.failed] == failed && counts.calls == calls, "\(counts)")
                #expect(counts.begun == done + failed && counts.ended == done + failed)
                #expect(counts.latency.count == counts.begun)
                if counts.begun > 0 {
                    // No event takes no time, and the whole test no longer than that.
                    #expect(counts.latency.sum > 100 * counts.begun)
                    #expect(try #require(counts.latency.quantile(0.5)) <= #require(counts.latency.quantile(0.999)))
                    #expect(try #require(counts.latency.quantile(1)) < 300_000_000_000)
                }
            }
            // What each event waits for in Kong counts.
            #expect(statistics.events("tencalls").latency.sum > statistics.events("goplug").latency.sum)
            #expect(statistics.instances["goplug"]?.running == 1)
            #expect(statistics.instances["misbehaving"]?.running == 1)
            #expect(statistics.instances["misbehaving"]?.starts == 2)
            // Those that Kong's exits have closed, and a few.
            #expect((1...200).contains(statistics.connections.accepted))
            #expect(statistics.connections.open <= statistics.connections.accepted)
            #expect(statistics.connections.receivedBytes > 400 * 10 && statistics.connections.sentBytes > 400 * 10)

            #expect(status.pid == server.process.pid && status.quarantines.isEmpty)
            #expect(status.isSupervised == flags.isEmpty && status.workers.count == 1)
            #expect((status.workers.first?.pid == server.process.pid) == !status.isSupervised)
            #expect(status.plugins.map(\.name) == ["goplug", "misbehaving", "tencalls"])
            #expect(status.plugins.allSatisfy { $0.state == .loaded })
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whatRunsAndWhatIsCancelled(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let instance = try server.kong(wireProtocol).startInstance("misbehaving", config: #"{"mode":"sleep","count":3600000}"#)
            let connection = try server.connect()
            switch wireProtocol {
            case .messagePack:
                try connection.send(
                    MessagePack.request(1, "plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": "access"]))
            case .protoBuf: try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
            }
            try server.expectStatus("it runs") { $0.events("misbehaving").running == 1 && $0.connections.open >= 1 }
            connection.close()
            try server.expectStatus("it is cancelled") {
                $0.events("misbehaving").running == 0 && $0.events("misbehaving")[.cancelled] == 1
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whatIsRefused(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("goplug", config: "{}")
            // It has no such phase. Over MessagePack that is an error.
            _ = try? kong.handleEvent(instance, "log")
            try server.expectStatus("refused") { $0.events("goplug", "log")[.refused] == 1 && $0.events().running == 0 }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func theQueueForThreads(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(["blocking": "blocking"], flags: ["--blocking-threads", "1", "--blocking-queue", "0"]) { server in
            let instance = try server.kong(wireProtocol).startInstance("blocking", config: #"{"handler":200}"#)
            try onThreads(4) { _ in
                try server.kong(wireProtocol).handleEvent(instance, "access") { call in
                    call.method == "kong.response.exit" ? .neverAnswers : .value(call.method == "kong.request.get_method" ? "GET" : "h")
                }
            }
            try server.expectStatus("some are refused") { statistics in
                let counts = statistics.events("blocking")
                return counts[.done] + counts[.refused] == 4 && counts[.done] >= 1 && counts[.refused] >= 1
                    && statistics.blocking.threads == 1 && statistics.blocking.idleThreads == 1 && statistics.blocking.queued == 0
            }
        }
    }

    @Test func whatKongDoesNotComeBackTo() throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--step-timeout", "0.05"]) { server in
            let kong = server.kong(.messagePack)
            let instance = try kong.startInstance("misbehaving", config: #"{"mode":"ask"}"#)
            try kong.handleEvent(instance, "access") { _ in .neverAnswers }
            try server.expectStatus("timed out") { $0.events("misbehaving")[.timedOut] == 1 && $0.events().running == 0 }
        }
    }

    /// The handler sleeps on for an hour.
    @Test(arguments: WireProtocolKind.both)
    func whatTakesTooLong(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--event-timeout", "0.2"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: #"{"mode":"sleep","count":3600000}"#)
            _ = try? kong.handleEvent(instance, "access", answering: exiting)
            try server.expectStatus("timed out") { $0.events("misbehaving")[.timedOut] == 1 && $0.events().running == 0 }
            // Its task was cancelled, and has returned: it is not counted again.
            try server.expectService()
            #expect(try server.status().statistics.events("misbehaving").ended == 1)
        }
    }

    @Test func instancesThatCannotBeStarted() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(.protoBuf)
            let instance = try kong.startInstance("misbehaving", config: #"{"mode":"init throws"}"#)
            let unknown = try kong.startInstance("nobody", config: "{}")
            try kong.handleEvent(instance, "access", answering: exiting)
            try kong.handleEvent(unknown, "access", answering: exiting)
            let status = try server.status()
            #expect(status.statistics.instances["misbehaving"]?.failed == 1)
            #expect(status.statistics.instances["misbehaving"]?.running == 0)
            #expect(status.statistics.instances["misbehaving"]?.failedStarts == 1)
            #expect(status.statistics.events("misbehaving")[.failed] == 1)
            #expect(status.statistics.instances["(not loaded)"]?.failed == 1)
            #expect(status.statistics.events("(not loaded)")[.failed] == 1)
        }
    }

    /// A handler that holds its loop cannot keep the status from whoever wants to know which one it is.
    @Test func aLoopThatIsHeldUpIsNotWaitedFor() throws {
        try TestServer.run([:], flags: ["--loops", "2"], prepare: { try Plugins.compileWhole(Plugins.holder, named: "holder", into: $0) }) { server in
            // The connections are dealt out in turn: this is not the first loop's, or that has been passed over.
            let kong = server.kong(.protoBuf)
            let gate = server.directory.file("gate")
            let instance = try kong.startInstance("holder", config: #"{"gate":"\#(gate)"}"#)
            let before = try server.status().statistics
            let held = DispatchGroup()
            DispatchQueue.global().async(group: held) { _ = try? kong.handleEvent(instance, "log") }
            try server.waitForLog("at the gate")
            let during = try server.status().statistics
            #expect(during.events("holder", "log").begun == 0)
            #expect(during.connections.accepted >= before.connections.accepted)
            #expect(during.instances["holder"]?.running == 1)
            try Data().write(to: URL(fileURLWithPath: gate))
            held.wait()
            try server.expectStatus("it goes on") { $0.events("holder", "log")[.done] == 1 }
        }
    }

    @Test func pluginsAndTheirFiles() throws {
        try TestServer.run(["goplug": "recorded_goplug"], prepare: { try "text".write(toFile: "\($0)/bad.so", atomically: true, encoding: .utf8) }) { server in
            let digest = try run("sha256sum", ["\(server.plugins)/goplug.so"]).prefix(64)
            #expect(try eventually { try server.status().plugins.contains { $0.sha256 == digest } })
            let plugins = try server.status().plugins
            #expect(plugins.map(\.name) == ["bad", "goplug"])
            #expect(plugins.map(\.state) == [.refused, .loaded])
            #expect(plugins[0].reason.contains("not-elf"))
            let info = try server.kong(.messagePack).getPluginInfo("goplug")
            #expect(plugins[1].phases == info["Phases"]?.items?.compactMap(\.text))
            #expect(plugins[1].version == info["Version"]?.text && !plugins[1].version.isEmpty)
            #expect(plugins[1].path == "\(server.plugins)/goplug.so")
        }
    }

    // MARK: The command

    @Test func theCommandShowsIt() throws {
        try TestServer.run { server in
            let kong = server.kong(.protoBuf)
            let instance = try kong.startInstance("goplug", config: "{}")
            for _ in 0..<3 { try kong.handleEvent(instance, "access") }
            try server.expectStatus("three") { $0.events("goplug")[.done] == 3 }
            let human = try Program(["status", "-kong-prefix", server.directory.path])
            #expect(human.end == .exited(0), "\(human.errors)")
            let row = human.outputText.split(separator: "\n").last { $0.hasPrefix("goplug") }
            #expect(row?.split(separator: " ").prefix(4) == ["goplug", "access", "0", "3"], "\(human.outputText)")
            #expect(human.outputText.contains("pid \(server.process.pid)"))
            let json = try Program(["status", "--control-socket", server.control, "--json"])
            #expect(try ServerStatus(JSONValue(parsing: json.outputText)).statistics.events("goplug")[.done] == 3)
        }
    }

    @Test func withoutAServerItSaysSo() throws {
        let directory = try TemporaryDirectory()
        let run = try Program(["status", "-kong-prefix", directory.path])
        #expect(run.end == .exited(1))
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("no server answers at \(directory.path)/swift-pluginserver.control"))
    }

    // MARK: The socket

    @Test func onlyItsUserMayAsk() throws {
        let server = try TestServer()
        _ = try server.status()
        let attributes = try FileManager.default.attributesOfItem(atPath: server.control)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try server.stop()
        #expect(!FileManager.default.fileExists(atPath: server.control))
    }

    @Test func aServerWithoutItServes() throws {
        let server = try TestServer(flags: ["--control-socket", "/proc/none"])
        try server.expectService()
        try server.waitForLog("status has no socket to ask at: bind /proc/none")
        try server.stop()
    }

    @Test func anythingElseIsAnsweredWithAnError() throws {
        try TestServer.run { server in
            _ = try server.status()
            let requests = [
                "\n": "not JSON", "status\n": "not JSON", "[]\n": "no command", "{}\n": "no command", "{\"command\":1}\n": "no command",
                "{\"command\":\"stop\"}\n": "there is no command", String(repeating: "x", count: 70_000): "longer than 65536",
                String(repeating: "[", count: 60_000) + "\n": "not JSON",
            ]
            for (request, reason) in requests {
                let answer = try JSONValue(parsing: server.answer(to: Array(request.utf8)))
                guard case .string(let text)? = answer["error"] else { throw TestFailure("\(answer)") }
                #expect(text.contains(reason), "\(request.prefix(20)): \(text)")
            }
            #expect(try server.answer(to: [0xff, 0xfe, UInt8(ascii: "\n")]).contains("not JSON"))
            // Many who say nothing.
            let silent = try (0..<200).map { _ in try RawConnection(path: server.control, timeout: .seconds(30)) }
            _ = try server.status()
            try server.expectService()
            for connection in silent { connection.close() }
            _ = try server.status()
        }
    }
}
