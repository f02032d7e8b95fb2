import CKongPlugin
import PDKCatalogue

/// Kong's answer to a PDK call.
public enum PDKAnswer {
    case value(kong_value)
    /// Kong ran the call and says why it has no result.
    case refused(kong_string)
}

/// The two frames of a PDK call over ProtoBuf:1: the arguments' message and the result's, seen from the plugin server.
///
/// How arguments and results become messages and back is what `pb_unwrap` and `pb_wrap` in Kong's
/// runloop/plugin_servers/rpc/pb_rpc.lua do with them. Values point into the bytes and the arena.
public enum ProtoBufMessages {
    /// How many headers or query arguments to ask for if a plugin does not say: Kong's own default. The message `Int` has no
    /// form for nil, and Kong refuses the 0 that an empty one stands for.
    private static let defaultCount: Int64 = 100

    /// Appends the arguments, which the method `accepts`, as its message. If it throws, the queue is as it was.
    public static func encodeArguments(
        of input: ProtoMessage, _ arguments: UnsafeBufferPointer<kong_value>, into queue: inout ByteQueue
    ) throws(WireError) {
        let start = queue.count
        var position = 0
        do {
            try append(input, arguments, &position, to: &queue)
        } catch {
            queue.truncate(to: start)
            throw error.asArgument(position)
        }
    }

    /// Reads the result of a method.
    ///
    /// - Parameter isOptional: The method may have no result, which is an empty frame, as a string without bytes is,
    ///   a 0 or a false: they count as nil then.
    public static func decodeResult(
        _ output: ProtoMessage, isOptional: Bool, from bytes: UnsafeRawBufferPointer, into arena: ValueArena
    ) throws(WireError) -> PDKAnswer {
        if isOptional, bytes.isEmpty { return .value(.null) }
        var decoder = ProtoBufDecoder(into: arena)
        guard output == .rawBodyResult else { return .value(try decoder.read(output, bytes)) }
        return try decodeRawBody(from: bytes, decoder)
    }

    /// `RawBodyResult` is a oneof: content 1, body_filepath 2, error 3.
    private static func decodeRawBody(
        from bytes: UnsafeRawBufferPointer, _ decoder: ProtoBufDecoder
    ) throws(WireError) -> PDKAnswer {
        var reader = ProtoBufReader(bytes)
        var answer = PDKAnswer.value(kong_value(bytes: kong_string()))
        while let field = try reader.nextField() {
            switch field.number {
            case 1: answer = .value(kong_value(bytes: try reader.readString(field)))
            case 2: answer = .value(decoder.map("body_filepath", kong_value(try reader.readString(field))))
            case 3: answer = .refused(try reader.readString(field))
            default: try reader.skip(field)
            }
        }
        return answer
    }

    /// - Parameter position: The argument that is being written, counted from 1.
    private static func append(
        _ input: ProtoMessage, _ arguments: UnsafeBufferPointer<kong_value>, _ position: inout Int,
        to queue: inout ByteQueue
    ) throws(WireError) {
        let encoder = ProtoBufEncoder(null: .absent)
        if input == .listValue {
            for argument in arguments {
                position += 1
                try encoder.appendValue(1, argument, to: &queue, depth: 1)
            }
            return
        }
        func next() -> kong_value {
            position += 1
            return position <= arguments.count ? arguments[position - 1] : .null
        }
        switch input {
        case .empty: break
        case .keyValue:
            try encoder.appendString(1, next(), to: &queue)
            let value = next()
            if value.type != KongType.null { try encoder.appendValue(2, value, to: &queue) }
        case .target:
            try encoder.appendString(1, next(), to: &queue)
            try encoder.appendInt32(2, next(), to: &queue)
        case .exitArgs:
            try encoder.appendInt32(1, next(), to: &queue)
            try encoder.appendString(2, next(), to: &queue)
            let headers = next()
            if headers.type != KongType.null {
                try queue.appendField(3) { (queue) throws(WireError) in
                    try encoder.appendStructure(headers, to: &queue, depth: 0)
                }
            }
        case .consumerSpec:
            try encoder.appendString(1, next(), to: &queue)
            try encoder.appendBool(2, next(), to: &queue)
        case .authenticateArgs:
            for (number, message) in [(1, .consumer), (2, .authenticatedCredential)] as [(UInt32, ProtoMessage)] {
                let record = next()
                if record.type == KongType.null { continue }
                try queue.appendField(number) { (queue) throws(WireError) in
                    try encoder.append(message, record, to: &queue)
                }
            }
        case .int:
            let count = next()
            try encoder.append(.int, count.type == KongType.null ? kong_value(defaultCount) : count, to: &queue)
        default:
            try encoder.append(input, next(), to: &queue)
        }
        guard position >= arguments.count else {
            position += 1
            throw .badArgument(position, .oneTooMany)
        }
    }
}

extension WireError {
    /// The error for an argument that could not be written.
    fileprivate func asArgument(_ position: Int) -> WireError {
        switch self {
        case .outOfRange: .badArgument(position, .outOfRange)
        case .tooDeep: .badArgument(position, .tooDeep)
        case .badArgument: self
        default: .badArgument(position, .wrongType)
        }
    }
}
