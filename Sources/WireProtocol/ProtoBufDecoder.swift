// Unsafe pointers: items and entries are written into the arena's memory.

import CKongPlugin

/// Makes values of protobuf messages: here `google.protobuf.Value`, `ListValue` and `Struct` (google/protobuf/struct.proto).
///
/// - `Value` is a oneof: null_value 1, number_value 2, string_value 3, bool_value 4, struct_value 5, list_value 6; of
///   several members the last one counts, and none at all is nil.
/// - `number_value` is a double; whole ones become `KONG_INTEGER`: see `kong_value.init(luaNumber:)`.
/// - A string may hold any bytes, as Lua's strings do.
///
/// Before memory is taken for a repeated field its elements are counted: each takes two bytes at least, and all of
/// a message count against one `ElementBudget`.
struct ProtoBufDecoder {
    let arena: ValueArena
    private var budget = ElementBudget()

    init(into arena: ValueArena) {
        self.arena = arena
    }

    mutating func readValue(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) throws(WireError) -> kong_value {
        var reader = ProtoBufReader(bytes)
        var value = kong_value.null
        while let field = try reader.nextField() {
            switch field.number {
            case 1:
                // The number of NULL_VALUE is 0, but Kong writes 1.
                _ = try reader.readInt64(field)
                value = .null
            case 2: value = kong_value(luaNumber: try reader.readDouble(field))
            case 3: value = kong_value(try reader.readString(field))
            case 4: value = kong_value(try reader.readBool(field))
            case 5: value = try readStructure(try reader.readBytes(field), depth: depth)
            case 6: value = try readList(try reader.readBytes(field), depth: depth)
            default: try reader.skip(field)
            }
        }
        return value
    }

    /// A `ListValue`, whose field 1 is a repeated `Value`.
    mutating func readList(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) throws(WireError) -> kong_value {
        guard depth < WireLimits.depth else { throw .tooDeep }
        let items = try allocate(kong_value.self, forField: 1, in: bytes)
        var reader = ProtoBufReader(bytes)
        var index = 0
        while let field = try reader.nextField() {
            guard field.number == 1 else {
                try reader.skip(field)
                continue
            }
            items[index] = try readValue(try reader.readBytes(field), depth: depth + 1)
            index += 1
        }
        return kong_value(UnsafeBufferPointer(items))
    }

    /// A `Struct`, whose field 1 is a map from strings to `Value`s.
    mutating func readStructure(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) throws(WireError) -> kong_value {
        guard depth < WireLimits.depth else { throw .tooDeep }
        let entries = try readEntries(ofField: 1, in: bytes)
        for index in entries.indices {
            entries[index].value = try readValue(entries[index].value.string.bytes, depth: depth + 1)
        }
        return UniqueKeys.map(of: entries, in: arena)
    }

    /// A map from strings to strings or bytes.
    mutating func readStringMap(field number: UInt32, in bytes: UnsafeRawBufferPointer) throws(WireError) -> kong_value
    {
        UniqueKeys.map(of: try readEntries(ofField: number, in: bytes), in: arena)
    }

    /// A repeated field of strings or bytes.
    mutating func readStrings(field number: UInt32, in bytes: UnsafeRawBufferPointer) throws(WireError) -> kong_value {
        let items = try allocate(kong_value.self, forField: number, in: bytes)
        var reader = ProtoBufReader(bytes)
        var index = 0
        while let field = try reader.nextField() {
            guard field.number == number else {
                try reader.skip(field)
                continue
            }
            items[index] = kong_value(try reader.readString(field))
            index += 1
        }
        return kong_value(UnsafeBufferPointer(items))
    }

    /// Room for the elements of a repeated field of strings, bytes or messages: as many as there are.
    mutating func allocate<Element>(
        _ type: Element.Type, forField number: UInt32, in bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> UnsafeMutableBufferPointer<Element> {
        var reader = ProtoBufReader(bytes)
        var count = 0
        while let field = try reader.nextField() {
            if field.number == number {
                _ = try reader.readBytes(field)
                count += 1
            } else {
                try reader.skip(field)
            }
        }
        try budget.take(count)
        return arena.allocate(type, count: count)
    }

    /// The entries of a map field as they come, with the bytes of each value as a string. On the wire an entry is a
    /// message with the key as field 1 and the value as field 2; either may be missing, and is then empty.
    private mutating func readEntries(
        ofField number: UInt32, in bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> UnsafeMutableBufferPointer<kong_entry> {
        let entries = try allocate(kong_entry.self, forField: number, in: bytes)
        var reader = ProtoBufReader(bytes)
        var index = 0
        while let field = try reader.nextField() {
            guard field.number == number else {
                try reader.skip(field)
                continue
            }
            var entryReader = ProtoBufReader(try reader.readBytes(field))
            var key = kong_string()
            var value = kong_string()
            while let part = try entryReader.nextField() {
                switch part.number {
                case 1: key = try entryReader.readString(part)
                case 2: value = try entryReader.readString(part)
                default: try entryReader.skip(part)
                }
            }
            entries[index] = kong_entry(key: key, value: kong_value(value))
            index += 1
        }
        return entries
    }
}
