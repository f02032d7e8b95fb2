// Unsafe pointers: borrowed values are copied into the arena's memory.

import CKongPlugin

extension ValueArena {
    /// A copy of a value that lives as long as the arena's others. Each string in it is followed by a NUL, for C.
    public func copy(_ value: kong_value) -> kong_value {
        switch value.type {
        case KongType.string: return kong_value(terminated(value.string.bytes))
        case KongType.bytes: return kong_value(bytes: terminated(value.string.bytes))
        case KongType.array:
            let items = value.items
            let copies = allocate(kong_value.self, count: items.count)
            for (index, item) in items.enumerated() { copies.initializeElement(at: index, to: copy(item)) }
            return kong_value(UnsafeBufferPointer(copies))
        case KongType.map:
            let entries = value.entries
            let copies = allocate(kong_entry.self, count: entries.count)
            for (index, entry) in entries.enumerated() {
                copies.initializeElement(
                    at: index, to: kong_entry(key: terminated(entry.key.bytes), value: copy(entry.value)))
            }
            return kong_value(UnsafeBufferPointer(copies))
        default: return value
        }
    }

    /// A copy of bytes, followed by a NUL that does not count; somewhere even if there are none.
    public func terminated(_ bytes: UnsafeRawBufferPointer) -> kong_string {
        let room = allocate(CChar.self, count: bytes.count + 1)
        UnsafeMutableRawBufferPointer(room).copyMemory(from: bytes)
        room[bytes.count] = 0
        return kong_string(data: UnsafePointer(room.baseAddress), size: bytes.count)
    }
}
