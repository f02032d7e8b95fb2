import CKongPlugin

/// One thing that `kong_plugin.h` asks of plugins.
public struct Rule: Sendable {
    /// Stable, as codes are.
    public enum ID: String, CaseIterable, Codable, Sendable {
        case loads
        case olderHost = "older-host"
        case unknownMethods = "unknown-methods"
        case openFailure = "open-failure"
        case sameDescriptor = "same-descriptor"
        case unchangedDescriptor = "unchanged-descriptor"
        case startAnswered = "start-answered"
        case wrongConfig = "wrong-config"
        case manyInstances = "many-instances"
        case stopAnswered = "stop-answered"
        case failureMessage = "failure-message"
        case finishOnce = "finish-once"
        case afterFinish = "after-finish"
        case sideBySide = "side-by-side"
        case cancel
        case noBlocking = "no-blocking"
        case loopThread = "loop-thread"
        case answerAtOnce = "answer-at-once"
        case answerValues = "answer-values"
        case answerErrors = "answer-errors"
        case values
        case stringSize = "string-size"
        case borrowed
    }

    public let id: ID
    /// What holds for a plugin that keeps it: one sentence.
    public let statement: String
    /// How it is examined.
    public let method: String
    /// What to do about a plugin that breaks it.
    public let remedy: String
    /// Why there may be nothing to examine.
    let absence: String

    /// All rules, in the order in which a plugin comes to them; each id once.
    public static let all = opening + instances + events + answers

    static func of(_ id: ID) -> Rule {
        guard let rule = all.first(where: { $0.id == id }) else { preconditionFailure("there is no rule \(id.rawValue)") }
        return rule
    }
}
