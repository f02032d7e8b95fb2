// Unsafe pointers: this file moves entries within the arena's memory.

import CKongPlugin

/// Makes the keys of a decoded map unique: of two entries with one key the later one counts, as in Lua and protobuf.
///
/// A map of n entries takes O(n) however it was made: past a few entries the keys are looked up in a table whose hash
/// is seeded at random (Swift's `Hasher`).
enum UniqueKeys {
    /// Up to this many entries are compared with each other.
    private static let fewEntries = 16

    /// Drops earlier entries, keeps the order of the rest, and returns the map.
    static func map(of entries: UnsafeMutableBufferPointer<kong_entry>, in arena: ValueArena) -> kong_value {
        let kept = entries.count <= fewEntries ? compare(entries) : lookUp(entries, in: arena)
        return kong_value(UnsafeBufferPointer(start: entries.baseAddress, count: kept))
    }

    private static func compare(_ entries: UnsafeMutableBufferPointer<kong_entry>) -> Int {
        var kept = 0
        for entry in entries {
            if let earlier = entries[..<kept].firstIndex(where: { $0.key.hasSameBytes(as: entry.key) }) {
                entries[earlier].value = entry.value
            } else {
                entries[kept] = entry
                kept += 1
            }
        }
        return kept
    }

    /// Open addressing in a table of a power of two of slots, at least half of them empty; a slot holds the place of
    /// an entry, counted from 1, or 0.
    private static func lookUp(_ entries: UnsafeMutableBufferPointer<kong_entry>, in arena: ValueArena) -> Int {
        var slotCount = 2 * fewEntries
        while slotCount < 2 * entries.count { slotCount *= 2 }
        let slots = arena.allocate(Int32.self, count: slotCount)
        slots.initialize(repeating: 0)
        var kept = 0
        for entry in entries {
            var hasher = Hasher()
            hasher.combine(bytes: entry.key.bytes)
            var slot = hasher.finalize() & (slotCount - 1)
            while slots[slot] != 0, !entries[Int(slots[slot]) - 1].key.hasSameBytes(as: entry.key) {
                slot = (slot + 1) & (slotCount - 1)
            }
            if slots[slot] == 0 {
                entries[kept] = entry
                kept += 1
                slots[slot] = Int32(kept)
            } else {
                entries[Int(slots[slot]) - 1].value = entry.value
            }
        }
        return kept
    }
}
