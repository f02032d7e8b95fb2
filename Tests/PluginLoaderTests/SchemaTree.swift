// Unsafe pointers: lays values out as a plugin does.

import CKongPlugin

@testable import PluginLoader

/// A value as a test writes it, or has it from JSON.
indirect enum SchemaTree: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case bytes([UInt8])
    case array([SchemaTree])
    case map([(String, SchemaTree)])
}

extension SchemaTree: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(nilLiteral: ()) { self = .null }
    init(booleanLiteral: Bool) { self = .boolean(booleanLiteral) }
    init(integerLiteral: Int64) { self = .integer(integerLiteral) }
    init(floatLiteral: Double) { self = .number(floatLiteral) }
    init(stringLiteral: String) { self = .string(stringLiteral) }
    init(arrayLiteral: SchemaTree...) { self = .array(arrayLiteral) }
    init(dictionaryLiteral: (String, SchemaTree)...) { self = .map(dictionaryLiteral) }
}

extension SchemaTree: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([SchemaTree].self) {
            self = .array(value)
        } else {
            self = .map(try container.decode([String: SchemaTree].self).sorted { $0.key < $1.key })
        }
    }
}

extension SchemaTree {
    /// Calls `body` with the tree as a plugin would have it; its memory is freed afterwards.
    func withKongValue<Result>(_ body: (UnsafePointer<kong_value>) -> Result) -> Result {
        let memory = TreeMemory()
        let root = memory.allocate(kong_value.self, count: 1)
        root.initialize(to: memory.value(self))
        defer { memory.free() }
        return body(UnsafePointer(root))
    }

    var report: SchemaReport { withKongValue { SchemaReport(of: $0) } }
}

/// What a tree of kong_values lives in.
final class TreeMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    func allocate<Element>(_: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        let block = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        blocks.append(UnsafeMutableRawPointer(block))
        return block
    }

    func free() {
        for block in blocks { block.deallocate() }
        blocks = []
    }

    func value(_ tree: SchemaTree) -> kong_value {
        var value = kong_value()
        switch tree {
        case .null:
            value.type = UInt32(KONG_NIL)
        case .boolean(let boolean):
            value.type = UInt32(KONG_BOOLEAN)
            value.boolean = boolean
        case .integer(let integer):
            value.type = UInt32(KONG_INTEGER)
            value.integer = integer
        case .number(let number):
            value.type = UInt32(KONG_NUMBER)
            value.number = number
        case .string(let text):
            value.type = UInt32(KONG_STRING)
            value.string = string(Array(text.utf8))
        case .bytes(let bytes):
            value.type = UInt32(KONG_BYTES)
            value.string = string(bytes)
        case .array(let items):
            value.type = UInt32(KONG_ARRAY)
            let memory = allocate(kong_value.self, count: items.count)
            for (index, item) in items.enumerated() { (memory + index).initialize(to: self.value(item)) }
            value.array = kong_array(items: items.isEmpty ? nil : UnsafePointer(memory), count: items.count)
        case .map(let entries):
            value.type = UInt32(KONG_MAP)
            let memory = allocate(kong_entry.self, count: entries.count)
            for (index, entry) in entries.enumerated() {
                (memory + index).initialize(to: kong_entry(key: string(Array(entry.0.utf8)), value: self.value(entry.1)))
            }
            value.map = kong_map(entries: entries.isEmpty ? nil : UnsafePointer(memory), count: entries.count)
        }
        return value
    }

    func string(_ bytes: [UInt8]) -> kong_string {
        let memory = allocate(UInt8.self, count: bytes.count)
        memory.initialize(from: bytes, count: bytes.count)
        return memory.withMemoryRebound(to: CChar.self, capacity: max(bytes.count, 1)) {
            kong_string(data: bytes.isEmpty ? nil : UnsafePointer($0), size: bytes.count)
        }
    }
}
