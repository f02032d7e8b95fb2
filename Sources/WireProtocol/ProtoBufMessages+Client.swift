// Unsafe pointers: arguments are written into the arena's memory.

import CKongPlugin
import PDKCatalogue

/// The same two messages seen from Kong: for a client that stands in for it.
extension ProtoBufMessages {
    /// Reads the arguments of a call, as many as the message has fields. A field that is missing has its type's
    /// default; a message that is missing is nil.
    public static func decodeArguments(
        of input: ProtoMessage, from bytes: UnsafeRawBufferPointer, into arena: ValueArena
    ) throws(WireError) -> UnsafeBufferPointer<kong_value> {
        var decoder = ProtoBufDecoder(into: arena)
        let defaults: [kong_value]
        switch input {
        case .empty: defaults = []
        case .listValue: return try decoder.readList(bytes).items
        case .keyValue: defaults = [kong_value(kong_string()), .null]
        case .target: defaults = [kong_value(kong_string()), kong_value(Int64(0))]
        case .exitArgs: defaults = [kong_value(Int64(0)), kong_value(bytes: kong_string()), .null]
        case .consumerSpec: defaults = [kong_value(kong_string()), kong_value(false)]
        case .authenticateArgs: defaults = [.null, .null]
        default: defaults = [try decoder.read(input, bytes)]
        }
        let arguments = arena.allocate(kong_value.self, count: defaults.count)
        _ = arguments.initialize(from: defaults)
        if defaults.count > 1 {
            var reader = ProtoBufReader(bytes)
            while let field = try reader.nextField() {
                if let argument = try readArgument(of: input, field, &reader, &decoder) {
                    arguments[Int(field.number) - 1] = argument
                } else {
                    try reader.skip(field)
                }
            }
        }
        return UnsafeBufferPointer(arguments)
    }

    /// Appends the result of a method. If it throws, the queue is as it was.
    ///
    /// Nil is an empty frame, but for a `Value`, which is a null then, as Kong writes it. A body is a string, or the map
    /// `{body_filepath: path}`.
    public static func encodeResult(
        _ output: ProtoMessage, _ value: kong_value, into queue: inout ByteQueue
    ) throws(WireError) {
        let start = queue.count
        do throws(WireError) {
            if output == .rawBodyResult {
                let isFile = value.type == KongType.map
                guard let string = isFile ? value.string(for: "body_filepath") : value.stringIfAny else {
                    throw .unexpectedType
                }
                queue.appendField(isFile ? 2 : 1, bytes: string.bytes)
            } else if value.type != KongType.null || output == .value {
                try ProtoBufEncoder(null: .asKong).append(output, value, to: &queue)
            }
        } catch {
            queue.truncate(to: start)
            throw error
        }
    }

    /// Appends the result of `kong.request.get_raw_body` when it has none.
    public static func encodeRawBodyError(_ text: kong_string, into queue: inout ByteQueue) {
        queue.appendField(3, bytes: text.bytes)
    }

    /// The argument in a field of a message with several; nil if it has no such field.
    private static func readArgument(
        of input: ProtoMessage, _ field: ProtoBufReader.Field, _ reader: inout ProtoBufReader,
        _ decoder: inout ProtoBufDecoder
    ) throws(WireError) -> kong_value? {
        switch (input, field.number) {
        case (.keyValue, 1), (.target, 1), (.consumerSpec, 1): kong_value(try reader.readString(field))
        case (.keyValue, 2): try decoder.readValue(try reader.readBytes(field))
        case (.target, 2), (.exitArgs, 1): kong_value(Int64(try reader.readInt32(field)))
        case (.exitArgs, 2): kong_value(bytes: try reader.readString(field))
        case (.exitArgs, 3): try decoder.readStructure(try reader.readBytes(field))
        case (.consumerSpec, 2): kong_value(try reader.readBool(field))
        case (.authenticateArgs, 1): try decoder.read(.consumer, try reader.readBytes(field))
        case (.authenticateArgs, 2): try decoder.read(.authenticatedCredential, try reader.readBytes(field))
        default: nil
        }
    }
}
