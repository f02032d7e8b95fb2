import PluginLoader

/// What has come of an examination.
public struct ConformanceReport: Encodable, Sendable {
    public let path: String
    /// As Kong will see it; nil: no server loads it.
    public let plugin: PluginDescription?
    /// All of them, in their order.
    public let rules: [RuleResult]

    public func count(_ outcome: RuleResult.Outcome) -> Int { rules.count { $0.outcome == outcome } }
    public var isGood: Bool { count(.broken) == 0 && !rules.isEmpty }
}
