// Unsafe pointers: reads the value tree that a plugin returned, no farther than the limits below.

import CKongPlugin

extension LuaValue {
    /// What of a value tree cannot be told to Kong.
    struct Unreadable: Error {
        let path: SchemaPath
        let found: String
        let wanted: String
        let fix: String
    }

    /// Something that Kong gets otherwise than the plugin wrote it.
    struct Altered {
        let path: SchemaPath
        let found: String
        let wanted: String
        let fix: String
    }

    /// Copies a plugin's value as Kong will get it: through JSON.
    init(_ value: UnsafePointer<kong_value>, noting altered: inout [Altered]) throws(Unreadable) {
        var reader = KongValueReader()
        self = try reader.read(UnsafeRawPointer(value))
        altered += reader.altered
    }
}

/// Reads memory that another has laid out. A count that is a lie cannot be told from a true one: what lies within the
/// limits is read.
private struct KongValueReader {
    /// As deep as the server's dump goes.
    private static let depthLimit = 64
    /// Of values and entries.
    private static let countLimit = 100_000
    /// Of all keys and strings.
    private static let byteLimit = 4 << 20

    var altered: [LuaValue.Altered] = []
    private var count = 0
    private var bytes = 0
    private var steps: [SchemaPath.Step] = []

    private var path: SchemaPath {
        steps.reduce(SchemaPath.config) { $0.appending($1) }
    }

    private func unreadable(_ found: String, _ wanted: String, _ fix: String) -> LuaValue.Unreadable {
        let attribute = path.attribute
        return LuaValue.Unreadable(
            path: path, found: attribute.isEmpty ? found : "\(attribute) is \(found)", wanted: wanted, fix: fix)
    }

    mutating func read(_ pointer: UnsafeRawPointer) throws(LuaValue.Unreadable) -> LuaValue {
        guard UInt(bitPattern: pointer) % UInt(MemoryLayout<kong_value>.alignment) == 0 else {
            throw unreadable("a value at an odd address", "needs kong_values to be aligned", "point to an array of kong_value")
        }
        let value = pointer.load(as: kong_value.self)
        switch Int(value.type) {
        case KONG_NIL:
            return .null
        case KONG_BOOLEAN:
            // As a byte: one that is neither 0 nor 1 is no Bool of Swift's.
            return .boolean(pointer.load(fromByteOffset: Self.payload, as: UInt8.self) != 0)
        case KONG_INTEGER:
            return .number(Double(value.integer))
        case KONG_NUMBER:
            guard value.number.isFinite else {
                throw unreadable("\(value.number)", "gets the schema as JSON, which has no such number", "use a finite number")
            }
            return .number(value.number)
        case KONG_STRING, KONG_BYTES:
            return .string(try read(value.string))
        case KONG_ARRAY:
            return .table(
                try readItems(UnsafeRawPointer(value.array.items), count: value.array.count))
        case KONG_MAP:
            return .table(try readEntries(UnsafeRawPointer(value.map.entries), count: value.map.count))
        default:
            throw unreadable(
                "a value of type \(value.type)", "knows the types KONG_NIL to KONG_MAP (0 to 7)", "set its type to one of these")
        }
    }

    /// Where the union stands: after `type` and `reserved`.
    private static let payload = 8

    private mutating func readItems(_ items: UnsafeRawPointer?, count: Int) throws(LuaValue.Unreadable) -> LuaTable {
        var table = LuaTable()
        guard let items = try check(items, count: count, of: "an array") else { return table }
        table.items.reserveCapacity(count)
        for index in 0..<count {
            steps.append(.item(index))
            table.items.append(try read(items + index * MemoryLayout<kong_value>.stride))
            steps.removeLast()
        }
        return table
    }

    private mutating func readEntries(_ entries: UnsafeRawPointer?, count: Int) throws(LuaValue.Unreadable) -> LuaTable {
        var table = LuaTable()
        guard let entries = try check(entries, count: count, of: "a map") else { return table }
        let alignment = MemoryLayout<kong_entry>.alignment
        guard UInt(bitPattern: entries) % UInt(alignment) == 0 else {
            throw unreadable("a map at an odd address", "needs kong_entries to be aligned", "point to an array of kong_entry")
        }
        for index in 0..<count {
            let entry = entries + index * MemoryLayout<kong_entry>.stride
            let key = try read(entry.load(as: kong_string.self))
            steps.append(.key(key))
            let value = try read(entry + MemoryLayout<kong_string>.stride)
            if table[key] != nil {
                note("the key \"\(key)\" twice in one map", "gets only the last", "write each key once")
            }
            table[key] = value
            steps.removeLast()
        }
        return table
    }

    /// Where the items are; nil if there are none.
    private mutating func check(
        _ pointer: UnsafeRawPointer?, count: Int, of what: String
    ) throws(LuaValue.Unreadable) -> UnsafeRawPointer? {
        guard count != 0 else { return nil }
        // A size_t is an Int in Swift, so that the largest ones are negative.
        guard count > 0, count <= Self.countLimit - self.count else {
            throw unreadable(
                "\(what) of \(UInt(bitPattern: count))", "gets schemas of up to \(Self.countLimit) values from this server",
                "correct the count, or make the schema smaller")
        }
        self.count += count
        guard let pointer else {
            throw unreadable("\(what) of \(count) at NULL", "needs them", "set the pointer, or the count to 0")
        }
        guard steps.count + 1 < Self.depthLimit else {
            throw unreadable(
                "nested more than \(Self.depthLimit) deep", "gets \(Self.depthLimit) levels from this server",
                "make the schema flatter")
        }
        return pointer
    }

    private mutating func read(_ string: kong_string) throws(LuaValue.Unreadable) -> LuaString {
        guard string.size != 0 else { return "" }
        guard string.size > 0, string.size <= Self.byteLimit - bytes else {
            throw unreadable(
                "a string of \(UInt(bitPattern: string.size)) bytes",
                "gets schemas with up to \(Self.byteLimit) bytes of text from this server", "correct the size, or shorten the text")
        }
        bytes += string.size
        guard let data = string.data else {
            throw unreadable("a string of \(string.size) bytes at NULL", "needs them", "set data, or size to 0")
        }
        let raw = UnsafeRawBufferPointer(start: data, count: string.size)
        let text = LuaString(String(decoding: raw, as: UTF8.self))
        if !text.bytes.elementsEqual(raw) {
            note("text that is not UTF-8: \"\(text)\"", "gets the schema as JSON, with U+FFFD for what is not", "write it in UTF-8")
        }
        return text
    }

    private mutating func note(_ found: String, _ wanted: String, _ fix: String) {
        guard altered.count < 100 else { return }
        altered.append(LuaValue.Altered(path: path, found: found, wanted: wanted, fix: fix))
    }
}
