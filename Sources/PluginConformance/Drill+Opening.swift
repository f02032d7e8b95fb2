/// Hosts that offer less than this one. That the plugin opens at all is seen to before.
extension Drill {
    static let opening = [
        Drill(rule: .olderHost, host: .first, run: handleEverything),
        Drill(rule: .unknownMethods, host: .withoutMethods, run: handleEverything),
    ]

    @Sendable private static func handleEverything(_ bench: Bench) throws(DrillEnd) {
        guard let config = bench.config else { throw .notApplicable(ConfigSample.advice) }
        bench.report.doing("starting an instance")
        let instance = try bench.start(config, nil)
        // It may need more than this host has.
        guard instance.answers > 0, instance.status == 0 else { return bench.report.examined() }
        for phase in bench.phases {
            bench.report.doing("handling \(phase.rawValue)")
            try bench.event(phase, on: instance)
        }
        try bench.settle()
        bench.report.examined()
    }
}
