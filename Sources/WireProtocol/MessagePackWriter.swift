import CKongPlugin

/// MessagePack (github.com/msgpack/msgpack, spec.md), each object in its smallest form, but for two:
///
/// Strings over 31 bytes are never str8, which came later than the rest: old readers don't know it, and neither Kong
/// nor go-pluginserver writes it. Numbers that are no integers are float64, as in Kong.
///
/// `KONG_BYTES` is written as bin, so that binary data stays binary on both ways: Kong 3 itself sends bodies as bin.
/// The sources of lua-MessagePack, Kong's reader, make the same Lua string of bin and str; go-pluginserver sends str.
extension ByteQueue {
    public mutating func appendMessagePackNil() {
        append(0xc0 as UInt8)
    }

    public mutating func appendMessagePack(_ boolean: Bool) {
        append(boolean ? 0xc3 : 0xc2 as UInt8)
    }

    @inline(__always)
    public mutating func appendMessagePack(_ integer: Int64) {
        if integer >= 0 {
            appendMessagePack(UInt64(integer))
        } else if integer >= -32 {
            append(UInt8(truncatingIfNeeded: integer))
        } else if let integer = Int8(exactly: integer) {
            append(0xd0 as UInt8)
            append(UInt8(bitPattern: integer))
        } else if let integer = Int16(exactly: integer) {
            append(0xd1 as UInt8)
            append(bigEndian: integer)
        } else if let integer = Int32(exactly: integer) {
            append(0xd2 as UInt8)
            append(bigEndian: integer)
        } else {
            append(0xd3 as UInt8)
            append(bigEndian: integer)
        }
    }

    @inline(__always)
    public mutating func appendMessagePack(_ integer: UInt64) {
        if integer < 0x80 {
            append(UInt8(integer))
        } else if let integer = UInt8(exactly: integer) {
            append(0xcc as UInt8)
            append(integer)
        } else if let integer = UInt16(exactly: integer) {
            append(0xcd as UInt8)
            append(bigEndian: integer)
        } else if let integer = UInt32(exactly: integer) {
            append(0xce as UInt8)
            append(bigEndian: integer)
        } else {
            append(0xcf as UInt8)
            append(bigEndian: integer)
        }
    }

    public mutating func appendMessagePack(_ number: Double) {
        append(0xcb as UInt8)
        append(bigEndian: number.bitPattern)
    }

    public mutating func appendMessagePack(string bytes: UnsafeRawBufferPointer) {
        if bytes.count < 32 {
            append(0xa0 | UInt8(bytes.count))
        } else if let count = UInt16(exactly: bytes.count) {
            append(0xda as UInt8)
            append(bigEndian: count)
        } else {
            append(0xdb as UInt8)
            append(bigEndian: UInt32(truncatingIfNeeded: bytes.count))
        }
        append(bytes)
    }

    public mutating func appendMessagePack(string: kong_string) {
        appendMessagePack(string: string.bytes)
    }

    public mutating func appendMessagePack(string: StaticString) {
        appendMessagePack(string: kong_string(string).bytes)
    }

    public mutating func appendMessagePack(string: String) {
        var string = string
        string.withUTF8 { appendMessagePack(string: UnsafeRawBufferPointer($0)) }
    }

    public mutating func appendMessagePack(bytes: UnsafeRawBufferPointer) {
        if let count = UInt8(exactly: bytes.count) {
            append(0xc4 as UInt8)
            append(count)
        } else if let count = UInt16(exactly: bytes.count) {
            append(0xc5 as UInt8)
            append(bigEndian: count)
        } else {
            append(0xc6 as UInt8)
            append(bigEndian: UInt32(truncatingIfNeeded: bytes.count))
        }
        append(bytes)
    }

    /// The header of an array: `arrayCount` objects are to follow.
    public mutating func appendMessagePack(arrayCount count: Int) {
        appendMessagePackHeader(count, short: 0x90, medium: 0xdc, long: 0xdd)
    }

    /// The header of a map: `mapCount` pairs of a key and a value are to follow.
    public mutating func appendMessagePack(mapCount count: Int) {
        appendMessagePackHeader(count, short: 0x80, medium: 0xde, long: 0xdf)
    }

    /// A value and all that is in it. If it throws, the queue is as it was.
    public mutating func appendMessagePack(_ value: kong_value) throws(WireError) {
        let start = count
        do {
            try appendMessagePack(value, depth: 0)
        } catch {
            truncate(to: start)
            throw error
        }
    }

    private mutating func appendMessagePack(_ value: kong_value, depth: Int) throws(WireError) {
        switch value.type {
        case KongType.null: appendMessagePackNil()
        case KongType.boolean: appendMessagePack(value.boolean)
        case KongType.integer: appendMessagePack(value.integer)
        case KongType.number: appendMessagePack(value.number)
        case KongType.string, KongType.bytes:
            // The formats end at 32 bits of length.
            guard value.string.bytes.count <= UInt32.max else { throw .tooLarge }
            if value.type == KongType.string {
                appendMessagePack(string: value.string.bytes)
            } else {
                appendMessagePack(bytes: value.string.bytes)
            }
        case KongType.array:
            guard depth < WireLimits.depth else { throw .tooDeep }
            guard value.items.count <= UInt32.max else { throw .tooLarge }
            appendMessagePack(arrayCount: value.items.count)
            for item in value.items { try appendMessagePack(item, depth: depth + 1) }
        case KongType.map:
            guard depth < WireLimits.depth else { throw .tooDeep }
            guard value.entries.count <= UInt32.max else { throw .tooLarge }
            appendMessagePack(mapCount: value.entries.count)
            for entry in value.entries {
                guard entry.key.bytes.count <= UInt32.max else { throw .tooLarge }
                appendMessagePack(string: entry.key.bytes)
                try appendMessagePack(entry.value, depth: depth + 1)
            }
        default: throw .unexpectedType
        }
    }

    private mutating func appendMessagePackHeader(_ count: Int, short: UInt8, medium: UInt8, long: UInt8) {
        if count < 16 {
            append(short | UInt8(truncatingIfNeeded: count))
        } else if let count = UInt16(exactly: count) {
            append(medium)
            append(bigEndian: count)
        } else {
            append(long)
            append(bigEndian: UInt32(truncatingIfNeeded: count))
        }
    }
}
