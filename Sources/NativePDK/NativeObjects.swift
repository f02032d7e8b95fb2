// Unsafe pointers: this file owns the memory of all kong_pdks.

import CKongPlugin
import DequeModule
import Glibc
import Synchronization
import WireProtocol

/// The `kong_pdk`s of running events.
///
/// Their memory is never freed, and one that an event is done with is the last to be used again: a plugin that keeps a
/// pointer too long is told so. They lie in one region of addresses, so that any other pointer is recognised as such
/// without touching what it points to.
// @unchecked Sendable: the free places are behind a lock; an object is used by one event's thread at a time.
final class NativeObjects: @unchecked Sendable {
    private struct Places {
        var used = 0
        var free = Deque<UInt32>()
    }

    private let base: UnsafeMutableRawPointer
    private let tables: NativeTables
    private let places = Mutex(Places())

    /// How many events can have one at a time.
    private static let capacity = 1 << 18
    /// An object, and behind it the pointer to its arena.
    private static let arenaOffset = (NativeTables.objectSize + 7) & ~7
    private static let stride = (arenaOffset + 8 + 63) & ~63
    /// So many are given out before one is used again.
    private static let rest = 4096

    /// Nil: closures cannot be made here, or there are no addresses left.
    static let shared: NativeObjects? = (try? NativeTables.shared.get()).flatMap { NativeObjects($0) }

    private init?(_ tables: NativeTables) {
        let size = Self.capacity * Self.stride
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
        guard let region = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), region != MAP_FAILED else { return nil }
        base = region
        self.tables = tables
    }

    /// An object for an event. Nil: too many are in use.
    func acquire(_ host: UnsafePointer<kong_host>, _ event: kong_event, _ phase: kong_phase) -> UnsafePointer<kong_pdk>? {
        let (place, isNew) = places.withLock { places -> (Int?, Bool) in
            if places.free.count > Self.rest || places.used == Self.capacity {
                return (places.free.popFirst().map { Int($0) }, false)
            }
            places.used += 1
            return (places.used - 1, true)
        }
        guard let place else { return nil }
        let object = base + place * Self.stride
        if isNew { tables.initialize(object) }
        let pdk = object.assumingMemoryBound(to: kong_pdk.self)
        pdk.pointee.host = host
        pdk.pointee.phase = phase
        pdk.pointee.event = event
        return UnsafePointer(pdk)
    }

    /// The event is over: its object belongs to no event, and its results are gone.
    func release(_ pdk: UnsafePointer<kong_pdk>) {
        let object = UnsafeMutableRawPointer(mutating: pdk)
        object.assumingMemoryBound(to: kong_pdk.self).pointee.event = 0
        let slot = (object + Self.arenaOffset).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
        if let arena = slot.pointee { Unmanaged<ValueArena>.fromOpaque(arena).release() }
        slot.pointee = nil
        let place = UInt32((object - base) / Self.stride)
        places.withLock { $0.free.append(place) }
    }

    /// Whether a pointer is one of these.
    func contains(_ pdk: UnsafePointer<kong_pdk>) -> Bool {
        let (address, start) = (UInt(bitPattern: pdk), UInt(bitPattern: base))
        let offset = address &- start
        return address >= start && offset < UInt(Self.capacity * Self.stride) && offset % UInt(Self.stride) == 0
    }

    /// Where results of an event are laid out. Only on the event's thread.
    func arena(of pdk: UnsafePointer<kong_pdk>) -> ValueArena {
        let slot = (UnsafeMutableRawPointer(mutating: pdk) + Self.arenaOffset)
            .assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
        if let arena = slot.pointee { return Unmanaged<ValueArena>.fromOpaque(arena).takeUnretainedValue() }
        let arena = ValueArena()
        slot.pointee = Unmanaged.passRetained(arena).toOpaque()
        return arena
    }
}
