import CKongPlugin
import WireProtocol

/// A value of Kong that owns what it holds, to build and to compare values with.
indirect enum TestValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string([UInt8])
    case bytes([UInt8])
    case array([TestValue])
    case map([Entry])

    struct Entry: Hashable, Sendable {
        var key: [UInt8]
        var value: TestValue
    }

    /// A copy.
    init(_ value: kong_value) {
        switch value.type {
        case KongType.boolean: self = .boolean(value.boolean)
        case KongType.integer: self = .integer(value.integer)
        case KongType.number: self = .number(value.number)
        case KongType.string: self = .string(Array(value.string.bytes))
        case KongType.bytes: self = .bytes(Array(value.string.bytes))
        case KongType.array: self = .array(value.items.map(TestValue.init))
        case KongType.map:
            self = .map(value.entries.map { Entry(key: Array($0.key.bytes), value: TestValue($0.value)) })
        default: self = .null
        }
    }

    /// The value in the arena's memory.
    func value(in arena: ValueArena) -> kong_value {
        switch self {
        case .null: return .null
        case .boolean(let boolean): return kong_value(boolean)
        case .integer(let integer): return kong_value(integer)
        case .number(let number): return kong_value(number)
        case .string(let bytes): return kong_value(bytes.withUnsafeBytes(arena.copy))
        case .bytes(let bytes): return kong_value(bytes: bytes.withUnsafeBytes(arena.copy))
        case .array(let values):
            let items = arena.allocate(kong_value.self, count: values.count)
            for (index, value) in values.enumerated() { items[index] = value.value(in: arena) }
            return kong_value(UnsafeBufferPointer(items))
        case .map(let pairs):
            let entries = arena.allocate(kong_entry.self, count: pairs.count)
            for (index, pair) in pairs.enumerated() {
                entries[index] = kong_entry(
                    key: pair.key.withUnsafeBytes(arena.copy), value: pair.value.value(in: arena))
            }
            return kong_value(UnsafeBufferPointer(entries))
        }
    }

    /// The value with the entries of all maps in the order of their keys: maps have none of their own.
    var sorted: TestValue {
        switch self {
        case .array(let values): .array(values.map(\.sorted))
        case .map(let entries):
            .map(
                entries.map { Entry(key: $0.key, value: $0.value.sorted) }
                    .sorted { $0.key.lexicographicallyPrecedes($1.key) })
        default: self
        }
    }

    /// An array of so many levels, the innermost one empty.
    static func nested(_ depth: Int) -> TestValue {
        (1..<depth).reduce(.array([])) { value, _ in .array([value]) }
    }
}

extension TestValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    init(stringLiteral text: String) { self = .string(Array(text.utf8)) }
    init(integerLiteral integer: Int64) { self = .integer(integer) }
    init(floatLiteral number: Double) { self = .number(number) }
    init(booleanLiteral boolean: Bool) { self = .boolean(boolean) }
    init(arrayLiteral values: TestValue...) { self = .array(values) }
    init(dictionaryLiteral pairs: (String, TestValue)...) {
        self = .map(pairs.map { Entry(key: Array($0.0.utf8), value: $0.1) })
    }
    init(nilLiteral: ()) { self = .null }
}
