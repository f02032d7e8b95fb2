// Unsafe pointers: this file owns the memory that decoded values point into.

import CKongPlugin

/// Memory for the arrays and maps of decoded `kong_value`s.
///
/// A decoded string points into the bytes that it was decoded from; what has no such place (the items of an array,
/// the entries of a map, a number written as text) is allocated here and freed all at once by `reset`.
public final class ValueArena {
    /// In memory of its own, and no properties: the runtime would look at each access to them.
    private struct State {
        var chunk: UnsafeMutableRawPointer
        var capacity: Int
        var used = 0
        var full: [UnsafeMutableRawPointer] = []

        init() {
            capacity = ValueArena.smallCapacity
            chunk = .allocate(byteCount: capacity, alignment: 16)
        }

        mutating func replaceChunk(_ newCapacity: Int) {
            capacity = newCapacity
            chunk = .allocate(byteCount: newCapacity, alignment: 16)
        }
    }

    private let state: UnsafeMutablePointer<State>

    private static let smallCapacity = 16 * 1024

    public init() {
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        state.pointee.chunk.deallocate()
        for chunk in state.pointee.full { chunk.deallocate() }
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Frees everything: values made with this arena are no longer valid.
    @inline(__always)
    public func reset() {
        if state.pointee.used > 0 { free() }
    }

    private func free() {
        state.pointee.used = 0
        if !state.pointee.full.isEmpty {
            for chunk in state.pointee.full { chunk.deallocate() }
            state.pointee.full.removeAll(keepingCapacity: true)
        }
        if state.pointee.capacity > 16 * Self.smallCapacity {
            state.pointee.chunk.deallocate()
            state.pointee.replaceChunk(Self.smallCapacity)
        }
    }

    /// Room for `count` elements, not initialised; empty if `count` is 0. Nothing is ever destroyed here, so the type
    /// must be trivial: integers, and the structs of `kong_plugin.h`, which Swift does not know as `BitwiseCopyable`.
    public func allocate<Element>(_ type: Element.Type, count: Int) -> UnsafeMutableBufferPointer<Element> {
        guard count > 0 else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        let size = count * MemoryLayout<Element>.stride
        var offset = (state.pointee.used + 15) & ~15
        if offset + size > state.pointee.capacity {
            state.pointee.full.append(state.pointee.chunk)
            state.pointee.replaceChunk(max(state.pointee.capacity, size))
            offset = 0
        }
        state.pointee.used = offset + size
        return UnsafeMutableBufferPointer(start: (state.pointee.chunk + offset).bindMemory(to: type, capacity: count), count: count)
    }

    /// A copy of `bytes` that lives as long as the arena's other values.
    public func copy(_ bytes: UnsafeRawBufferPointer) -> kong_string {
        let room = allocate(CChar.self, count: bytes.count)
        UnsafeMutableRawBufferPointer(room).copyMemory(from: bytes)
        return kong_string(data: UnsafePointer(room.baseAddress), size: bytes.count)
    }
}
