import CKongPlugin
import PDKCatalogue

extension MethodFacts {
    /// Whether the arguments have the number and the types that the method takes.
    public func accepts(_ arguments: UnsafeBufferPointer<kong_value>) -> Bool {
        guard arguments.count >= Int(minimumCount), maximumCount == .max || arguments.count <= Int(maximumCount) else {
            return false
        }
        for index in arguments.indices where !accepts(arguments[index], at: index) { return false }
        return true
    }

    @inline(__always)
    fileprivate func accepts(_ argument: kong_value, at index: Int) -> Bool {
        guard argument.type <= KongType.map else { return false }
        let kinds = kinds(at: index)
        if kinds.rawValue >> UInt8(argument.type) & 1 == 1 { return true }
        return argument.isEmptyTable && !kinds.isDisjoint(with: [.array, .map])
    }
}

/// Why a plugin's call is not sent to Kong at all.
public struct CallRefusal: Error, Hashable, Sendable {
    /// One of `kong_plugin.h`'s: `KONG_BAD_ARGUMENT`, …
    public let status: Int
    public let reason: String

    public init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}

extension PDKCatalogue {
    /// What can be told of a call without asking Kong: whether there is such a method, whether Kong allows it in this
    /// phase, and whether the arguments are what it takes.
    @inline(__always)
    public static func checkedFacts(
        _ method: MethodID, in phase: PhaseSet, _ arguments: UnsafeBufferPointer<kong_value>
    ) throws(CallRefusal) -> MethodFacts {
        guard let facts = facts(method) else {
            throw CallRefusal(KONG_UNKNOWN_METHOD, "there is no PDK method \(method.rawValue)")
        }
        guard facts.phases.contains(phase) else { throw wrongPhase(method, facts, phase) }
        guard facts.accepts(arguments) else {
            throw CallRefusal(
                KONG_BAD_ARGUMENT, PDKCatalogue[method]?.check(arguments) ?? "the arguments are not the method's")
        }
        return facts
    }

    /// The protobuf message of a call's arguments; throws if ProtoBuf:1 cannot carry the call.
    @inline(__always)
    public static func protoBufInput(
        of method: MethodID, _ facts: MethodFacts, argumentCount: Int
    ) throws(CallRefusal) -> ProtoMessage {
        guard let input = facts.input, argumentCount <= Int(facts.protobufCount) else {
            throw unsupported(method, facts)
        }
        return input
    }

    private static func unsupported(_ method: MethodID, _ facts: MethodFacts) -> CallRefusal {
        guard let method = Self[method] else { return CallRefusal(KONG_UNKNOWN_METHOD, "there is no such method") }
        if facts.input == nil {
            return CallRefusal(KONG_UNSUPPORTED, "\(method.name) cannot be called over ProtoBuf:1, only over MessagePack")
        }
        let parameter = method.parameters[Int(facts.protobufCount)].name
        return CallRefusal(
            KONG_UNSUPPORTED, "\(method.name): ProtoBuf:1 cannot carry the argument \(parameter), only MessagePack can")
    }

    private static func wrongPhase(_ method: MethodID, _ facts: MethodFacts, _ phase: PhaseSet) -> CallRefusal {
        let name = PDKCatalogue[method]?.name ?? "the method"
        return CallRefusal(
            KONG_WRONG_PHASE,
            facts.phases.isEmpty
                ? "\(name) cannot be called in any phase that Kong runs plugin servers in"
                : "\(name) cannot be called in the \(phase) phase, only in: \(facts.phases)")
    }
}

extension PDKMethod {
    /// What is wrong with the arguments; nil if nothing is.
    public func check(_ arguments: UnsafeBufferPointer<kong_value>) -> String? {
        if facts.accepts(arguments) { return nil }
        if arguments.count > parameters.count, !isVariadic {
            return "\(name): expected \(countText), got \(arguments.count)"
        }
        for (index, argument) in arguments.enumerated() where !facts.accepts(argument, at: index) {
            let parameter = parameters[min(index, parameters.count - 1)]
            return
                "\(name): argument \(index + 1) (\(parameter.name)): expected \(parameter.kinds.text), got \(argument.typeText)"
        }
        let missing = parameters[min(arguments.count, parameters.count - 1)]
        return "\(name): argument \(arguments.count + 1) (\(missing.name)): expected \(missing.kinds.text), got nothing"
    }

    private var countText: String {
        let most = parameters.count
        let least = Int(facts.minimumCount)
        let range = least == most ? "\(most)" : least + 1 == most ? "\(least) or \(most)" : "\(least) to \(most)"
        return most == 0 ? "no arguments" : "\(range) argument\(most == 1 ? "" : "s")"
    }
}

extension ValueKinds {
    /// The kinds for a message, as "string, number or boolean".
    fileprivate var text: String {
        var names: [String] = []
        if !isDisjoint(with: [.string, .bytes]) { names.append("string") }
        if contains(.number) { names.append("number") } else if contains(.integer) { names.append("integer") }
        if contains(.boolean) { names.append("boolean") }
        if contains(.array) { names.append("array") }
        if contains(.map) { names.append("map") }
        if contains(.null) { names.append("nil") }
        guard let last = names.popLast() else { return "nothing" }
        return names.isEmpty ? last : "\(names.joined(separator: ", ")) or \(last)"
    }
}

extension kong_value {
    fileprivate var typeText: String {
        switch type {
        case KongType.null: "nil"
        case KongType.boolean: "boolean"
        case KongType.integer: "integer"
        case KongType.number: "number"
        case KongType.string: "string"
        case KongType.bytes: "bytes"
        case KongType.array: "array"
        case KongType.map: "map"
        default: "a value of the unknown type \(type)"
        }
    }
}
