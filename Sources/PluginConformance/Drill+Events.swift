import CKongPlugin
import KongSimulator

extension Drill {
    static let finish = Drill(rule: .finishOnce, needsEvents: false) { (bench) throws(DrillEnd) in
        let instance = try bench.instance()
        for phase in bench.phases {
            bench.report.doing("handling \(phase.rawValue)")
            try bench.event(phase, on: instance)
            try bench.settle()
        }
        // On the other loop than the one on which the instance was started.
        for phase in bench.phases {
            bench.report.doing("handling \(phase.rawValue) on another loop")
            try bench.event(phase, on: instance, loop: 1)
        }
        try bench.settle()
        bench.report.examined()
        if !bench.isBlocking { bench.report.examined(.noBlocking) }
    }

    static let events = [
        Drill(rule: .sideBySide, run: sideBySide),
        Drill(rule: .cancel, run: cancel),
    ]

    @Sendable private static func sideBySide(_ bench: Bench) throws(DrillEnd) {
        let instance = try bench.instance()
        let count = bench.isBlocking ? 16 : 100
        var script = AnswerScript()
        script.time = .held
        for phase in bench.phases {
            bench.report.doing("handling \(count) events at a time (\(phase.rawValue))")
            let events = (0..<count).map { bench.begin(phase, on: instance, loop: $0, script) }
            // All that can be waited for is held, and then answered, the last event first, until there is nothing more.
            while true {
                // Some may wait for others, and not for answers of their own.
                _ = bench.host.monitor.wait(.milliseconds(200)) { events.allSatisfy { $0.isWaiting || $0.isOver } }
                try bench.wait(
                    until: { events.contains(where: \.isWaiting) || events.allSatisfy(\.isOver) },
                    orElse: "an event (\(phase.rawValue)) of \(count) was not finished")
                let held = bench.host.monitor.locked { events.reversed().flatMap(\.held) }
                if held.isEmpty { break }
                bench.host.release(held)
            }
            for event in events { try bench.waitForAnswer(event) }
        }
        try bench.settle()
        bench.report.examined()
    }

    /// Later calls of a handler are much as the earlier ones.
    private static let waitLimit = 16

    @Sendable private static func cancel(_ bench: Bench) throws(DrillEnd) {
        let instance = try bench.instance()
        var hasWaited = false
        for phase in bench.phases {
            for call in 0..<waitLimit {
                var script = AnswerScript()
                script.heldFrom = call
                bench.report.doing("handling \(phase.rawValue), to be cancelled at call \(call + 1)")
                let event = bench.begin(phase, on: instance, script)
                // It waits for an answer; or for something else, once its loop has nothing more to do.
                try bench.wait(
                    until: { event.isWaiting || event.isOver || (event.hasReturned && event.answers == 0 && bench.host.isIdle) },
                    orElse: "\(event.name) was not finished")
                guard bench.host.monitor.locked({ event.answers == 0 }) else {
                    if !bench.host.monitor.locked({ event.calls.count > call }) { break }
                    continue
                }
                hasWaited = true
                bench.report.doing("cancelling \(phase.rawValue) while \(bench.host.monitor.locked { event.waitsFor })")
                bench.cancel(event)
                try bench.waitForAnswer(event)
            }
        }
        guard hasWaited else { throw .notApplicable(Rule.of(.cancel).absence) }
        try bench.settle()
        bench.report.examined()
    }
}

extension HostEvent {
    /// With the lock.
    fileprivate var waitsFor: String {
        held.first.map { "it waits for \($0.name), call \(calls.count)" } ?? "it waits for something that is no call"
    }
}
