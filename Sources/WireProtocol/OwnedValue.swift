// Unsafe pointers: values are copied out of borrowed memory here, and into an arena's.

import CKongPlugin

/// A `kong_value` that owns what it holds: for whoever keeps values longer than the bytes they came in, such as Kong's
/// side of the protocols.
///
/// It stands here, beside the codecs that make and take `kong_value`s, since it is their value type and nobody else's:
/// a plugin's is `KongPDK.Value`, which the host never sees, and the server's configurations are JSON, which has no bytes.
///
/// A string of Lua may hold any bytes, and so may a key; `bytes` is the same, sent as binary. A map has no order.
public indirect enum OwnedValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string([UInt8])
    case bytes([UInt8])
    case array([OwnedValue])
    case map([[UInt8]: OwnedValue])

    public static func string(_ text: String) -> OwnedValue { .string(Array(text.utf8)) }

    /// Copies a value.
    public init(_ value: kong_value) {
        switch value.type {
        case KongType.boolean: self = .boolean(value.boolean)
        case KongType.integer: self = .integer(value.integer)
        case KongType.number: self = .number(value.number)
        case KongType.string: self = .string(Array(value.string.bytes))
        case KongType.bytes: self = .bytes(Array(value.string.bytes))
        case KongType.array: self = .array(value.items.map { OwnedValue($0) })
        case KongType.map:
            self = .map(
                Dictionary(
                    value.entries.map { (Array($0.key.bytes), OwnedValue($0.value)) }, uniquingKeysWith: { $1 }))
        default: self = .null
        }
    }

    /// The value in the arena's memory; the entries of maps are in the order of their keys.
    public func value(in arena: ValueArena) -> kong_value {
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
        case .map(let map):
            let entries = arena.allocate(kong_entry.self, count: map.count)
            let sorted = map.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for (index, (key, value)) in sorted.enumerated() {
                entries[index] = kong_entry(key: key.withUnsafeBytes(arena.copy), value: value.value(in: arena))
            }
            return kong_value(UnsafeBufferPointer(entries))
        }
    }
}

// MARK: - What it holds

extension OwnedValue {
    /// The entry of a map; nil if there is none, or this is no map.
    public subscript(key: String) -> OwnedValue? {
        if case .map(let map) = self { map[Array(key.utf8)] } else { nil }
    }

    /// The items of an array, and of Lua's empty table, which may come as a map.
    public var items: [OwnedValue]? {
        switch self {
        case .array(let items): items
        case .map(let map) where map.isEmpty: []
        default: nil
        }
    }

    /// The entries of a map, and of Lua's empty table, which may come as an array.
    public var entries: [[UInt8]: OwnedValue]? {
        switch self {
        case .map(let map): map
        case .array(let items) where items.isEmpty: [:]
        default: nil
        }
    }

    /// An integer, or a number that is whole.
    public var integer: Int64? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// The bytes of a string, sent as text or as binary.
    public var stringBytes: [UInt8]? {
        switch self {
        case .string(let bytes), .bytes(let bytes): bytes
        default: nil
        }
    }

    /// A string as text, with what is not UTF-8 replaced.
    public var text: String? { stringBytes.map { String(decoding: $0, as: UTF8.self) } }
}

// MARK: - Literals

extension OwnedValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral text: String) { self = .string(text) }
    public init(integerLiteral integer: Int64) { self = .integer(integer) }
    public init(floatLiteral number: Double) { self = .number(number) }
    public init(booleanLiteral boolean: Bool) { self = .boolean(boolean) }
    public init(arrayLiteral values: OwnedValue...) { self = .array(values) }
    public init(dictionaryLiteral pairs: (String, OwnedValue)...) {
        self = .map(Dictionary(pairs.map { (Array($0.0.utf8), $0.1) }, uniquingKeysWith: { $1 }))
    }
    public init(nilLiteral: ()) { self = .null }
}

// MARK: - For people

extension OwnedValue: CustomStringConvertible {
    /// As JSON would have it, keys sorted; bytes that are not UTF-8 are written as `\xff`.
    public var description: String {
        switch self {
        case .null: "nil"
        case .boolean(let boolean): "\(boolean)"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .string(let bytes), .bytes(let bytes): Self.quoted(bytes)
        case .array(let items): "[\(items.map(\.description).joined(separator: ", "))]"
        case .map(let map):
            "{"
                + map.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .map { "\(Self.quoted($0.key)): \($0.value)" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text.debugDescription }
        let escaped = bytes.map { byte in
            (0x20..<0x7f).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return "\"\(escaped.joined())\""
    }
}
