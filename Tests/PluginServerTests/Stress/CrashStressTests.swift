import Foundation
import KongClient
import Testing
import TestSupport
import WireProtocol

/// A plugin that crashes now and then while there are many events: whom that costs what, and who is blamed.
@Suite(.serialized) struct CrashStressTests {
    struct Cell: Sendable, CustomTestStringConvertible {
        let workers: String
        let wireProtocol: WireProtocolKind
        let ways: [(how: String, says: [String])]

        var testDescription: String { "\(workers), \(wireProtocol)" }
    }

    private static let ways = CrashTests.ways + [(how: "endless loop", says: ["held its loop for "])]

    /// All ways in all cells; or each way in one of two.
    private static let cells: [Cell] = {
        guard StressExtent.isFull else {
            let odd = ways.indices.filter { $0 % 2 == 1 }.map { ways[$0] }
            let even = ways.indices.filter { $0 % 2 == 0 }.map { ways[$0] }
            return [
                Cell(workers: "shared", wireProtocol: .messagePack, ways: odd), Cell(workers: "per-plugin", wireProtocol: .protoBuf, ways: even),
            ]
        }
        return ["shared", "per-plugin"].flatMap { workers in
            WireProtocolKind.both.map { Cell(workers: workers, wireProtocol: $0, ways: ways) }
        }
    }()

    @Test(arguments: cells)
    func aCrashCostsOnlyWhatRunsInTheSameProcess(_ cell: Cell) throws {
        let isAlone = cell.workers == "per-plugin"
        let flags = [
            "--workers", cell.workers, "--crash-limit", "1000", "--handler-warning", "0.2", "--handler-limit", "0.5",
            "--worker-memory", "\(512 << 20)",
        ]
        try TestServer.run(Plugins.goodAndBad, flags: flags, socketName: isAlone ? "goplug.socket" : "go_pluginserver.sock") { server in
            func socket(of plugin: String) -> String { isAlone ? server.directory.file("\(plugin).socket") : server.socket }
            func start(_ plugin: String, _ config: String, _ wireProtocol: WireProtocolKind) throws -> Int64 {
                try KongClient(socketPath: socket(of: plugin), protocol: wireProtocol, timeout: .seconds(30)).startInstance(plugin, config: config)
            }
            let name = isAlone ? "misbehaving" : ""
            _ = try server.worker(of: name)
            let trap = Trap()
            var lanes = try WireProtocolKind.both.map { wireProtocol in
                let isGood: @Sendable ([PDKCall]) -> Bool = { $0 == [.setHeader("x-goplug", "Set by custom go plugin")] }
                return Traffic.Lane(
                    socket: socket(of: "goplug"), wireProtocol: wireProtocol,
                    instance: try start("goplug", #"{"attach":true}"#, wireProtocol), isGood: isGood)
            }
            let bad = lanes.count
            lanes += try [cell.wireProtocol, cell.wireProtocol].map { wireProtocol in
                Traffic.Lane(
                    socket: socket(of: "misbehaving"), wireProtocol: wireProtocol,
                    instance: try start("misbehaving", #"{"text":"fine"}"#, wireProtocol),
                    isGood: { $0.count == 1 && $0.first?.arguments.last?.text?.hasSuffix(" fine") == true }, trap: trap)
            }
            let traps = try cell.ways.map { try start("misbehaving", #"{"mode":"crash","text":"\#($0.how)"}"#, cell.wireProtocol) }

            var ends: [ClosedRange<ContinuousClock.Instant>] = []
            let traffic = try Traffic.run(lanes) { traffic in
                for _ in 0..<StressExtent.crashes {
                    for (way, instance) in zip(cell.ways, traps) {
                        try traffic.waitForEvents(StressExtent.eventsPerCrash / 2, inLane: bad)
                        try traffic.waitForEvents(StressExtent.eventsPerCrash / 2, inLane: bad + 1)
                        let began = ContinuousClock.now
                        let outcome = try trap.trip(instance)
                        let end = try server.waitForWorkerEnd(ends.count + 1)
                        ends.append(began...(.now))
                        // The client has been answered, so that Kong does not send the event again.
                        #expect(try outcome.get().map(\.plain).last == .exit500, "\(way.how)")
                        let worker = isAlone ? "worker of misbehaving " : "worker "
                        #expect(end.contains("] \(worker)") || end.contains(": \(worker)"), "\(end)")
                        #expect(end.contains(": misbehaving: access handler \(way.says[0])"), "\(way.how): \(end)")
                        #expect(end.contains(", instance \(instance), event ") && end.contains(", answered, thread "), "\(way.how): \(end)")
                    }
                }
                // All clients are served again.
                try traffic.waitForEvents(StressExtent.clients)
            }
            #expect(server.workerEnds.count == ends.count)
            #expect(try server.status().workers.first { $0.name == name }?.restarts == UInt64(ends.count))
            let failures = traffic.failures
            StressExtent.tell("\(cell.testDescription): \(ends.count) crashes, \(traffic.done) events good, \(failures.count) failed beside them")
            // Of other plugins none fails if they have processes of their own.
            if isAlone { #expect(failures.allSatisfy { $0.lane >= bad }) }
            failures.expectOnlyInFlight(at: ends)
        }
    }
}
