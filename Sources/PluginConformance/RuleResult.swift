/// What has come of one rule.
public struct RuleResult: Encodable, Sendable {
    public enum Outcome: String, Encodable, Sendable {
        case kept, broken
        case notApplicable = "not-applicable"
    }

    public let id: Rule.ID
    public let statement: String
    public let outcome: Outcome
    /// What was seen, of a rule that is broken.
    public let found: [String]?
    /// What to do about it.
    public let fix: String?
    /// The last that the plugin has written to standard error before its process ended.
    public let lastWords: String?
    /// Why the rule does not apply, or was not examined.
    public let reason: String?

    private enum CodingKeys: String, CodingKey {
        case id, statement, outcome, found, fix, reason
        case lastWords = "last_words"
    }

    static func kept(_ id: Rule.ID) -> RuleResult { RuleResult(id, .kept) }

    static func broken(_ id: Rule.ID, _ found: [String], fix: String? = nil, lastWords: String? = nil) -> RuleResult {
        RuleResult(id, .broken, found, fix: fix ?? Rule.of(id).remedy, lastWords: lastWords)
    }

    static func notApplicable(_ id: Rule.ID, _ reason: String) -> RuleResult { RuleResult(id, .notApplicable, reason: reason) }

    private init(
        _ id: Rule.ID, _ outcome: Outcome, _ found: [String]? = nil, fix: String? = nil, lastWords: String? = nil, reason: String? = nil
    ) {
        self.id = id
        statement = Rule.of(id).statement
        self.outcome = outcome
        self.found = found
        self.fix = fix
        self.lastWords = lastWords
        self.reason = reason
    }
}
