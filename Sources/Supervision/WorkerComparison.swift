/// What a new worker has opened, compared with an old one: whether it is to take over, and what that changes.
struct WorkerComparison {
    /// By name; one for each plugin that either has, or was to have.
    let changes: [PluginChange]
    /// Whether something is refused that the old worker has not refused.
    private let refusesMore: Bool

    /// - Parameters:
    ///   - old: what the old worker has opened, and not taken.
    ///   - isQuarantined: whether a plugin is not to be opened for now.
    init(
        old: (loaded: [LoadedFacts], refused: [RefusedFacts]), new: (loaded: [LoadedFacts], refused: [RefusedFacts]),
        isQuarantined: (String) -> Bool
    ) {
        let (before, after) = (Self.byName(old.loaded, \.plugin), Self.byName(new.loaded, \.plugin))
        let refusals = Self.byName(new.refused.filter { $0.plugin != nil }) { $0.plugin ?? "" }
        changes = Set(before.keys).union(after.keys).union(refusals.keys).sorted().map { name in
            let kind: PluginChange.Kind =
                switch (before[name], after[name]) {
                case _ where refusals[name] != nil: .refused
                case (let before?, let after?): after.isSame(as: before) ? .unchanged : .replaced
                case (nil, _?): .loaded
                case (_, nil): isQuarantined(name) ? .quarantined : .unloaded
                }
            return PluginChange(plugin: name, kind: kind, before: before[name], after: after[name], refusal: refusals[name])
        }
        refusesMore = !Set(new.refused).subtracting(old.refused).isEmpty
    }

    private static func byName<Facts>(_ facts: [Facts], _ name: (Facts) -> String) -> [String: Facts] {
        Dictionary(facts.map { (name($0), $0) }) { first, _ in first }
    }

    /// Whether the new worker is better than the old one: it has other plugins, or the same, and nothing is lost. One of which
    /// the only news is what it has refused, is not.
    /// - Parameter isRestart: whether a worker is to be replaced that is the same.
    func isFit(asRestart isRestart: Bool) -> Bool {
        if changes.contains(where: \.isLoss) { return false }
        return isRestart || !refusesMore || changes.contains(where: \.isOther)
    }

    /// One line on why the old worker stays.
    var objection: String {
        changes.contains(where: \.isLoss) && changes.contains { $0.isOther && !$0.isLoss } ? "nothing is taken: \(summary)" : summary
    }

    /// One line, without those to which nothing happens.
    var summary: String {
        let unchanged = changes.count { $0.kind == .unchanged }
        var parts = changes.filter { $0.kind != .unchanged }.map(\.text)
        if unchanged > 0 || parts.isEmpty { parts.append("\(unchanged) unchanged") }
        return parts.joined(separator: "; ")
    }
}

/// How a reload has ended.
struct ReloadOutcome {
    /// Why the old worker stays; nil: a new one has taken over.
    let reason: String?
    let changes: [PluginChange]

    /// What was not done: of one plugin, or of all that there were before.
    /// - Parameter asRestart: whether a new worker was wanted even if nothing has changed.
    func failure(of plugin: String?, asRestart: Bool) -> String? {
        let refused = changes.filter { $0.kind == .refused && ($0.plugin == plugin || plugin == nil && $0.before != nil) }
        if !refused.isEmpty { return refused.map(\.text).joined(separator: "; ") }
        // That nothing was to be done is no failure of a plugin that is as it was.
        if !asRestart, let change = changes.first(where: { $0.plugin == plugin }), !change.isOther { return nil }
        return reason
    }
}
