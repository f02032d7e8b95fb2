import CKongPlugin

extension Drill {
    static let start = Drill(rule: .startAnswered, needsEvents: false) { (bench) throws(DrillEnd) in
        guard let config = bench.config else { throw .notApplicable(ConfigSample.advice) }
        bench.report.doing("starting an instance with \(config.text)")
        let start = try bench.start(config)
        try bench.settle()
        bench.report.examined()
        if start.status != kong_status(KONG_OK) { _ = try bench.instance() }
    }

    static let instances = [
        Drill(rule: .wrongConfig, needsEvents: false) { (bench) throws(DrillEnd) in
            guard let config = bench.config else { throw .notApplicable(ConfigSample.advice) }
            _ = try bench.instance()
            for (config, what) in ConfigSample.wrong(config, bench.schema) {
                bench.report.doing("starting an instance with \(what)")
                bench.report.examined()
                let start = try bench.start(config, nil)
                if start.status == kong_status(KONG_OK) { bench.report.broken("it starts with \(what)") }
            }
            try bench.settle()
        },
        Drill(rule: .manyInstances, run: manyInstances),
        Drill(rule: .stopAnswered) { (bench) throws(DrillEnd) in
            guard bench.hasStop else { throw .notApplicable(Rule.of(.stopAnswered).absence) }
            let instance = try bench.instance()
            for phase in bench.phases {
                bench.report.doing("handling \(phase.rawValue)")
                try bench.event(phase, on: instance)
            }
            bench.report.doing("stopping the instance")
            try bench.waitForAnswer(bench.beginStop(instance))
            try bench.settle()
            bench.report.examined()
        },
    ]

    private static let instanceCount = 32

    @Sendable private static func manyInstances(_ bench: Bench) throws(DrillEnd) {
        guard let config = bench.config else { throw .notApplicable(ConfigSample.advice) }
        _ = try bench.instance()
        bench.report.doing("starting \(instanceCount) instances")
        let starts = (0..<instanceCount).map { bench.beginStart(config, on: $0) }
        for (index, start) in starts.enumerated() {
            try bench.waitForAnswer(start)
            guard start.status == kong_status(KONG_OK) else {
                throw .broken("instance \(index + 2) does not start while the others are there: \(start.message.printable)")
            }
        }
        for phase in bench.phases {
            bench.report.doing("handling \(phase.rawValue) on each of \(instanceCount) instances")
            // On the loop of the start, and on the other one.
            for (index, start) in starts.enumerated() { try bench.event(phase, on: start, loop: index / 2) }
        }
        if bench.hasStop {
            bench.report.doing("stopping \(instanceCount) instances")
            let stops = starts.map { bench.beginStop($0) }
            for stop in stops { try bench.waitForAnswer(stop) }
        }
        try bench.settle()
        bench.report.examined()
    }
}
