import Foundation
import KongClient
import Testing
import TestSupport
import WireProtocol

/// Workers that are killed while there are many events.
@Suite struct KillStressTests {
    @Test func killsCostOnlyWhatIsInFlight() throws {
        try TestServer.run { server in
            let lanes = try WireProtocolKind.both.map { wireProtocol in
                let instance = try server.kong(wireProtocol).startInstance("goplug", config: #"{"attach":true}"#)
                return Traffic.Lane(
                    socket: server.socket, wireProtocol: wireProtocol, instance: instance,
                    isGood: { $0 == [.setHeader("x-goplug", "Set by custom go plugin")] })
            }
            let before = try ProcessFigures(server.process.pid)
            var ends: [ClosedRange<ContinuousClock.Instant>] = []
            let traffic = try Traffic.run(lanes) { traffic in
                for _ in 0..<StressExtent.kills {
                    let worker = try server.worker()
                    let began = ContinuousClock.now
                    kill(worker, SIGKILL)
                    let end = try server.waitForWorkerEnd(ends.count + 1)
                    ends.append(began...(.now))
                    // Nobody is to blame.
                    guard end.contains("worker \(worker) has ended with signal 9") else { throw TestFailure(end) }
                    try traffic.waitForEvents(StressExtent.clients)
                }
            }
            let failures = traffic.failures
            StressExtent.tell("\(ends.count) kills: \(traffic.done) events good, \(failures.count) failed that were in flight")
            failures.expectOnlyInFlight(at: ends)
            let status = try server.status()
            #expect(status.workers.map(\.restarts) == [UInt64(ends.count)])
            #expect(status.statistics.instances["goplug"]?.running == UInt64(lanes.count))
            try server.expectNothingLeftBehind(since: before)
        }
    }
}

extension TestServer {
    /// Of workers that have been: the supervisor has one worker and what belongs to it.
    func expectNothingLeftBehind(since before: ProcessFigures, _ sourceLocation: SourceLocation = #_sourceLocation) throws {
        var now = before
        let isClean = try eventually {
            now = try ProcessFigures(process.pid)
            return now.descriptors == before.descriptors && now.threads == before.threads && now.children.count == before.children.count
        }
        StressExtent.tell("supervisor before: \(before); after: \(now)")
        #expect(isClean, "before: \(before); after: \(now)", sourceLocation: sourceLocation)
    }
}
