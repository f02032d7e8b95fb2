// Unsafe pointers: items and entries are written into the arena's memory.

import CKongPlugin
import PDKCatalogue

extension ProtoBufDecoder {
    /// A message of the PDK as the value that it stands for: what is in `v`, or a map with the names of its fields.
    mutating func read(_ message: ProtoMessage, _ bytes: UnsafeRawBufferPointer) throws(WireError) -> kong_value {
        switch message {
        case .empty: return .null
        case .string, .byteString, .int, .bool, .number: return try readWrapped(message, bytes)
        case .value: return try readValue(bytes)
        case .listValue: return try readList(bytes)
        case .structure: return try readStructure(bytes)
        case .uriCapturesResult:
            return map(
                "unnamed", try readStrings(field: 1, in: bytes), "named", try readStringMap(field: 2, in: bytes))
        case .route, .service, .consumer, .authenticatedCredential, .memoryStats, .serviceKey, .certificateKey,
            .sharedDictionaries, .dictionaryStats, .workerMemory:
            return try readRecord(message.fields, bytes)
        case .keyValue, .target, .exitArgs, .consumerSpec, .authenticateArgs, .rawBodyResult:
            // Several arguments, or a value or an error: no one value.
            throw .unsupported
        }
    }

    /// A map with two entries.
    func map(_ key: StaticString, _ value: kong_value, _ otherKey: StaticString, _ otherValue: kong_value) -> kong_value
    {
        let entries = arena.allocate(kong_entry.self, count: 2)
        entries[0] = kong_entry(key: kong_string(key), value: value)
        entries[1] = kong_entry(key: kong_string(otherKey), value: otherValue)
        return kong_value(UnsafeBufferPointer(entries))
    }

    /// A map with one entry.
    func map(_ key: StaticString, _ value: kong_value) -> kong_value {
        let entries = arena.allocate(kong_entry.self, count: 1)
        entries[0] = kong_entry(key: kong_string(key), value: value)
        return kong_value(UnsafeBufferPointer(entries))
    }

    /// `String`, `ByteString`, `Int`, `Bool`, `Number`: one field `v`, with the number 1, or its type's default.
    private func readWrapped(_ message: ProtoMessage, _ bytes: UnsafeRawBufferPointer) throws(WireError) -> kong_value {
        var reader = ProtoBufReader(bytes)
        var value: kong_value =
            switch message {
            case .string: kong_value(kong_string())
            case .byteString: kong_value(bytes: kong_string())
            case .bool: kong_value(false)
            default: kong_value(Int64(0))
            }
        while let field = try reader.nextField() {
            guard field.number == 1 else {
                try reader.skip(field)
                continue
            }
            switch message {
            case .string: value = kong_value(try reader.readString(field))
            case .byteString: value = kong_value(bytes: try reader.readString(field))
            case .bool: value = kong_value(try reader.readBool(field))
            case .int: value = kong_value(Int64(try reader.readInt32(field)))
            default: value = kong_value(luaNumber: try reader.readDouble(field))
            }
        }
        return value
    }

    /// A message as a map of the fields that are there: proto3 does not tell a default from nothing. A field that is not
    /// repeated but comes several times has its last value.
    private mutating func readRecord(_ fields: [ProtoField], _ bytes: UnsafeRawBufferPointer) throws(WireError)
        -> kong_value
    {
        // For each field: the place of its entry counted from 1, or 0 if it has none yet.
        let places = arena.allocate(Int.self, count: fields.count)
        places.initialize(repeating: 0)
        let entries = arena.allocate(kong_entry.self, count: fields.count)
        var count = 0
        var reader = ProtoBufReader(bytes)
        while let wireField = try reader.nextField() {
            guard let index = fields.firstIndex(where: { $0.number == wireField.number }) else {
                try reader.skip(wireField)
                continue
            }
            let field = fields[index]
            if places[index] == 0 {
                var value = kong_value.null
                if field.isRepeated {
                    value = try readRepeated(field, in: bytes)
                }
                entries[count] = kong_entry(key: kong_string(field.name), value: value)
                count += 1
                places[index] = count
            }
            if field.isRepeated {
                try reader.skip(wireField)
            } else {
                entries[places[index] - 1].value = try readFieldValue(field.type, wireField, &reader)
            }
        }
        return kong_value(UnsafeBufferPointer(start: entries.baseAddress, count: count))
    }

    private mutating func readRepeated(_ field: ProtoField, in bytes: UnsafeRawBufferPointer) throws(WireError)
        -> kong_value
    {
        let items = try allocate(kong_value.self, forField: field.number, in: bytes)
        var reader = ProtoBufReader(bytes)
        var index = 0
        while let wireField = try reader.nextField() {
            guard wireField.number == field.number else {
                try reader.skip(wireField)
                continue
            }
            items[index] = try readFieldValue(field.type, wireField, &reader)
            index += 1
        }
        return kong_value(UnsafeBufferPointer(items))
    }

    private mutating func readFieldValue(
        _ type: ProtoFieldType, _ field: ProtoBufReader.Field, _ reader: inout ProtoBufReader
    ) throws(WireError) -> kong_value {
        switch type {
        case .int32: kong_value(Int64(try reader.readInt32(field)))
        case .int64: kong_value(try reader.readInt64(field))
        case .bool: kong_value(try reader.readBool(field))
        case .string: kong_value(try reader.readString(field))
        case .message(let message): try read(message, try reader.readBytes(field))
        }
    }
}
