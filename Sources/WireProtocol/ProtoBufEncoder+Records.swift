import CKongPlugin
import PDKCatalogue

extension ProtoBufEncoder {
    /// A map as a message whose fields have the names of its keys. Keys that name no field are left out: Kong's entities
    /// have more fields than its messages, and lua-protobuf does the same.
    func appendRecord(_ fields: [ProtoField], _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        guard value.type == KongType.map || value.isEmptyTable else { throw .unexpectedType }
        for field in fields {
            guard let content = value.value(for: field.name), content.type != KongType.null else { continue }
            if field.isRepeated {
                guard content.type == KongType.array || content.isEmptyTable else { throw .unexpectedType }
                for item in content.items { try appendItem(field, item, to: &queue) }
            } else {
                try appendField(field, content, to: &queue)
            }
        }
    }

    /// The table that `kong.request.get_uri_captures` returns, `{unnamed = …, named = …}`, as a `UriCapturesResult`.
    func appendCaptures(_ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        guard value.type == KongType.map || value.isEmptyTable else { throw .unexpectedType }
        for item in (value.value(for: "unnamed") ?? .null).items {
            guard let string = item.stringIfAny else { throw .unexpectedType }
            queue.appendField(1, bytes: string.bytes)
        }
        for entry in (value.value(for: "named") ?? .null).entries {
            guard let string = entry.value.stringIfAny else { throw .unexpectedType }
            try queue.appendField(2) { (queue) throws(WireError) in
                queue.appendField(1, bytes: entry.key.bytes)
                queue.appendField(2, bytes: string.bytes)
            }
        }
    }

    private func appendField(_ field: ProtoField, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        switch field.type {
        case .int32: try appendInt32(field.number, value, to: &queue)
        case .int64: try appendInt64(field.number, value, to: &queue)
        case .bool: try appendBool(field.number, value, to: &queue)
        case .string: try appendString(field.number, value, to: &queue)
        case .message: try appendItem(field, value, to: &queue)
        }
    }

    /// One of a repeated field, or an embedded message: written whatever it is. The catalogue's repeated fields are
    /// strings and messages.
    private func appendItem(_ field: ProtoField, _ value: kong_value, to queue: inout ByteQueue) throws(WireError) {
        if case .message(let message) = field.type {
            try queue.appendField(field.number) { (queue) throws(WireError) in
                try append(message, value, to: &queue)
            }
        } else {
            guard let string = value.stringIfAny else { throw .unexpectedType }
            queue.appendField(field.number, bytes: string.bytes)
        }
    }
}
