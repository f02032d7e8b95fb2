/// What is done with a plugin, in a process of its own, to see whether it keeps a rule.
struct Drill: Sendable {
    /// The rule that is broken by whatever breaks none of the others. The drill has its name.
    let rule: Rule.ID
    var host = ConformanceHost.Kind.current
    /// Whether it only makes sense for a plugin that ends its events.
    var needsEvents = true
    let run: @Sendable (Bench) throws(DrillEnd) -> Void

    /// The start is done first, then the finish, and then the rest: what the first two find wrong would be found again by all.
    static let all = [start, finish] + rest
    static let rest = opening + instances + events + answers

    static func of(_ rule: Rule.ID) -> Drill? { all.first { $0.rule == rule } }
}
