/// One function of Kong's PDK that a plugin server can call.
public struct PDKMethod: Sendable {
    /// Its place in the catalogue.
    public internal(set) var id = MethodID.none
    /// Kong's name for it, as "kong.service.request.set_header".
    public let name: String
    /// The first Kong whose plugin servers can call it; 2.0 is the first that has plugin servers, and 2.4 the first that
    /// speaks ProtoBuf:1.
    public let since: KongVersion
    public let parameters: [Parameter]
    /// Whether the last parameter may be given any number of times, none included.
    public let isVariadic: Bool
    /// What Kong answers with; nil if it answers with nothing, so that nobody needs to wait for it.
    public let result: Result?
    public let facts: MethodFacts

    public struct Parameter: Sendable {
        public let name: String
        public let type: ValueType
        /// Nil will do, and if it is the last one nothing at all.
        public let isOptional: Bool

        static func required(_ name: String, _ type: ValueType) -> Parameter {
            Parameter(name: name, type: type, isOptional: false)
        }

        static func optional(_ name: String, _ type: ValueType) -> Parameter {
            Parameter(name: name, type: type, isOptional: true)
        }

        /// The kinds of value that it accepts.
        public var kinds: ValueKinds { isOptional ? type.kinds.union(.null) : type.kinds }
    }

    public struct Result: Sendable {
        public let type: ValueType
        /// Whether Kong may have nothing to return.
        public let isOptional: Bool

        static func always(_ type: ValueType) -> Result { Result(type: type, isOptional: false) }
        static func optional(_ type: ValueType) -> Result { Result(type: type, isOptional: true) }
    }

    /// The protobuf message of its arguments, or nil if ProtoBuf:1 has no way to call it.
    public var input: ProtoMessage? { facts.input }
    /// The protobuf message of its result; nil exactly when `input` is.
    public var output: ProtoMessage? { facts.output }
    /// Where Kong allows it.
    public var phases: PhaseSet { facts.phases }
    /// Whether Kong ends the event with it and never answers.
    public var endsEvent: Bool { facts.endsEvent }

    /// - Parameter protobuf: The messages of its arguments and result; nil for a method that only MessagePack-RPC can call.
    init(
        _ name: StaticString, _ protobuf: (input: ProtoMessage, output: ProtoMessage)?, since: KongVersion = KongVersion(2, 0),
        in phases: PhaseSet, _ parameters: [Parameter] = [], isVariadic: Bool = false, returns result: Result? = nil,
        endsEvent: Bool = false
    ) {
        self.name = "\(name)"
        self.since = since
        self.parameters = parameters
        self.isVariadic = isVariadic
        self.result = result
        facts = MethodFacts(
            name: name, input: protobuf?.input, output: protobuf?.output, phases: phases, parameters: parameters,
            isVariadic: isVariadic, result: result, endsEvent: endsEvent)
    }
}

/// What has to be known of a method with each call: no references, so that it is read without counting any.
public struct MethodFacts: Sendable, BitwiseCopyable {
    public let name: StaticString
    public let phases: PhaseSet
    public let input: ProtoMessage?
    public let output: ProtoMessage?
    public let endsEvent: Bool
    public let hasResult: Bool
    /// An empty ProtoBuf:1 answer then means nil, and else the default of the result's type.
    public let resultIsOptional: Bool
    /// How many arguments it takes at least, and at most (`UInt8.max`: any number).
    public let minimumCount: UInt8
    public let maximumCount: UInt8
    /// How many of them ProtoBuf:1 can carry: what comes after them only MessagePack-RPC can.
    public let protobufCount: UInt8
    /// Eight bits for each parameter, the first one lowest.
    private let kinds: UInt64

    /// As many parameters as `kinds` has room for.
    static let parameterLimit = 8

    init(
        name: StaticString, input: ProtoMessage?, output: ProtoMessage?, phases: PhaseSet, parameters: [PDKMethod.Parameter],
        isVariadic: Bool, result: PDKMethod.Result?, endsEvent: Bool
    ) {
        precondition(parameters.count <= Self.parameterLimit, "a method of the catalogue has too many parameters")
        self.name = name
        self.phases = phases
        self.input = input
        self.output = output
        self.endsEvent = endsEvent
        hasResult = result != nil
        resultIsOptional = result?.isOptional ?? false
        let needed = (parameters.lastIndex { !$0.isOptional } ?? -1) + 1
        minimumCount = UInt8(isVariadic ? max(0, needed - 1) : needed)
        maximumCount = isVariadic ? .max : UInt8(parameters.count)
        protobufCount = input?.argumentCount ?? 0
        var kinds: UInt64 = 0
        for index in 0..<Self.parameterLimit {
            let parameter = index < parameters.count ? parameters[index] : isVariadic ? parameters.last : nil
            kinds |= UInt64(parameter?.kinds.rawValue ?? 0) << UInt64(8 * index)
        }
        self.kinds = kinds
    }

    /// The kinds of value that the argument at `index`, counted from 0, may have.
    @inline(__always)
    public func kinds(at index: Int) -> ValueKinds {
        ValueKinds(
            rawValue: UInt8(truncatingIfNeeded: kinds >> UInt64(8 * min(max(index, 0), Self.parameterLimit - 1))))
    }
}
