// Unsafe pointers: values are laid out in guarded memory here.

import CGuardedMemory
import CKongPlugin
import WireProtocol

/// A value that a plugin may read until it is taken back; then its memory is gone.
struct LentValue {
    let pointer: UnsafePointer<kong_value>

    /// What a value needs beside its own 24 bytes.
    private struct Needs {
        var tables = 0
        var text = 0

        init(_ value: kong_value, _ ends: Int) { add(value, ends) }

        private mutating func add(_ value: kong_value, _ ends: Int) {
            switch value.type {
            case KongType.string, KongType.bytes: text += value.string.size + ends
            case KongType.array:
                tables += value.items.count * MemoryLayout<kong_value>.stride
                for item in value.items { add(item, ends) }
            case KongType.map:
                tables += value.entries.count * MemoryLayout<kong_entry>.stride
                for entry in value.entries {
                    text += entry.key.size + ends
                    add(entry.value, ends)
                }
            default: break
            }
        }
    }

    /// Where the next table and the next text go.
    private struct Places {
        var table: UnsafeMutableRawPointer
        var text: UnsafeMutableRawPointer
        /// How many NULs there are at the end of each text.
        let ends: Int

        mutating func copy(_ value: kong_value) -> kong_value {
            switch value.type {
            case KongType.string: return kong_value(copy(value.string))
            case KongType.bytes: return kong_value(bytes: copy(value.string))
            case KongType.array:
                let items = room(kong_value.self, value.items.count)
                for (index, item) in value.items.enumerated() { items[index] = copy(item) }
                return kong_value(UnsafeBufferPointer(items))
            case KongType.map:
                let entries = room(kong_entry.self, value.entries.count)
                for (index, entry) in value.entries.enumerated() {
                    entries[index] = kong_entry(key: copy(entry.key), value: copy(entry.value))
                }
                return kong_value(UnsafeBufferPointer(entries))
            default: return value
            }
        }

        private mutating func room<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutableBufferPointer<Element> {
            guard count > 0 else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
            let start = table.bindMemory(to: type, capacity: count)
            table += count * MemoryLayout<Element>.stride
            return UnsafeMutableBufferPointer(start: start, count: count)
        }

        /// The header lets an empty string be NULL, but where it promises a NUL.
        mutating func copy(_ string: kong_string) -> kong_string {
            guard let data = string.data, string.size > 0 else { return ends == 0 ? kong_string() : end(text, 0) }
            text.copyMemory(from: data, byteCount: string.size)
            return end(text, string.size)
        }

        private mutating func end(_ start: UnsafeMutableRawPointer, _ size: Int) -> kong_string {
            text += size + ends
            if ends > 0 { (start + size).storeBytes(of: 0, as: UInt8.self) }
            return kong_string(data: UnsafePointer(start.assumingMemoryBound(to: CChar.self)), size: size)
        }
    }

    /// - Parameters:
    ///   - what: what it is called when somebody uses it too late.
    ///   - terminated: whether each string ends with a NUL, as the results of blocking plugins do.
    init(_ value: kong_value, _ what: String, terminated: Bool = false) {
        let ends = terminated ? 1 : 0
        let needs = Needs(value, ends)
        let root = MemoryLayout<kong_value>.stride
        let size = root + needs.tables + needs.text
        // Without more room for guarded memory it is memory as any other, which is never given back.
        let memory = guarded_memory_lend(size, what) ?? .allocate(byteCount: size, alignment: 8)
        var places = Places(table: memory + root, text: memory + root + needs.tables, ends: ends)
        let place = memory.bindMemory(to: kong_value.self, capacity: 1)
        place.initialize(to: places.copy(value))
        pointer = UnsafePointer(place)
        guarded_memory_seal(memory)
    }

    /// - Parameter make: makes the value, of memory that lasts until it has been copied.
    init(_ what: String, terminated: Bool = false, _ make: (ValueArena) -> kong_value) {
        let arena = ValueArena()
        self = withExtendedLifetime(arena) { LentValue(make(arena), what, terminated: terminated) }
    }

    func end() { guarded_memory_end(pointer) }
}
