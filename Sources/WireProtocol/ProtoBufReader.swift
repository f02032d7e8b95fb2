// Unsafe pointers: fields are handed out as parts of the borrowed buffer.

import CKongPlugin

/// Reads the wire format of protocol buffers (protobuf.dev/programming-guides/encoding), field by field.
///
/// After `nextField`, read the field with the method for its type or skip it. A field that is known by its number but
/// comes in another wire type than its own is refused, as lua-protobuf does; so are groups, which proto3 has not.
public struct ProtoBufReader {
    public struct Field: BitwiseCopyable {
        public let number: UInt32
        let wireType: WireType
    }

    enum WireType: UInt8, BitwiseCopyable {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private var cursor: ByteCursor

    public init(_ bytes: UnsafeRawBufferPointer) {
        cursor = ByteCursor(bytes)
    }

    /// The number and wire type of the next field; nil at the end of the message.
    @inline(__always)
    public mutating func nextField() throws(WireError) -> Field? {
        if cursor.isAtEnd { return nil }
        guard let tag = UInt32(exactly: try readVarint()), tag >> 3 != 0 else { throw .malformed }
        if let wireType = WireType(rawValue: UInt8(tag & 7)) { return Field(number: tag >> 3, wireType: wireType) }
        throw tag & 7 < 5 ? .unsupported : .malformed
    }

    /// An integer of 32 bits. A wider one loses its upper bits: the rule of protobuf for a field whose type was changed.
    @inline(__always)
    public mutating func readInt32(_ field: Field) throws(WireError) -> Int32 {
        Int32(truncatingIfNeeded: try readInt64(field))
    }

    @inline(__always)
    public mutating func readInt64(_ field: Field) throws(WireError) -> Int64 {
        guard field.wireType == .varint else { throw .unexpectedType }
        return Int64(bitPattern: try readVarint())
    }

    public mutating func readBool(_ field: Field) throws(WireError) -> Bool {
        try readInt64(field) != 0
    }

    public mutating func readDouble(_ field: Field) throws(WireError) -> Double {
        guard field.wireType == .fixed64 else { throw .unexpectedType }
        return Double(bitPattern: try cursor.read(littleEndian: UInt64.self))
    }

    /// A string, bytes or an embedded message, in its place.
    @inline(__always)
    public mutating func readBytes(_ field: Field) throws(WireError) -> UnsafeRawBufferPointer {
        guard field.wireType == .bytes else { throw .unexpectedType }
        guard let count = Int(exactly: try readVarint()) else { throw .truncated }
        return try cursor.readBytes(count)
    }

    @inline(__always)
    public mutating func readString(_ field: Field) throws(WireError) -> kong_string {
        kong_string(try readBytes(field))
    }

    /// Steps over a field of any type.
    public mutating func skip(_ field: Field) throws(WireError) {
        switch field.wireType {
        case .varint: _ = try readVarint()
        case .fixed64: _ = try cursor.readBytes(8)
        case .bytes: _ = try readBytes(field)
        case .fixed32: _ = try cursor.readBytes(4)
        }
    }

    /// Seven bits a byte, lowest first. More than 64 bits are refused.
    @inline(__always)
    private mutating func readVarint() throws(WireError) -> UInt64 {
        let byte = try cursor.readByte()
        return byte < 0x80 ? UInt64(byte) : try readVarint(after: byte)
    }

    private mutating func readVarint(after first: UInt8) throws(WireError) -> UInt64 {
        var number = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        var byte: UInt8
        repeat {
            byte = try cursor.readByte()
            guard shift < 63 || byte <= 1 else { throw .malformed }
            number |= UInt64(byte & 0x7f) << shift
            shift += 7
        } while byte >= 0x80
        return number
    }
}
