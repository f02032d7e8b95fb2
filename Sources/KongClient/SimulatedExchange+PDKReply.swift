import KongSimulator
import PDKCatalogue
import WireProtocol

extension SimulatedExchange {
    /// What Kong 3 replies to a call that a plugin server asks for: the function's outcome, less what the protocol has no
    /// room for. Pass it to `KongClient.handleEvent`.
    public mutating func answer(_ call: PDKCall, over wireProtocol: WireProtocolKind) -> PDKReply {
        let received = call.received(over: wireProtocol)
        return reply(to: call, with: perform(received.method, received.arguments), over: wireProtocol)
    }

    /// The same for a call that has been performed.
    public mutating func reply(
        to call: PDKCall, with outcome: SimulatedOutcome, over wireProtocol: WireProtocolKind
    ) -> PDKReply {
        switch outcome {
        // JSON's null is no nil in Lua: it leaves no hole.
        case .value(let value) where call.method.hasSuffix(".get_body"): return .value(value)
        case .value(let value): return .value(value.sent(over: wireProtocol))
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

extension PDKCall {
    /// The call as Kong's Lua has it. Over ProtoBuf:1 it takes `false` for nil: `structpb_value` of pb_rpc.lua is the first of
    /// a Value's fields that is true.
    public func received(over wireProtocol: WireProtocolKind) -> PDKCall {
        guard wireProtocol == .protoBuf, let input = PDKCatalogue.method(named: method).flatMap({ PDKCatalogue[$0] })?.input,
            [.keyValue, .value, .listValue, .structure].contains(input)
        else { return self }
        return PDKCall(method, arguments.map(\.withoutFalse))
    }
}

extension OwnedValue {
    fileprivate var withoutFalse: OwnedValue {
        switch self {
        case .boolean(false): .null
        case .array(let items): .array(items.map(\.withoutFalse))
        case .map(let map): .map(map.mapValues(\.withoutFalse))
        case .null, .boolean, .integer, .number, .string, .bytes: self
        }
    }

    /// A table of Lua's as the protocol has it if nil is among its items: over ProtoBuf:1 it ends there, as `ipairs` does; over
    /// MessagePack it is a map, unless nil is all that comes after it.
    fileprivate func sent(over wireProtocol: WireProtocolKind) -> OwnedValue {
        switch self {
        case .array(let items):
            let first = items.prefix { $0 != .null }
            let hasHole = items[first.count...].contains { $0 != .null }
            guard wireProtocol == .messagePack, hasHole else { return .array(first.map { $0.sent(over: wireProtocol) }) }
            let entries = items.enumerated().filter { $0.element != .null }
            return .map(
                Dictionary(
                    entries.map { (Array("\($0.offset + 1)".utf8), $0.element.sent(over: wireProtocol)) }, uniquingKeysWith: { $1 }))
        case .map(let map): return .map(map.mapValues { $0.sent(over: wireProtocol) })
        case .null, .boolean, .integer, .number, .string, .bytes: return self
        }
    }
}
