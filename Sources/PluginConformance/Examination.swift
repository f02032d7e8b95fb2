import PluginLoader

/// Whether a plugin keeps the rules, each seen to in a process of its own.
public struct Examination: Sendable {
    /// With what this program is run, so that it calls `DrillChild.run`. The drill, the time limit, the plugin's path and the
    /// configuration, if there is one, follow.
    private let arguments: [String]
    private let options: CheckOptions
    private let prober: PluginProber
    private let limit: Duration
    private let parallelism: Int

    /// - Parameters:
    ///   - arguments: with which this program is a drill's child.
    ///   - limit: how long a plugin may take for each thing that it is waited for.
    public init(arguments: [String], options: CheckOptions, prober: PluginProber, limit: Duration, parallelism: Int) {
        self.arguments = arguments
        self.options = options
        self.prober = prober
        self.limit = limit
        self.parallelism = max(1, parallelism)
    }

    public enum Failure: Error, CustomStringConvertible {
        /// The configuration is no JSON, or not one that Kong would take.
        case config(String)

        public var description: String {
            switch self {
            case .config(let reason): "Kong would not take the configuration: \(reason)"
            }
        }
    }

    /// - Parameter config: JSON text; nil: one is made up.
    public func run(_ path: String, config: String?) throws(Failure) -> ConformanceReport {
        let plugin: CheckedPlugin
        let description: PluginDescription
        do throws(LoadError) {
            plugin = try CheckedPlugin(PluginFile(path: path), options: options)
            // There is a result for each plugin.
            guard let result = prober.probe([plugin]).first else { return ConformanceReport(path: path, plugin: nil, rules: []) }
            description = try result.get()
        } catch {
            return refused(path, error)
        }
        try check(config, of: description)
        var outcomes = outcomesOf([.start], plugin, config)
        if outcomes.allSatisfy(\.isDone) {
            outcomes += outcomesOf([.finish], plugin, config)
            let finishes = outcomes.allSatisfy(\.isDone)
            outcomes += outcomesOf(Drill.rest.filter { finishes || !$0.needsEvents }, plugin, config)
        }
        return ConformanceReport(path: path, plugin: description, rules: Rule.all.map { judge($0, outcomes) })
    }

    private func check(_ config: String?, of description: PluginDescription) throws(Failure) {
        guard let config else { return }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: config)
        } catch {
            throw .config("\(error)")
        }
        if let violation = description.violation(of: value) { throw .config("\(violation)") }
    }

    private func refused(_ path: String, _ error: LoadError) -> ConformanceReport {
        let rules = Rule.all.map { rule -> RuleResult in
            rule.id == .loads
                ? .broken(.loads, ["\(error.reason) (\(error.code.rawValue)): \(error.pluginSide)"], fix: error.fix)
                : .notApplicable(rule.id, "no server loads it")
        }
        return ConformanceReport(path: path, plugin: nil, rules: rules)
    }

    // MARK: Processes

    /// Far more than one thing is waited for in a drill, but each only as long as the plugin goes on.
    private var drillLimit: Duration { limit * 12 + .seconds(30) }

    private func outcomesOf(_ drills: [Drill], _ plugin: CheckedPlugin, _ config: String?) -> [DrillOutcome] {
        var outcomes: [DrillOutcome] = []
        var running: [(drill: Drill, process: ProbeProcess)] = []
        var rest = drills[...]
        while !rest.isEmpty || !running.isEmpty {
            while running.count < parallelism, let drill = rest.popFirst() {
                do throws(ProbeFailure) {
                    running.append((drill, try start(drill, plugin, config)))
                } catch {
                    outcomes.append(DrillOutcome(drill, failure: error))
                }
            }
            ProbeProcess.wait(for: running.map(\.process))
            running.removeAll { drill, process in
                guard process.hasEnded || process.deadline <= ContinuousClock.now else { return false }
                process.drain()
                outcomes.append(DrillOutcome(drill, process, limit: drillLimit))
                return true
            }
        }
        // Whichever was first to end.
        let order = drills.map(\.rule)
        return outcomes.sorted { order.firstIndex(of: $0.drill.rule) ?? 0 < order.firstIndex(of: $1.drill.rule) ?? 0 }
    }

    private func start(_ drill: Drill, _ plugin: CheckedPlugin, _ config: String?) throws(ProbeFailure) -> ProbeProcess {
        let seconds = limit / .seconds(1)
        return try ProbeProcess(
            ThisProgram.executable,
            arguments + [drill.rule.rawValue, "\(seconds)", plugin.path] + (config.map { ["--config", $0] } ?? []),
            file: plugin.file.bytes.descriptor, within: drillLimit)
    }

    // MARK: The verdict

    private func judge(_ rule: Rule, _ outcomes: [DrillOutcome]) -> RuleResult {
        switch rule.id {
        case .loads: return .kept(.loads)
        case .sameDescriptor: return judgeDescriptors(outcomes.compactMap(\.descriptor))
        default: break
        }
        let breaking = outcomes.filter { $0.broken[rule.id] != nil }
        if !breaking.isEmpty {
            let found = breaking.flatMap { $0.broken[rule.id] ?? [] }
            return .broken(rule.id, unique(found), lastWords: breaking.compactMap(\.lastWords).first { !$0.isEmpty })
        }
        // Of its own drill all must have been done; in others there is to see what there is.
        if outcomes.contains(where: { $0.examined.contains(rule.id) && ($0.isWhole || $0.drill.rule != rule.id) }) {
            return .kept(rule.id)
        }
        return .notApplicable(rule.id, absence(of: rule, outcomes))
    }

    /// Why there was nothing to see of a rule.
    private func absence(of rule: Rule, _ outcomes: [DrillOutcome]) -> String {
        let own = outcomes.first { $0.drill.rule == rule.id }
        if let reason = own?.skipped { return reason }
        if Drill.of(rule.id) != nil, let culprit = firstBroken(in: own.map { [$0] } ?? outcomes) {
            return "not examined, since \(culprit.rawValue) is broken"
        }
        // Of a plugin without an instance there is nothing to see at all.
        if let reason = outcomes.first?.skipped { return reason }
        return rule.absence
    }

    private func firstBroken(in outcomes: [DrillOutcome]) -> Rule.ID? {
        Rule.all.map(\.id).first { id in outcomes.contains { $0.broken[id] != nil } }
    }

    private func judgeDescriptors(_ descriptors: [String]) -> RuleResult {
        let different = unique(descriptors)
        if different.count > 1 {
            return .broken(.sameDescriptor, ["in one process \(different[0]), and in another \(different[1])"])
        }
        return descriptors.count > 1 ? .kept(.sameDescriptor) : .notApplicable(.sameDescriptor, Rule.of(.sameDescriptor).absence)
    }

    private func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}
