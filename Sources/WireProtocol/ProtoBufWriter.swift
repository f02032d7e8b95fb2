/// The wire format of protocol buffers (protobuf.dev/programming-guides/encoding).
///
/// The methods write a field always; leaving out what has its type's default value, as proto3 encoders do, is up to
/// the caller, since members of a oneof and items of repeated fields are written whatever they are.
extension ByteQueue {
    @inline(__always)
    mutating func appendVarint(_ number: UInt64) {
        var number = number
        while number >= 0x80 {
            append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        append(UInt8(truncatingIfNeeded: number))
    }

    /// Any integer or bool. Negative ones take ten bytes, also those of 32 bits.
    @inline(__always)
    mutating func appendField(_ number: UInt32, integer: Int64) {
        appendVarint(UInt64(number) << 3)
        appendVarint(UInt64(bitPattern: integer))
    }

    mutating func appendField(_ number: UInt32, double: Double) {
        appendVarint(UInt64(number) << 3 | 1)
        append(littleEndian: double.bitPattern)
    }

    @inline(__always)
    mutating func appendField(_ number: UInt32, bytes: UnsafeRawBufferPointer) {
        appendLength(of: number, bytes.count)
        append(bytes)
    }

    mutating func appendField(_ number: UInt32, string: String) {
        var string = string
        string.withUTF8 { appendField(number, bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The head of a string, bytes or embedded message, `count` bytes of which are to follow.
    @inline(__always)
    mutating func appendLength(of number: UInt32, _ count: Int) {
        appendVarint(UInt64(number) << 3 | 2)
        appendVarint(UInt64(count))
    }

    /// An embedded message of a length that shows only when it has been written.
    mutating func appendField(
        _ number: UInt32, message: (inout ByteQueue) throws(WireError) -> Void
    ) throws(WireError) {
        appendVarint(UInt64(number) << 3 | 2)
        let start = count
        try message(&self)
        insertVarint(UInt64(count - start), at: start)
    }

    /// How many bytes a varint takes.
    static func varintSize(_ number: UInt64) -> Int {
        max(1, (64 - number.leadingZeroBitCount + 6) / 7)
    }

    private mutating func insertVarint(_ number: UInt64, at offset: Int) {
        withUnsafeTemporaryAllocation(byteCount: 10, alignment: 1) { varint in
            let size = Self.varintSize(number)
            for index in 0..<size {
                varint[index] =
                    UInt8(truncatingIfNeeded: number >> UInt64(7 * index)) & 0x7f | (index < size - 1 ? 0x80 : 0)
            }
            insert(UnsafeRawBufferPointer(rebasing: varint[..<size]), at: offset)
        }
    }
}
