import FoundationEssentials
import KongClient
import KongSimulator
import PluginLoader
import WireProtocol

/// What has become of a trial. `--json` prints it with these keys, which docs/try.md describes: they stay.
struct TrialResult: Encodable {
    struct Plugin: Encodable {
        let name: String
        let version: String
        let priority: Int32
        let phases: [String]
        let path: String

        init(_ plugin: TrialPlugin) {
            name = plugin.description.name
            version = plugin.description.version
            priority = plugin.description.priority
            phases = plugin.description.phases
            path = plugin.path
        }
    }

    struct Phase: Encodable {
        let name: String
        /// False: Kong has not come to it, since the client was answered before.
        let ran: Bool
        var calls: [Call] = []
        var roundTrips = 0
        var microseconds: Int64 = 0

        enum CodingKeys: String, CodingKey {
            case name, ran, calls, microseconds
            case roundTrips = "round_trips"
        }

        /// One that has not run.
        init(name: String) {
            self.name = name
            ran = false
        }

        init(name: String, calls: [Call], roundTrips: Int, duration: Duration) {
            self.name = name
            ran = true
            self.calls = calls
            self.roundTrips = roundTrips
            microseconds = duration.microseconds
        }
    }

    struct Call: Encodable {
        enum Outcome: String, Encodable {
            case value, nothing, error, raised, exits, unanswered
        }

        let method: String
        let arguments: [JSONValue]
        let outcome: Outcome
        let result: JSONValue?
        /// Of an error.
        let error: String?
        /// From the beginning of the phase until Kong had the call.
        let microseconds: Int64
        /// As Lua would write it, with what came of it.
        let text: String

        enum CodingKeys: String, CodingKey {
            case method, arguments, outcome, result, error, microseconds
        }

        init(_ call: PDKCall, _ outcome: SimulatedOutcome, at time: Duration) {
            method = call.method
            arguments = call.arguments.map(JSONValue.init)
            microseconds = time.microseconds
            switch outcome {
            case .value(let value):
                (self.outcome, result, error) = (.value, JSONValue(value), nil)
                text = "\(call) → \(value)"
            case .nothing:
                (self.outcome, result, error) = (.nothing, nil, nil)
                text = "\(call)"
            case .error(let reason):
                (self.outcome, result, error) = (.error, nil, reason)
                text = "\(call) → nil, \(reason.printable)"
            case .raised(let reason):
                (self.outcome, result, error) = (.raised, nil, reason)
                text = "\(call) raises an error: \(reason.printable)"
            case .exits(let status):
                (self.outcome, result, error) = (.exits, .integer(Int64(status)), nil)
                text = "\(call) answers the client"
            case .unanswered:
                (self.outcome, result, error) = (.unanswered, nil, nil)
                text = "\(call) comes too late: nobody answers"
            }
        }
    }

    struct LogLine: Encodable {
        let level: String
        let text: String
    }

    var plugin: Plugin?
    let wireProtocol: String
    /// After defaults.
    var config: JSONValue?
    var phases: [Phase] = []
    var service: TrialMessage?
    var client: TrialMessage?
    /// Kong's.
    var log: [LogLine] = []
    var serverLog: [String] = []
    var failure: TrialFailure?

    enum CodingKeys: String, CodingKey {
        case plugin, config, phases, service, client, log, failure
        case wireProtocol = "protocol"
        case serverLog = "server_log"
    }

    init(wireProtocol: String, failure: TrialFailure? = nil) {
        self.wireProtocol = wireProtocol
        self.failure = failure
    }

    mutating func tell(of exchange: SimulatedExchange, comparedWith untouched: SimulatedExchange) {
        log = exchange.log.map { LogLine(level: $0.level.rawValue, text: $0.text) }
        // Without an answer of its own nobody has asked it.
        if exchange.serviceResponse != nil {
            service = TrialMessage(exchange.serviceRequest, comparedWith: untouched.serviceRequest)
        }
        client = TrialMessage(exchange.response, comparedWith: untouched.response)
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}

extension JSONValue {
    /// A value of the PDK. Bytes that are not UTF-8 are replaced.
    init(_ value: OwnedValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = value.isFinite ? .number(value) : .string("\(value)")
        case .string(let bytes), .bytes(let bytes): self = .string(String(decoding: bytes, as: UTF8.self))
        case .array(let items): self = .array(items.map { JSONValue($0) })
        case .map(let entries):
            self = .object(
                Dictionary(
                    entries.map { (String(decoding: $0.key, as: UTF8.self), JSONValue($0.value)) }, uniquingKeysWith: { $1 }))
        }
    }
}
