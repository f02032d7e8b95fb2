import CKongPlugin

/// The name of a running event: which loop it runs on, and where that loop keeps it.
///
/// It goes to the plugin as a `kong_event`, and to Kong as MessagePack's EventId. Lua has no integers but those in a
/// double, so it has 52 bits. A stale one is recognised by its generation, which starts anywhere: one that an earlier
/// server gave out means nothing here.
struct EventID: Hashable, Sendable {
    static let slotBits = 20
    static let generationBits = 24
    static let loopBits = 8

    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(loop: Int, slot: Int, generation: UInt32) {
        rawValue =
            UInt64(generation) << (Self.slotBits + Self.loopBits) | UInt64(slot) << Self.loopBits | UInt64(loop)
    }

    var loop: Int { Int(rawValue & 0xff) }
    var slot: Int { Int(rawValue >> Self.loopBits) & (1 << Self.slotBits - 1) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> (Self.slotBits + Self.loopBits)) }
}

/// The running events of one loop.
struct EventTable {
    private struct Slot {
        var event: Event?
        var generation: UInt32
    }

    private let loop: Int
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private let firstGeneration: UInt32
    private(set) var count = 0

    private static let lastGeneration: UInt32 = 1 << EventID.generationBits - 1
    /// Events that can run on one loop at a time.
    static let capacity = 1 << EventID.slotBits

    init(loop: Int) {
        self.loop = loop
        firstGeneration = .random(in: 1...Self.lastGeneration)
    }

    /// Gives an event an id of its own. Nil: too many are running.
    mutating func insert(_ event: Event) -> EventID? {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            guard slots.count < Self.capacity else { return nil }
            slot = slots.count
            slots.append(Slot(event: nil, generation: firstGeneration))
        }
        slots[slot].event = event
        count += 1
        return EventID(loop: loop, slot: slot, generation: slots[slot].generation)
    }

    @inline(__always)
    subscript(id: EventID) -> Event? {
        let slot = id.slot
        guard slot < slots.count, slots[slot].generation == id.generation, id.rawValue >> 52 == 0 else { return nil }
        return slots[slot].event
    }

    mutating func remove(_ id: EventID) {
        guard self[id] != nil else { return }
        let slot = id.slot
        slots[slot].event = nil
        // Never 0, so that an id is never 0.
        slots[slot].generation = slots[slot].generation == Self.lastGeneration ? 1 : slots[slot].generation + 1
        freeSlots.append(slot)
        count -= 1
    }

    /// The running events, for looking through them all.
    var all: [Event] { slots.compactMap(\.event) }
}
