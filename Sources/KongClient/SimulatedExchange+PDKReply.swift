import KongSimulator
import WireProtocol

extension SimulatedExchange {
    /// What Kong 3 replies to a call that a plugin server asks for: the function's outcome, less what the protocol has no
    /// room for. Pass it to `KongClient.handleEvent`.
    public mutating func answer(_ call: PDKCall, over wireProtocol: WireProtocolKind) -> PDKReply {
        reply(to: call, with: perform(call.method, call.arguments), over: wireProtocol)
    }

    /// The same for a call that has been performed.
    public mutating func reply(
        to call: PDKCall, with outcome: SimulatedOutcome, over wireProtocol: WireProtocolKind
    ) -> PDKReply {
        switch outcome {
        case .value(let value): return .value(value)
        case .nothing: return .nothing
        case .raised, .exits, .unanswered: return .neverAnswers
        case .error(let text): return answer(call, error: text, over: wireProtocol)
        }
    }

    private mutating func answer(_ call: PDKCall, error text: String, over wireProtocol: WireProtocolKind) -> PDKReply {
        let isBody = call.method == "kong.request.get_raw_body"
        switch wireProtocol {
        // A body in a file comes as the file's path, whatever the function says.
        case .protoBuf:
            if isBody, let path = requestBodyFile { return .value(["body_filepath": .string(path)]) }
            return .error(text)
        // Kong 3 drops the text, and answers with nil; packing nil as a body is an error of its own. Kong 2 sends a StepError.
        case .messagePack:
            guard isBody else { return .nothing }
            fail("attempt to get length of local 'str' (a nil value)")
            return .neverAnswers
        }
    }
}
