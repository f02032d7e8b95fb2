// Unsafe pointers: this file owns the memory that a `kong_value` tree lies in.

import CKongPlugin

/// Owns a copy of a value, as C sees it, for as long as it lives: for the schema in a plugin's descriptor, or for the
/// arguments of one call.
///
/// The entries of a map are in the order of their keys, so that the same value always looks the same on the wire and
/// in a dump.
// Sendable because everything is written in `init`, before anybody else has the object, and only read afterwards.
package final class KongValueStorage: @unchecked Sendable {
    private let root: UnsafeMutablePointer<kong_value>
    private let blocks: [UnsafeMutableRawPointer]

    package convenience init(_ value: Value) {
        self.init { $0.copy(value, depth: 1) }
    }

    /// A map: a name with several values has an array of them.
    convenience init(_ named: NamedValues) {
        self.init { $0.copy(named.groups) }
    }

    private init(_ copy: (inout Builder) -> kong_value) {
        var builder = Builder()
        root = builder.allocate(kong_value.self, count: 1)
        root.initialize(to: copy(&builder))
        blocks = builder.blocks
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// The tree; valid as long as this object.
    package var value: kong_value { root.pointee }

    /// Where the tree begins; valid as long as this object.
    package var pointer: UnsafePointer<kong_value> { UnsafePointer(root) }
}

extension KongValueStorage {
    /// Lays values out, each aggregate before what is in it, in blocks that grow.
    private struct Builder {
        private(set) var blocks: [UnsafeMutableRawPointer] = []
        private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        private var nextBlockSize = 1024

        /// Room for `count` elements, not initialised, of a type that C knows: nothing is ever deinitialised.
        mutating func allocate<Element>(
            _ type: Element.Type, count: Int
        ) -> UnsafeMutablePointer<Element> {
            room(byteCount: count * MemoryLayout<Element>.stride)
                .bindMemory(to: type, capacity: count)
        }

        private mutating func room(byteCount: Int) -> UnsafeMutableRawPointer {
            let size = (byteCount + 15) & ~15
            if let start = free.baseAddress, size <= free.count {
                free = UnsafeMutableRawBufferPointer(start: start + size, count: free.count - size)
                return start
            }
            let blockSize = max(size, nextBlockSize)
            nextBlockSize = min(2 * nextBlockSize, 64 * 1024)
            let block = UnsafeMutableRawPointer.allocate(byteCount: blockSize, alignment: 16)
            blocks.append(block)
            free = UnsafeMutableRawBufferPointer(start: block + size, count: blockSize - size)
            return block
        }

        mutating func copy(_ value: Value, depth: Int) -> kong_value {
            guard depth <= Value.depthLimit else { return kong_value(scalar: .nil) }
            switch value {
            case .nil, .boolean, .integer, .number:
                return kong_value(scalar: value)
            case .string(let string):
                return kong_value(KONG_STRING, copy(string))
            case .bytes(let bytes):
                return kong_value(KONG_BYTES, bytes.withUnsafeBytes { copy($0) })
            case .array(let items):
                var result = kong_value()
                result.type = kong_type(KONG_ARRAY)
                result.array = kong_array(items: copy(items, depth: depth), count: items.count)
                return result
            case .map(let entries):
                var result = kong_value()
                result.type = kong_type(KONG_MAP)
                result.map = kong_map(entries: copy(entries, depth: depth), count: entries.count)
                return result
            }
        }

        private mutating func copy(_ items: [Value], depth: Int) -> UnsafePointer<kong_value>? {
            guard !items.isEmpty else { return nil }
            let room = allocate(kong_value.self, count: items.count)
            for (index, item) in items.enumerated() {
                (room + index).initialize(to: copy(item, depth: depth + 1))
            }
            return UnsafePointer(room)
        }

        private mutating func copy(_ entries: [String: Value], depth: Int) -> UnsafePointer<kong_entry>? {
            guard !entries.isEmpty else { return nil }
            let room = allocate(kong_entry.self, count: entries.count)
            for (index, entry) in entries.sorted(by: { $0.key < $1.key }).enumerated() {
                let value = copy(entry.value, depth: depth + 1)
                (room + index).initialize(to: kong_entry(key: copy(entry.key), value: value))
            }
            return UnsafePointer(room)
        }

        mutating func copy(_ groups: [(name: LuaString, values: [LuaString?])]) -> kong_value {
            var result = kong_value()
            result.type = kong_type(KONG_MAP)
            guard !groups.isEmpty else { return result }
            let room = allocate(kong_entry.self, count: groups.count)
            for (index, group) in groups.enumerated() {
                // What has no value is `true` in Kong's table.
                let values = group.values.map { $0?.value ?? .boolean(true) }
                let value = copy(values.count == 1 ? values[0] : .array(values), depth: 2)
                let key =
                    switch group.name.value {
                    case .bytes(let bytes): bytes.withUnsafeBytes { copy($0) }
                    default: copy(group.name.text)
                    }
                (room + index).initialize(to: kong_entry(key: key, value: value))
            }
            result.map = kong_map(entries: UnsafePointer(room), count: groups.count)
            return result
        }

        private mutating func copy(_ string: String) -> kong_string {
            var string = string
            return string.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
        }

        private mutating func copy(_ bytes: UnsafeRawBufferPointer) -> kong_string {
            guard !bytes.isEmpty else { return kong_string() }
            let room = room(byteCount: bytes.count)
            room.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(room), byteCount: bytes.count)
            return kong_string(
                data: UnsafePointer(room.bindMemory(to: CChar.self, capacity: bytes.count)), size: bytes.count)
        }
    }
}
