import KongSimulator

extension SimulatedExchange {
    /// What Kong sends to the server for a call of its PDK. Pass it to `KongClient.handleEvent`.
    public mutating func answer(_ call: PDKCall) -> PDKReply { PDKReply(perform(call.method, call.arguments)) }
}

extension PDKReply {
    /// What a server hears of a call.
    public init(_ outcome: SimulatedOutcome) {
        switch outcome {
        case .value(let value): self = .value(value)
        case .nothing: self = .nothing
        case .error(let text): self = .error(text)
        case .raised, .exits, .unanswered: self = .neverAnswers
        }
    }
}
