import Foundation
import KongClient
import Testing
import TestSupport
import WireProtocol

/// What a plugin costs that has been quarantined.
@Suite(.serialized) struct QuarantineStressTests {
    struct Cell: Sendable, CustomTestStringConvertible {
        let workers: String
        let hasTraffic: Bool

        var testDescription: String { "\(workers), \(hasTraffic ? "with" : "without") traffic to others" }

        static let all = ["shared", "per-plugin"].flatMap { workers in [false, true].map { Cell(workers: workers, hasTraffic: $0) } }
        static let some = [Cell(workers: "shared", hasTraffic: false), Cell(workers: "per-plugin", hasTraffic: true)]
    }

    @Test(arguments: StressExtent.isFull ? Cell.all : Cell.some)
    func aPluginThatCrashesAtEveryEventIsNoBurden(_ cell: Cell) throws {
        let (workers, hasTraffic) = (cell.workers, cell.hasTraffic)
        let isAlone = workers == "per-plugin"
        let flags = ["--workers", workers, "--crash-limit", "3", "--crash-window", "600", "--quarantine-time", "3600"]
        try TestServer.run(Plugins.goodAndBad, flags: flags, socketName: isAlone ? "goplug.socket" : "go_pluginserver.sock") { server in
            func socket(of plugin: String) -> String { isAlone ? server.directory.file("\(plugin).socket") : server.socket }
            let name = isAlone ? "misbehaving" : ""
            _ = try server.worker(of: name)
            let kong = KongClient(socketPath: socket(of: "misbehaving"), protocol: .protoBuf, timeout: .seconds(30), serverMayClose: true)
            let trap = try kong.startInstance("misbehaving", config: #"{"mode":"crash","text":"fatalError"}"#)
            for number in 1...3 {
                _ = try server.worker(of: name)
                let calls = try kong.handleEvent(trap, "access", answering: exiting)
                #expect(calls.last?.plain == .exit500)
                _ = try server.waitForWorkerEnd(number)
            }
            try server.waitForLog("plugin misbehaving is quarantined")
            // Once it serves, it has started all that it will.
            let worker = try server.worker(of: name)
            let lanes = try WireProtocolKind.both.map { wireProtocol in
                let good = KongClient(socketPath: socket(of: "goplug"), protocol: wireProtocol, timeout: .seconds(30))
                return Traffic.Lane(
                    socket: socket(of: "goplug"), wireProtocol: wireProtocol,
                    instance: try good.startInstance("goplug", config: #"{"attach":true}"#),
                    isGood: { $0 == [.setHeader("x-goplug", "Set by custom go plugin")] })
            }
            let traffic = try Traffic.run(lanes, clients: hasTraffic ? StressExtent.clients : 0) { traffic in
                if hasTraffic { try traffic.waitForEvents(StressExtent.clients) }
                // The worker that others have, too, works for them.
                let processes = isAlone || !hasTraffic ? [server.process.pid, worker] : [server.process.pid]
                let before = try processes.map { try ProcessFigures.processorTime(of: $0) }
                let began = ContinuousClock.now
                while ContinuousClock.now - began < StressExtent.quarantineWatch {
                    let calls = try kong.handleEvent(trap, "access", answering: exiting)
                    #expect(calls.map(\.method) == ["kong.response.exit"] && calls.first?.arguments.first == 503)
                    usleep(100_000)
                }
                let time = ContinuousClock.now - began
                let used = zip(try processes.map { try ProcessFigures.processorTime(of: $0) }, before).map { $0 - $1 }
                let share = used.reduce(.zero, +) / time
                StressExtent.tell(
                    "\(cell.testDescription): supervisor and worker \(used) in \(time), \((share * 10000).rounded() / 100) %")
                // In the short form a tick of the clock is a percent, and others use the machine.
                #expect(share < (StressExtent.isFull ? 0.01 : 0.25))
            }
            #expect(traffic.failures.isEmpty)
            #expect(server.workerEnds.count == 3)
            #expect(try server.worker(of: name) == worker)
        }
    }
}
