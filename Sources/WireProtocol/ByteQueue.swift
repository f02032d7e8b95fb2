// Unsafe pointers: this file owns the memory of a ByteQueue. Everybody else sees bounded buffers.

import Glibc

/// Bytes that enter at the end and leave at the front: what a connection has received and not yet parsed, or has
/// to send and not yet written.
///
/// Memory grows by doubling, so that a message of n bytes costs O(n) however small the pieces are in which it
/// comes; an emptied queue that had grown large gives its memory back. It is the C library's, which moves the pages of a
/// large block instead of copying them.
///
/// Where there is no memory, as with a limit on the process's data, what would be appended is lost, and `hasFailed` says so: what
/// is in the queue then is not what was meant. Nobody looks at that for each byte; whoever is about to use the queue does.
public struct ByteQueue: ~Copyable {
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0
    /// Whether bytes have been lost since the queue was made, or truncated to what it had before.
    public private(set) var hasFailed = false
    /// How many were in the queue when the first of them was.
    private var countBeforeLoss = 0

    /// What a queue takes first, and what an emptied one holds on to.
    private static let smallCapacity = 4096
    /// An emptied queue larger than this goes back to `smallCapacity`.
    private static let keptCapacity = 256 * 1024

    /// Takes no memory before there is something to hold.
    public init() {
        capacity = 0
        storage = Self.nowhere
    }

    deinit {
        if capacity > 0 { free(storage) }
    }

    /// In place of memory while the capacity is 0: nothing is read or written there.
    private static var nowhere: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped }

    /// How many bytes are in the queue.
    @inline(__always)
    public var count: Int { end - start }
    @inline(__always)
    public var isEmpty: Bool { start == end }

    /// The bytes in the queue, oldest first. Valid until the queue is changed.
    @inline(__always)
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage + start, count: end - start)
    }

    /// Room for at least `minimum` bytes behind the last, to be filled from its front; valid until the queue is changed. There may be
    /// less, or none, if the queue has failed.
    @inline(__always)
    public mutating func room(minimum: Int) -> UnsafeMutableRawBufferPointer {
        _ = reserve(minimum)
        return UnsafeMutableRawBufferPointer(start: storage + end, count: capacity - end)
    }

    /// Takes in as many bytes as have been written into `room`.
    @inline(__always)
    public mutating func commit(_ count: Int) {
        precondition(count >= 0 && count <= capacity - end, "commit what was written into the room")
        end += count
    }

    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        if end == capacity, !reserve(1) { return }
        storage.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        guard reserve(bytes.count) else { return }
        (storage + end).copyMemory(from: source, byteCount: bytes.count)
        end += bytes.count
    }

    public mutating func append(_ bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ append(UnsafeRawBufferPointer($0)) }) == nil {
            for byte in bytes { append(byte) }
        }
    }

    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the bytes of an integer in the order asked for.
    @inline(__always)
    public mutating func append<Number: FixedWidthInteger>(bigEndian value: Number) {
        guard reserve(MemoryLayout<Number>.size) else { return }
        storage.storeBytes(of: value.bigEndian, toByteOffset: end, as: Number.self)
        end += MemoryLayout<Number>.size
    }

    @inline(__always)
    public mutating func append<Number: FixedWidthInteger>(littleEndian value: Number) {
        guard reserve(MemoryLayout<Number>.size) else { return }
        storage.storeBytes(of: value.littleEndian, toByteOffset: end, as: Number.self)
        end += MemoryLayout<Number>.size
    }

    /// Writes over four bytes that are already in the queue, `offset` from its front: a length that was not yet
    /// known when its place was passed.
    public mutating func overwrite(at offset: Int, littleEndian value: UInt32) {
        guard offset >= 0 && offset + 4 <= count else { return precondition(hasFailed, "overwrite within the queue") }
        storage.storeBytes(of: value.littleEndian, toByteOffset: start + offset, as: UInt32.self)
    }

    /// Puts bytes before those that are `offset` from the queue's front: a length that was not yet known when its
    /// place was passed, and whose size depends on it.
    public mutating func insert(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        precondition(offset >= 0 && offset <= count, "insert within the queue")
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        guard reserve(bytes.count) else { return }
        let place = storage + start + offset
        (place + bytes.count).copyMemory(from: place, byteCount: count - offset)
        place.copyMemory(from: source, byteCount: bytes.count)
        end += bytes.count
    }

    /// Takes bytes off the front.
    @inline(__always)
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "consume what is in the queue")
        start += count
        if start == end {
            start = 0
            end = 0
            // What cannot be given back is kept.
            if capacity > Self.keptCapacity { _ = move(to: Self.smallCapacity) }
        }
    }

    /// Takes bytes off the end, until `count` are left: a message that could not be encoded after all.
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "truncate what is in the queue")
        end = start + count
        if hasFailed, count <= countBeforeLoss { hasFailed = false }
    }

    /// False: there is no memory for so many more.
    @inline(__always)
    private mutating func reserve(_ more: Int) -> Bool { capacity - end >= more || makeRoom(for: more) }

    private mutating func makeRoom(for more: Int) -> Bool {
        if capacity - count >= more, start >= capacity / 2 {
            storage.copyMemory(from: storage + start, byteCount: count)
            end -= start
            start = 0
            return true
        }
        // Not less instead: what takes the last bit of memory leaves none to those who cannot do without.
        if move(to: max(Self.smallCapacity, capacity * 2, (count + more) * 2)) { return true }
        if !hasFailed { countBeforeLoss = count }
        hasFailed = true
        return false
    }

    /// False: there is no such memory, and all is as it was, but that the bytes are at the front.
    private mutating func move(to newCapacity: Int) -> Bool {
        if start > 0 {
            memmove(storage, storage + start, count)
            end -= start
            start = 0
        }
        guard let memory = realloc(capacity > 0 ? storage : nil, newCapacity) else { return false }
        storage = memory
        capacity = newCapacity
        return true
    }
}
