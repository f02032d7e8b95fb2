import JSON

/// What becomes of a plugin when a new worker takes an old one's place.
struct PluginChange {
    enum Kind: String {
        case loaded
        case replaced
        case unchanged
        /// Its file is gone.
        case unloaded
        /// It has crashed too often.
        case quarantined
        /// What is at its path was not taken.
        case refused
    }

    let plugin: String
    let kind: Kind
    /// In the old worker.
    let before: LoadedFacts?
    /// In the new one.
    let after: LoadedFacts?
    let refusal: RefusedFacts?

    /// Whether the new worker has other code than the old one.
    var isOther: Bool {
        guard let before, let after else { return (before == nil) != (after == nil) }
        return !after.isSame(as: before)
    }

    /// Whether the old worker has what no other could open.
    var isLoss: Bool { kind == .refused && before != nil && after == nil }

    /// For the log, and for whoever has asked.
    var text: String {
        switch kind {
        case .loaded: "\(plugin): loaded, \(named(after))"
        case .replaced: "\(plugin): \(before?.version ?? "") -> \(named(after))"
        case .unchanged: "\(plugin): unchanged, \(named(after))"
        case .unloaded: "\(plugin): unloaded, for \(before?.path ?? "its file") is gone"
        case .quarantined: "\(plugin): not loaded, for it is quarantined"
        case .refused: "\(plugin): refused, \(refusal.map { "\($0.code): \($0.reason)" } ?? ""); \(consequence)"
        }
    }

    private var consequence: String {
        if let after { return "the version from before stays, \(named(after))" }
        return before == nil ? "it is not loaded" : "and what ran before cannot be opened again, so it runs only as long as its worker"
    }

    private func named(_ facts: LoadedFacts?) -> String { facts.map { "\($0.version), \($0.digest)" } ?? "" }

    /// For programs: docs/status.md has the keys.
    var json: JSONValue {
        .object([
            "plugin": .string(plugin), "change": .string(kind.rawValue), "text": .string(text),
            "before": Self.json(before), "after": Self.json(after),
            "code": refusal.map { .string($0.code) } ?? .null, "reason": refusal.map { .string($0.reason) } ?? .null,
        ])
    }

    private static func json(_ facts: LoadedFacts?) -> JSONValue {
        facts.map { .object(["version": .string($0.version), "sha256": .string($0.sha256)]) } ?? .null
    }
}
