// Unsafe pointers: this file owns the memory that decoded values point into.

import CKongPlugin

/// Memory for the arrays and maps of decoded `kong_value`s.
///
/// A decoded string points into the bytes that it was decoded from; what has no such place (the items of an array,
/// the entries of a map, a number written as text) is allocated here and freed all at once by `reset`.
public final class ValueArena {
    private var chunk: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0
    private var full: [UnsafeMutableRawPointer] = []

    private static let smallCapacity = 16 * 1024

    public init() {
        capacity = Self.smallCapacity
        chunk = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        chunk.deallocate()
        for chunk in full { chunk.deallocate() }
    }

    /// Frees everything: values made with this arena are no longer valid.
    public func reset() {
        used = 0
        if !full.isEmpty {
            for chunk in full { chunk.deallocate() }
            full.removeAll(keepingCapacity: true)
        }
        if capacity > 16 * Self.smallCapacity {
            chunk.deallocate()
            capacity = Self.smallCapacity
            chunk = .allocate(byteCount: capacity, alignment: 16)
        }
    }

    /// Room for `count` elements, not initialised; empty if `count` is 0. Nothing is ever destroyed here, so the type
    /// must be trivial: integers, and the structs of `kong_plugin.h`, which Swift does not know as `BitwiseCopyable`.
    public func allocate<Element>(_ type: Element.Type, count: Int) -> UnsafeMutableBufferPointer<Element> {
        guard count > 0 else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        let size = count * MemoryLayout<Element>.stride
        var offset = (used + 15) & ~15
        if offset + size > capacity {
            full.append(chunk)
            capacity = max(capacity, Self.smallCapacity, size)
            chunk = .allocate(byteCount: capacity, alignment: 16)
            offset = 0
        }
        used = offset + size
        return UnsafeMutableBufferPointer(start: (chunk + offset).bindMemory(to: type, capacity: count), count: count)
    }

    /// A copy of `bytes` that lives as long as the arena's other values.
    public func copy(_ bytes: UnsafeRawBufferPointer) -> kong_string {
        let room = allocate(CChar.self, count: bytes.count)
        UnsafeMutableRawBufferPointer(room).copyMemory(from: bytes)
        return kong_string(data: UnsafePointer(room.baseAddress), size: bytes.count)
    }
}
