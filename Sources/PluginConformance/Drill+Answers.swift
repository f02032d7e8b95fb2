import CKongPlugin
import KongSimulator
import WireProtocol

extension Drill {
    static let answers = [
        Drill(rule: .answerAtOnce) { (bench) throws(DrillEnd) in
            guard !bench.isBlocking else { throw .notApplicable(Rule.of(.answerAtOnce).absence) }
            let instance = try bench.instance()
            var script = AnswerScript()
            script.time = .atOnce
            var isAnswered = false
            for phase in bench.phases {
                bench.report.doing("handling \(phase.rawValue), its calls answered before `call` returns")
                let event = try bench.event(phase, on: instance, script)
                isAnswered = isAnswered || bench.host.monitor.locked { event.calls.contains(where: \.isAwaited) }
            }
            guard isAnswered else { throw .notApplicable(Rule.of(.answerAtOnce).absence) }
            try bench.settle()
            bench.report.examined()
        },
        Drill(rule: .answerValues) { (bench) throws(DrillEnd) in
            try changeEachCall(bench, .answerValues) { isAwaited in
                isAwaited ? oddValues.map { (.value($0), "answered with \($0)") } : []
            }
        },
        Drill(rule: .answerErrors) { (bench) throws(DrillEnd) in
            try changeEachCall(bench, .answerErrors) { isAwaited in
                refusals.map { (.refusal(kong_status($0.status)), "refused with \($0.name)") }
                    + (isAwaited ? failures.map { (.failure(kong_status($0.status)), "completed with \($0.name)") } : [])
            }
        },
    ]

    private static let oddValues: [OwnedValue] = [
        .null, true, -1, 0.5, "", "text", .string([0xff, 0xfe, 0x00, 0x80]), .bytes([0, 1, 2]), [], [1, "a", .null], [:],
        ["a": ["b": [1, [2]]], "": .null],
    ]

    private typealias Status = (status: Int, name: String)

    /// What `call` may return for a right call on the right thread; and a number that the header does not have. Statuses that
    /// say that the event is over, or cancelled, are the truth or not given.
    private static let refusals: [Status] = [
        (KONG_FAILED, "KONG_FAILED"), (KONG_BAD_ARGUMENT, "KONG_BAD_ARGUMENT"),
        (KONG_UNKNOWN_METHOD, "KONG_UNKNOWN_METHOD"), (KONG_UNSUPPORTED, "KONG_UNSUPPORTED"),
        (KONG_WRONG_PHASE, "KONG_WRONG_PHASE"), (KONG_LIMIT, "KONG_LIMIT"),
        (99, "99, which the header does not have"),
    ]

    private static let failures: [Status] = [
        (KONG_FAILED, "KONG_FAILED"), (KONG_REFUSED, "KONG_REFUSED"),
        (99, "99, which the header does not have"),
    ]

    /// Later calls of a handler are much as the earlier ones.
    private static let callLimit = 32

    /// Handles an event for each call that the plugin makes and each thing that can become of it.
    private static func changeEachCall(
        _ bench: Bench, _ rule: Rule.ID, _ changes: (_ isAwaited: Bool) -> [(AnswerScript.Outcome, String)]
    ) throws(DrillEnd) {
        let instance = try bench.instance()
        for phase in bench.phases {
            let usual = try bench.event(phase, on: instance)
            let calls = bench.host.monitor.locked { usual.calls }
            for (index, call) in calls.prefix(callLimit).enumerated() {
                for (outcome, text) in changes(call.isAwaited) {
                    var script = AnswerScript()
                    script.change = (index, outcome)
                    bench.report.doing("handling \(phase.rawValue): call \(index + 1), \(call.name), is \(text)")
                    try bench.event(phase, on: instance, script)
                    bench.report.examined()
                }
            }
        }
        try bench.settle()
    }
}
