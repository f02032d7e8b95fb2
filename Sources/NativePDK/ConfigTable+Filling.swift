// Unsafe pointers: a plugin's struct is filled in, member by member, where its table says that they are.

import CKongPlugin
import PluginLoader
import WireProtocol

/// Why a configuration does not fit into a plugin's struct.
struct ConfigMismatch: Error, CustomStringConvertible {
    let description: String
    init(_ path: String, _ found: JSONValue, _ wanted: String) {
        let text = found.text
        description = "\(path): expected \(wanted), got \(text.utf8.count > 80 ? "\(text.prefix(80))…" : text)"
    }
}

extension ConfigTable {
    /// Fills a struct that is all zeros; fields that are missing have their defaults.
    /// - Parameter arena: for what the struct points to.
    func fill(
        _ memory: UnsafeMutableRawPointer, with config: JSONValue, in arena: ValueArena, path: String = "config"
    ) throws(ConfigMismatch) {
        for field in fields {
            var value = config[field.name] ?? .null
            if value == .null { value = field.attributes["default"] ?? .null }
            if value == .null {
                // A struct is always there, and so are the defaults in it.
                guard case .record = field.kind else { continue }
                value = .object([:])
            }
            try field.store(value, at: memory + field.offset, in: arena, "\(path).\(field.name)")
        }
    }
}

extension ConfigTable.Field {
    fileprivate func store(
        _ value: JSONValue, at place: UnsafeMutableRawPointer, in arena: ValueArena, _ path: String
    ) throws(ConfigMismatch) {
        switch kind {
        case .text:
            let text = try value.text(path)
            guard !text.utf8.contains(0) else { throw ConfigMismatch(path, value, "a text without a NUL") }
            place.storeBytes(of: arena.terminated(text).data, as: UnsafePointer<CChar>?.self)
        case .string:
            place.storeBytes(of: arena.terminated(try value.text(path)), as: kong_string.self)
        case .integer: place.storeBytes(of: try value.integer(path), as: Int64.self)
        case .number: place.storeBytes(of: try value.number(path), as: Double.self)
        case .boolean:
            guard case .boolean(let boolean) = value else { throw ConfigMismatch(path, value, "a boolean") }
            place.storeBytes(of: boolean, as: Bool.self)
        case .strings:
            let items = try value.items(path) { (item, path) throws(ConfigMismatch) in arena.terminated(try item.text(path)) }
            place.storeBytes(of: kong_strings(items: arena.array(of: items), count: items.count), as: kong_strings.self)
        case .integers:
            let items = try value.items(path) { (item, path) throws(ConfigMismatch) in try item.integer(path) }
            place.storeBytes(of: kong_integers(items: arena.array(of: items), count: items.count), as: kong_integers.self)
        case .numbers:
            let items = try value.items(path) { (item, path) throws(ConfigMismatch) in try item.number(path) }
            place.storeBytes(of: kong_numbers(items: arena.array(of: items), count: items.count), as: kong_numbers.self)
        case .map:
            guard let map = value.kongValue(in: arena).mapIfAny(in: arena) else { throw ConfigMismatch(path, value, "a map") }
            place.storeBytes(of: map, as: kong_map.self)
        case .value:
            place.storeBytes(of: value.kongValue(in: arena), as: kong_value.self)
        case .record(let table):
            guard case .object = value else { throw ConfigMismatch(path, value, "a record") }
            try table.fill(place, with: value, in: arena, path: path)
        case .records(let table):
            let records = try value.items(path) { (item, path) throws(ConfigMismatch) in
                guard case .object = item else { throw ConfigMismatch(path, item, "a record") }
                return item
            }
            // In C the elements of an array follow each other at the size of their struct.
            let memory = arena.allocate(UInt64.self, count: (records.count * table.size + 7) / 8)
            memory.initialize(repeating: 0)
            let bytes = UnsafeMutableRawBufferPointer(memory)
            for (index, record) in records.enumerated() {
                guard let first = bytes.baseAddress else { break }
                try table.fill(first + index * table.size, with: record, in: arena, path: "\(path)[\(index)]")
            }
            place.storeBytes(of: kong_records(items: bytes.baseAddress, count: records.count), as: kong_records.self)
        }
    }
}

extension JSONValue {
    fileprivate func text(_ path: String) throws(ConfigMismatch) -> String {
        guard case .string(let text) = self else { throw ConfigMismatch(path, self, "a string") }
        return text
    }

    fileprivate func integer(_ path: String) throws(ConfigMismatch) -> Int64 {
        switch self {
        case .integer(let integer): return integer
        case .number(let number):
            if let integer = Int64(exactly: number) { return integer }
        default: break
        }
        throw ConfigMismatch(path, self, "an integer")
    }

    fileprivate func number(_ path: String) throws(ConfigMismatch) -> Double {
        switch self {
        case .integer(let integer): return Double(integer)
        case .number(let number): return number
        default: throw ConfigMismatch(path, self, "a number")
        }
    }

    /// The items of an array; Lua's empty table may come as an object.
    fileprivate func items<Item>(
        _ path: String, _ read: (JSONValue, String) throws(ConfigMismatch) -> Item
    ) throws(ConfigMismatch) -> [Item] {
        let values: [JSONValue]
        switch self {
        case .array(let items): values = items
        case .object([:]): values = []
        default: throw ConfigMismatch(path, self, "an array")
        }
        var items: [Item] = []
        for (index, value) in values.enumerated() { items.append(try read(value, "\(path)[\(index)]")) }
        return items
    }
}

extension ValueArena {
    fileprivate func array<Item>(of items: [Item]) -> UnsafePointer<Item>? {
        let room = allocate(Item.self, count: items.count)
        _ = room.initialize(from: items)
        return UnsafePointer(room.baseAddress)
    }
}
