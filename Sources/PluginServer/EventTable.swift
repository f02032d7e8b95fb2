// Unsafe pointers: the table owns the memory of its slots.

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

/// The running events of one loop. It keeps them alive.
struct EventTable: ~Copyable {
    private struct Slot {
        var event: Unmanaged<Event>?
        var generation: UInt32
    }

    private let loop: Int
    private let epoch: UInt64
    /// Memory of its own, and no array: an event is looked up with each thing that its plugin does.
    private var slots: UnsafeMutablePointer<Slot>
    private var slotCount = 0
    private var capacity = 64
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
        slots = .allocate(capacity: capacity)
    }

    deinit {
        for slot in 0..<slotCount { slots[slot].event?.release() }
        slots.deallocate()
    }

    /// Gives an event an id of its own. Nil: too many are running.
    mutating func insert(_ event: Event) -> EventID? {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            guard slotCount < Self.capacity else { return nil }
            if slotCount == capacity { grow() }
            slot = slotCount
            (slots + slot).initialize(to: Slot(event: nil, generation: firstGeneration))
            slotCount += 1
        }
        slots[slot].event = Unmanaged.passRetained(event)
        count += 1
        return EventID(loop: loop, slot: slot, generation: slots[slot].generation, epoch: epoch)
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Slot>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: slots, count: slotCount)
        slots.deallocate()
        slots = larger
        capacity *= 2
    }

    /// A running event, for as long as it is in the table.
    @inline(__always)
    func find(_ id: EventID) -> Unmanaged<Event>? {
        let slot = id.slot
        guard slot < slotCount, id.loop == loop,
            UInt64(id.generation) == epoch << EventID.generationBits | UInt64(slots[slot].generation), id.rawValue >> 52 == 0
        else { return nil }
        return slots[slot].event
    }

    subscript(id: EventID) -> Event? { find(id)?.takeUnretainedValue() }

    /// - Returns: the event, whose reference is the caller's now.
    mutating func remove(_ id: EventID) -> Unmanaged<Event>? {
        guard let event = find(id) else { return nil }
        let slot = id.slot
        slots[slot].event = nil
        // Never 0, so that an id is never 0.
        slots[slot].generation = slots[slot].generation == Self.lastGeneration ? 1 : slots[slot].generation + 1
        freeSlots.append(slot)
        count -= 1
        return event
    }

    /// The running events, for looking through them all.
    var all: [Event] { (0..<slotCount).compactMap { slots[$0].event?.takeUnretainedValue() } }
}
