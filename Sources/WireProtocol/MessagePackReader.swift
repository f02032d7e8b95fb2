import CKongPlugin

/// Reads MessagePack (github.com/msgpack/msgpack, spec.md) from bytes that somebody else owns.
///
/// Strings are not copied: values are valid for as long as the bytes and the arena are. A call that throws may have
/// read a part of what it was to read.
public struct MessagePackReader {
    private var cursor: ByteCursor
    private var budget = ElementBudget()

    public init(_ bytes: UnsafeRawBufferPointer) {
        cursor = ByteCursor(bytes)
    }

    /// Begins behind what has been read already.
    init(_ bytes: UnsafeRawBufferPointer, from position: Int) {
        cursor = ByteCursor(bytes, from: position)
    }

    /// How many bytes have been read.
    public var position: Int { cursor.position }
    public var isAtEnd: Bool { cursor.isAtEnd }

    /// Reads an object and all that is in it.
    ///
    /// Integers beyond Int64 become numbers; map keys that are integers become strings, in decimal. Extensions, and
    /// other keys, are refused.
    public mutating func readValue(into arena: ValueArena) throws(WireError) -> kong_value {
        try readValue(into: arena, depth: 0, owed: 0)
    }

    /// Reads the header of an array; as many objects follow.
    @inline(__always)
    public mutating func readArrayCount() throws(WireError) -> Int {
        let byte = try cursor.readByte()
        let count: Int
        switch byte {
        case 0x90...0x9f: count = Int(byte & 0x0f)
        case 0xdc: count = Int(try cursor.read(bigEndian: UInt16.self))
        case 0xdd: count = Int(try cursor.read(bigEndian: UInt32.self))
        default: throw byte == 0xc1 ? .malformed : .unexpectedType
        }
        guard count <= cursor.remaining else { throw .truncated }
        return count
    }

    /// Reads the header of a map; as many pairs of a key and a value follow.
    ///
    /// An empty array will do: Lua has one empty table for both, and Kong writes it as an array.
    @inline(__always)
    public mutating func readMapCount() throws(WireError) -> Int {
        let byte = try cursor.readByte()
        let count: Int
        switch byte {
        case 0x80...0x8f: count = Int(byte & 0x0f)
        case 0xde: count = Int(try cursor.read(bigEndian: UInt16.self))
        case 0xdf: count = Int(try cursor.read(bigEndian: UInt32.self))
        case 0x90: count = 0
        default: throw byte == 0xc1 ? .malformed : .unexpectedType
        }
        guard 2 * count <= cursor.remaining else { throw .truncated }
        return count
    }

    /// Reads an integer. A float that is whole will do: Lua has one kind of number.
    @inline(__always)
    public mutating func readInteger() throws(WireError) -> Int64 {
        guard let byte = cursor.next else { throw .truncated }
        switch byte {
        case 0x00...0x7f, 0xca...0xd3, 0xe0...0xff:
            let value = try readScalar()
            if value.type == KongType.integer { return value.integer }
            guard let integer = Int64(exactly: value.number) else { throw .outOfRange }
            return integer
        default: throw byte == 0xc1 ? .malformed : .unexpectedType
        }
    }

    /// Reads a string, text or binary, in its place.
    @inline(__always)
    public mutating func readString() throws(WireError) -> kong_string {
        guard let byte = cursor.next else { throw .truncated }
        switch byte {
        case 0xa0...0xbf, 0xc4...0xc6, 0xd9...0xdb: return try readScalar().string
        default: throw byte == 0xc1 ? .malformed : .unexpectedType
        }
    }

    public mutating func readBoolean() throws(WireError) -> Bool {
        switch try cursor.readByte() {
        case 0xc2: return false
        case 0xc3: return true
        case 0xc1: throw .malformed
        default: throw .unexpectedType
        }
    }

    /// Reads a nil if one is there, and says whether it was.
    public mutating func readNil() throws(WireError) -> Bool {
        guard let byte = cursor.next else { throw .truncated }
        if byte == 0xc0 { _ = try cursor.readByte() }
        return byte == 0xc0
    }

    /// Steps over an object and all that is in it, of whatever type.
    public mutating func skip() throws(WireError) {
        var scanner = MessagePackScanner(limit: .max)
        guard let size = try scanner.scan(cursor.rest) else { throw .truncated }
        _ = try cursor.readBytes(size)
    }

    /// Reads the value of a map's entry, for a map that the caller reads himself.
    mutating func readEntryValue(into arena: ValueArena) throws(WireError) -> kong_value {
        try readValue(into: arena, depth: 1, owed: 0)
    }

    /// - Parameter owed: The objects that are to come after this one, each of which takes a byte: a count that leaves
    ///   no room for them is refused before memory is taken for it, so that all counts together are no more than the bytes.
    private mutating func readValue(into arena: ValueArena, depth: Int, owed: Int) throws(WireError) -> kong_value {
        guard let byte = cursor.next else { throw .truncated }
        switch byte {
        case 0x90...0x9f, 0xdc, 0xdd:
            let count = try readArrayCount()
            guard depth < WireLimits.depth else { throw .tooDeep }
            guard count <= cursor.remaining - owed else { throw .truncated }
            try budget.take(count)
            let items = arena.allocate(kong_value.self, count: count)
            for index in 0..<count {
                items[index] = try readValue(into: arena, depth: depth + 1, owed: owed + count - index - 1)
            }
            return kong_value(UnsafeBufferPointer(items))
        case 0x80...0x8f, 0xde, 0xdf:
            let count = try readMapCount()
            guard depth < WireLimits.depth else { throw .tooDeep }
            guard 2 * count <= cursor.remaining - owed else { throw .truncated }
            try budget.take(count)
            let entries = arena.allocate(kong_entry.self, count: count)
            for index in 0..<count {
                let key = try readKey(into: arena)
                let after = owed + 2 * (count - index - 1)
                entries[index] = kong_entry(key: key, value: try readValue(into: arena, depth: depth + 1, owed: after))
            }
            return UniqueKeys.map(of: entries, in: arena)
        default:
            return try readScalar()
        }
    }

    private mutating func readKey(into arena: ValueArena) throws(WireError) -> kong_string {
        guard let byte = cursor.next else { throw .truncated }
        switch byte {
        case 0xa0...0xbf, 0xc4...0xc6, 0xd9...0xdb:
            return try readScalar().string
        case 0x00...0x7f, 0xe0...0xff, 0xcc...0xd3:
            let value = try readScalar()
            // Only a uint64 beyond Int64 is a number here; it is still an integer, and fits UInt64 but for 2^64 itself.
            if value.type == KongType.integer { return arena.decimal(value.integer) }
            guard let key = UInt64(exactly: value.number) else { throw .badKey }
            return arena.decimal(key)
        case 0xc1: throw .malformed
        default: throw .badKey
        }
    }

    /// Reads anything but an array or a map.
    @inline(__always)
    private mutating func readScalar() throws(WireError) -> kong_value {
        let byte = try cursor.readByte()
        switch byte {
        case 0x00...0x7f: return kong_value(Int64(byte))
        case 0xe0...0xff: return kong_value(Int64(Int8(bitPattern: byte)))
        case 0xa0...0xbf: return kong_value(try readString(Int(byte & 0x1f)))
        case 0xc0: return .null
        case 0xc2: return kong_value(false)
        case 0xc3: return kong_value(true)
        case 0xc4: return kong_value(bytes: try readString(Int(try cursor.readByte())))
        case 0xc5: return kong_value(bytes: try readString(Int(try cursor.read(bigEndian: UInt16.self))))
        case 0xc6: return kong_value(bytes: try readString(Int(try cursor.read(bigEndian: UInt32.self))))
        case 0xca: return kong_value(Double(Float(bitPattern: try cursor.read(bigEndian: UInt32.self))))
        case 0xcb: return kong_value(Double(bitPattern: try cursor.read(bigEndian: UInt64.self)))
        case 0xcc: return kong_value(Int64(try cursor.readByte()))
        case 0xcd: return kong_value(Int64(try cursor.read(bigEndian: UInt16.self)))
        case 0xce: return kong_value(Int64(try cursor.read(bigEndian: UInt32.self)))
        case 0xcf:
            let number = try cursor.read(bigEndian: UInt64.self)
            return Int64(exactly: number).map { kong_value($0) } ?? kong_value(Double(number))
        case 0xd0: return kong_value(Int64(Int8(bitPattern: try cursor.readByte())))
        case 0xd1: return kong_value(Int64(try cursor.read(bigEndian: Int16.self)))
        case 0xd2: return kong_value(Int64(try cursor.read(bigEndian: Int32.self)))
        case 0xd3: return kong_value(try cursor.read(bigEndian: Int64.self))
        case 0xd9: return kong_value(try readString(Int(try cursor.readByte())))
        case 0xda: return kong_value(try readString(Int(try cursor.read(bigEndian: UInt16.self))))
        case 0xdb: return kong_value(try readString(Int(try cursor.read(bigEndian: UInt32.self))))
        case 0xc7...0xc9, 0xd4...0xd8: throw .unsupported
        case 0xc1: throw .malformed
        default: throw .unexpectedType
        }
    }

    @inline(__always)
    private mutating func readString(_ count: Int) throws(WireError) -> kong_string {
        kong_string(try cursor.readBytes(count))
    }
}
