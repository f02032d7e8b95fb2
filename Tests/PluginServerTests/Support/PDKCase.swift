import KongClient
import PDKCatalogue
import Testing
import WireProtocol

/// A function of KongPDK, what it is called with, what Kong then sees and answers, and what the plugin gets.
struct PDKCase: Sendable {
    /// Kong's name of the method; " bytes" after it: the function that returns bytes.
    let function: String
    let phase: String
    let arguments: [OwnedValue]
    let exchange: [(call: PDKCall, reply: PDKReply)]
    /// Nil: Kong does not come back.
    let result: OwnedValue?

    var method: String { String(function.prefix { $0 != " " }) }

    /// A call whose arguments Kong sees as they are.
    /// - Parameter result: what the plugin gets, if it is not Kong's answer.
    init(
        _ function: String, in phase: String = "access", _ arguments: [OwnedValue] = [], sent: [OwnedValue]? = nil,
        _ reply: OwnedValue = .null, result: OwnedValue? = nil
    ) {
        self.init(
            function, in: phase, arguments,
            exchange: [(PDKCall(String(function.prefix { $0 != " " }), sent ?? arguments), .value(reply))],
            result: result ?? reply)
    }

    /// Any calls.
    init(
        _ function: String, in phase: String = "access", _ arguments: [OwnedValue] = [],
        exchange: [(call: PDKCall, reply: PDKReply)], result: OwnedValue?
    ) {
        self.function = function
        self.phase = phase
        self.arguments = arguments
        self.exchange = exchange
        self.result = result
    }

    /// A call that Kong does not come back from.
    static func exit(_ function: String, in phase: String = "access", _ arguments: [OwnedValue], sent: [OwnedValue]? = nil)
        -> PDKCase
    {
        let method = String(function.prefix { $0 != " " })
        return PDKCase(
            function, in: phase, arguments, exchange: [(PDKCall(method, sent ?? arguments), .neverAnswers)], result: nil)
    }
}

/// What the plugin `caller` says of a call.
enum CallerOutcome: Hashable, Sendable {
    case result(OwnedValue)
    case error(String)
    /// Nothing: it has left by an exit, or Kong does not come back.
    case silence
}

/// An event of the plugin `caller`: its arguments go in by `kong.ctx.shared`, and what it says comes out there.
struct CallerEvent {
    /// The calls that it made between the two.
    let calls: [PDKCall]
    let outcome: CallerOutcome

    /// - Parameter answer: plays Kong's part for what is not the plugin's own use of `kong.ctx.shared`.
    init(
        _ kong: KongClient, _ instance: Int64, _ phase: String, _ arguments: [OwnedValue],
        answering answer: (PDKCall) throws -> PDKReply
    ) throws {
        var outcome = CallerOutcome.silence
        var calls: [PDKCall] = []
        var isFirst = true
        try kong.handleEvent(instance, phase) { call in
            if isFirst {
                isFirst = false
                #expect(call == PDKCall("kong.ctx.shared.get", ["arguments"]))
                return .value(.array(arguments))
            }
            if call.method == "kong.ctx.shared.set", call.arguments.first?.plain == "result" {
                outcome = .result(call.arguments.last?.asLua ?? .null)
                return .nothing
            }
            if call.method == "kong.ctx.shared.set", call.arguments.first?.plain == "error" {
                outcome = .error(call.arguments.last?.text ?? "")
                return .nothing
            }
            calls.append(call)
            return try answer(call)
        }
        self.calls = calls
        self.outcome = outcome
    }
}

extension KongClient {
    /// An instance of the plugin `caller` for one function, started for as long as `body` needs it.
    func withCaller<Result>(
        of function: String, typed: Bool, _ body: (_ instance: Int64) throws -> Result
    ) throws -> Result {
        let instance = try startInstance("caller", config: #"{"method":"\#(function)","typed":\#(typed)}"#)
        let result = try body(instance)
        try closeInstance(instance)
        return result
    }
}

extension PDKCall {
    /// The call as Kong reads it: over ProtoBuf:1 as many arguments as the message has fields, each with its type's default
    /// if it is missing; and with one kind of string.
    func seen(over wireProtocol: WireProtocolKind) throws -> PDKCall {
        guard wireProtocol == .protoBuf else { return asLua }
        guard let input = PDKCatalogue.method(named: method).flatMap({ PDKCatalogue[$0] })?.input else {
            throw TestFailure("\(method) cannot be called over ProtoBuf:1")
        }
        let arena = ValueArena()
        var queue = ByteQueue()
        let values = arguments.map { $0.value(in: arena) }
        try values.withUnsafeBufferPointer { try ProtoBufMessages.encodeArguments(of: input, $0, into: &queue) }
        let read = try ProtoBufMessages.decodeArguments(of: input, from: queue.bytes, into: arena)
        return PDKCall(method, read.map { OwnedValue($0) }).asLua
    }

    /// The call with arguments as Lua has them.
    var asLua: PDKCall { PDKCall(method, arguments.map(\.asLua)) }
}

extension OwnedValue {
    /// The value as Lua has it: one kind of string, one kind of number, one empty table.
    var asLua: OwnedValue {
        switch self {
        case .bytes(let bytes): .string(bytes)
        case .number(let number): Int64(exactly: number).map { .integer($0) } ?? self
        case .array(let items): .array(items.map(\.asLua))
        case .map(let map): map.isEmpty ? .array([]) : .map(map.mapValues(\.asLua))
        default: self
        }
    }
}
