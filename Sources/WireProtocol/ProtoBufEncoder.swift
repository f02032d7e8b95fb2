import CKongPlugin
import PDKCatalogue

/// Makes protobuf messages of values.
///
/// A value in place of a message's field is refused with `unexpectedType` or `outOfRange` if the field cannot hold it.
/// Fields with their type's default value are left out, as proto3 has it.
struct ProtoBufEncoder {
    /// How nil is written where a `google.protobuf.Value` is due.
    ///
    /// There is no form of null_value that Kong reads as nil: `structpb_value` in its pb_rpc.lua returns what
    /// lua-protobuf makes of it, which is the name of the enum's member, "NULL_VALUE", for 0, and the number for any
    /// other. A `Value` without a member is nil to it.
    enum Null {
        /// A `Value` without a member: for Kong to read.
        case absent
        /// null_value 1, as Kong writes it.
        case asKong
    }

    let null: Null

    /// A value as the one thing that the message stands for: see `ProtoBufDecoder.read`.
    func append(_ message: ProtoMessage, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        switch message {
        case .empty: break
        case .string, .byteString: try appendString(1, value, to: &queue)
        case .int: try appendInt32(1, value, to: &queue)
        case .bool: try appendBool(1, value, to: &queue)
        case .number: try appendDouble(1, value, to: &queue)
        case .value: try appendContent(value, to: &queue, depth: 0)
        case .listValue: try appendList(value, to: &queue, depth: 0)
        case .structure: try appendStructure(value, to: &queue, depth: 0)
        case .uriCapturesResult: try appendCaptures(value, to: &queue)
        case .route, .service, .consumer, .authenticatedCredential, .memoryStats, .serviceKey, .certificateKey,
            .sharedDictionaries, .dictionaryStats, .workerMemory:
            try appendRecord(message.fields, value, to: &queue)
        case .keyValue, .target, .exitArgs, .consumerSpec, .authenticateArgs, .rawBodyResult:
            throw .unsupported
        }
    }

    // MARK: google.protobuf.Value

    /// A field that is a `Value`.
    func appendValue(_ number: UInt32, _ value: kong_value, to queue: inout ByteQueue, depth: Int = 0) throws(WireError)
    {
        if let size = scalarSize(value) {
            queue.appendLength(of: number, size)
            try appendContent(value, to: &queue, depth: depth)
        } else {
            try queue.appendField(number) { (queue) throws(WireError) in
                try appendContent(value, to: &queue, depth: depth)
            }
        }
    }

    /// The values of a `ListValue`.
    func appendList(_ value: kong_value, to queue: inout ByteQueue, depth: Int) throws(WireError) {
        guard value.type == KongType.array || value.isEmptyTable else { throw .unexpectedType }
        guard depth < WireLimits.depth else { throw .tooDeep }
        for item in value.items { try appendValue(1, item, to: &queue, depth: depth + 1) }
    }

    /// The entries of a `Struct`.
    func appendStructure(_ value: kong_value, to queue: inout ByteQueue, depth: Int) throws(WireError) {
        guard value.type == KongType.map || value.isEmptyTable else { throw .unexpectedType }
        guard depth < WireLimits.depth else { throw .tooDeep }
        for entry in value.entries {
            let key = entry.key.bytes
            if let size = scalarSize(entry.value) {
                queue.appendLength(of: 1, Self.fieldSize(key.count) + Self.fieldSize(size))
                queue.appendField(1, bytes: key)
                try appendValue(2, entry.value, to: &queue, depth: depth + 1)
            } else {
                try queue.appendField(1) { (queue) throws(WireError) in
                    queue.appendField(1, bytes: key)
                    try appendValue(2, entry.value, to: &queue, depth: depth + 1)
                }
            }
        }
    }

    /// The member of a `Value`'s oneof: written whatever it is, for it tells its type.
    private func appendContent(_ value: kong_value, to queue: inout ByteQueue, depth: Int) throws(WireError) {
        switch value.type {
        case KongType.null:
            if null == .asKong { queue.appendField(1, integer: 1) }
        case KongType.integer: queue.appendField(2, double: Double(value.integer))
        case KongType.number: queue.appendField(2, double: value.number)
        case KongType.string, KongType.bytes: queue.appendField(3, bytes: value.string.bytes)
        case KongType.boolean: queue.appendField(4, integer: value.boolean ? 1 : 0)
        case KongType.map:
            try queue.appendField(5) { (queue) throws(WireError) in
                try appendStructure(value, to: &queue, depth: depth)
            }
        case KongType.array:
            try queue.appendField(6) { (queue) throws(WireError) in try appendList(value, to: &queue, depth: depth) }
        default: throw .unexpectedType
        }
    }

    /// The size of what `appendContent` writes; nil for what has to be written to know.
    private func scalarSize(_ value: kong_value) -> Int? {
        switch value.type {
        case KongType.null: null == .asKong ? 2 : 0
        case KongType.integer, KongType.number: 9
        case KongType.string, KongType.bytes: Self.fieldSize(value.string.bytes.count)
        case KongType.boolean: 2
        default: nil
        }
    }

    /// The size of a field with a number below 16 and a content of so many bytes.
    private static func fieldSize(_ count: Int) -> Int {
        1 + ByteQueue.varintSize(UInt64(count)) + count
    }

    // MARK: Plain fields: nil and the type's default are left out

    func appendString(_ number: UInt32, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        if value.type == KongType.null { return }
        guard let string = value.stringIfAny else { throw .unexpectedType }
        if !string.bytes.isEmpty { queue.appendField(number, bytes: string.bytes) }
    }

    func appendInt32(_ number: UInt32, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        guard let integer = Int32(exactly: try integer(value)) else { throw .outOfRange }
        if integer != 0 { queue.appendField(number, integer: Int64(integer)) }
    }

    func appendInt64(_ number: UInt32, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        let integer = try integer(value)
        if integer != 0 { queue.appendField(number, integer: integer) }
    }

    func appendBool(_ number: UInt32, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        if value.type == KongType.null { return }
        guard value.type == KongType.boolean else { throw .unexpectedType }
        if value.boolean { queue.appendField(number, integer: 1) }
    }

    func appendDouble(_ number: UInt32, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        switch value.type {
        case KongType.null: break
        case KongType.integer: if value.integer != 0 { queue.appendField(number, double: Double(value.integer)) }
        case KongType.number: if value.number.bitPattern != 0 { queue.appendField(number, double: value.number) }
        default: throw .unexpectedType
        }
    }

    /// An integer, or a number that is whole; nil is 0.
    private func integer(_ value: kong_value) throws(WireError) -> Int64 {
        switch value.type {
        case KongType.null: return 0
        case KongType.integer: return value.integer
        case KongType.number:
            guard let integer = Int64(exactly: value.number) else { throw .outOfRange }
            return integer
        default: throw .unexpectedType
        }
    }
}
