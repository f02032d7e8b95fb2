import CKongPlugin

/// The name of a running event: which loop it runs on, and where that loop keeps it.
///
/// It goes to the plugin as a `kong_event`, and to Kong as MessagePack's EventId. Lua has no integers but those in a
/// double, so it has 52 bits. A stale one is recognised by its generation, which starts anywhere: one that an earlier
/// server gave out means nothing here. Of the processes that have served a socket one after the other, each has another
/// epoch, so that one can tell the events of another.
struct EventID: Hashable, Sendable {
    static let slotBits = 20
    static let generationBits = 20
    static let epochBits = 4
    static let epochs = 1 << epochBits
    static let loopBits = 8

    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(loop: Int, slot: Int, generation: UInt32, epoch: UInt64) {
        rawValue =
            epoch << (Self.slotBits + Self.loopBits + Self.generationBits)
            | UInt64(generation) << (Self.slotBits + Self.loopBits) | UInt64(slot) << Self.loopBits | UInt64(loop)
    }

    var loop: Int { Int(rawValue & 0xff) }
    var slot: Int { Int(rawValue >> Self.loopBits) & (1 << Self.slotBits - 1) }
    /// With the epoch, above its own bits.
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> (Self.slotBits + Self.loopBits)) }
    /// Nil: no server has given it out.
    var epoch: Int? {
        let epoch = rawValue >> (Self.slotBits + Self.loopBits + Self.generationBits)
        return epoch < Self.epochs ? Int(epoch) : nil
    }
}

/// The running events of one loop.
struct EventTable {
    private struct Slot {
        var event: Event?
        var generation: UInt32
    }

    private let loop: Int
    private let epoch: UInt64
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private let firstGeneration: UInt32
    private(set) var count = 0

    private static let lastGeneration: UInt32 = 1 << EventID.generationBits - 1
    /// Events that can run on one loop at a time.
    static let capacity = 1 << EventID.slotBits

    init(loop: Int, epoch: Int) {
        self.loop = loop
        self.epoch = UInt64(epoch & (EventID.epochs - 1))
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
        return EventID(loop: loop, slot: slot, generation: slots[slot].generation, epoch: epoch)
    }

    @inline(__always)
    subscript(id: EventID) -> Event? {
        let slot = id.slot
        let generation = id.generation
        guard slot < slots.count, UInt64(generation) == epoch << EventID.generationBits | UInt64(slots[slot].generation),
            id.rawValue >> 52 == 0
        else { return nil }
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
