// Unsafe pointers: this file reads from a borrowed buffer. Every read is checked against the bytes that remain, also
// in release builds, where UnsafeRawBufferPointer checks nothing.

import CKongPlugin
import Glibc

/// A place in bytes that somebody else owns, which moves forward as they are read.
struct ByteCursor {
    private let start: UnsafeRawPointer?
    private let count: Int
    /// How many bytes have been read.
    private(set) var position: Int

    /// - Parameter position: no more than there are bytes.
    init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0) {
        start = bytes.baseAddress
        count = bytes.count
        self.position = position
    }

    /// How many bytes are left.
    @inline(__always)
    var remaining: Int { count - position }

    @inline(__always)
    var isAtEnd: Bool { position == count }

    /// The bytes that are left.
    var rest: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start.map { $0 + position }, count: remaining)
    }

    /// The next byte, which stays; nil at the end.
    @inline(__always)
    var next: UInt8? {
        guard position < count, let start else { return nil }
        return start.load(fromByteOffset: position, as: UInt8.self)
    }

    @inline(__always)
    mutating func readByte() throws(WireError) -> UInt8 {
        guard let byte = next else { throw .truncated }
        position += 1
        return byte
    }

    @inline(__always)
    mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(bigEndian type: Number.Type) throws(WireError)
        -> Number
    {
        Number(bigEndian: try load(type))
    }

    @inline(__always)
    mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(littleEndian type: Number.Type) throws(WireError)
        -> Number
    {
        Number(littleEndian: try load(type))
    }

    /// The next `count` bytes, still in their place.
    @inline(__always)
    mutating func readBytes(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw .truncated }
        let bytes = UnsafeRawBufferPointer(start: start.map { $0 + position }, count: count)
        position += count
        return bytes
    }

    @inline(__always)
    private mutating func load<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws(WireError)
        -> Number
    {
        guard let start, MemoryLayout<Number>.size <= remaining else { throw .truncated }
        let number = start.loadUnaligned(fromByteOffset: position, as: type)
        position += MemoryLayout<Number>.size
        return number
    }
}

extension kong_string {
    /// A string that is these bytes where they are.
    @inline(__always)
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.init(data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), size: bytes.count)
    }

    /// A string of the program's own text.
    @inline(__always)
    public init(_ text: StaticString) {
        self.init(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Whether the two have the same bytes.
    @inline(__always)
    public func hasSameBytes(as other: kong_string) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        guard let mine = bytes.baseAddress, let others = other.bytes.baseAddress else { return true }
        return memcmp(mine, others, bytes.count) == 0
    }
}
