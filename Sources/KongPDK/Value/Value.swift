/// What configurations, arguments of PDK calls and their results are made of: what a Lua value can be on its way
/// between Kong and a plugin.
///
/// Lua has one type of number and one type of string. `integer` and `number` are told apart by what the protocol
/// said, so `3` may arrive as `.integer(3)` and `3.0` as `.number(3)`; the accessors (`integerValue`, `numberValue`)
/// take either. A Lua string holds any bytes: text is `.string`, what is not UTF-8, or was sent as binary (a body),
/// is `.bytes`, and no byte is ever lost.
///
/// The entries of a map have no order, as in Lua. Where order matters Kong uses an array of maps with one entry each,
/// as for the fields of a schema.
public enum Value: Sendable, Hashable {
    /// Nothing: Lua's nil, JSON's null.
    case `nil`
    /// True or false.
    case boolean(Bool)
    /// A number that came, or goes, as an integer.
    case integer(Int64)
    /// A number that came, or goes, with a fraction, even one of 0.
    case number(Double)
    /// Text.
    case string(String)
    /// A string that is not UTF-8, or that was sent as binary.
    case bytes([UInt8])
    /// An array. An empty one may be an empty map.
    case array([Value])
    /// A map. An empty one may be an empty array.
    case map([String: Value])
}

// MARK: - What it holds

extension Value {
    /// Whether it is nothing.
    public var isNil: Bool { self == .nil }

    /// True or false; nil for anything else.
    public var booleanValue: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// An integer, or a number without a fraction that fits.
    public var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): value.asInteger
        default: nil
        }
    }

    /// A number or an integer. An integer beyond 2^53 is rounded, as it would be in Lua.
    public var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// A string, or bytes that are UTF-8.
    public var stringValue: String? {
        switch self {
        case .string(let value): value
        case .bytes(let value): String(validating: value, as: UTF8.self)
        default: nil
        }
    }

    /// The bytes of a string, whatever they are.
    public var bytesValue: [UInt8]? {
        switch self {
        case .string(let value): Array(value.utf8)
        case .bytes(let value): value
        default: nil
        }
    }

    /// The items of an array. Lua has one empty table for both, so an empty map is an empty array.
    public var arrayValue: [Value]? {
        switch self {
        case .array(let items): items
        case .map(let entries) where entries.isEmpty: []
        default: nil
        }
    }

    /// The entries of a map. Lua has one empty table for both, so an empty array is an empty map.
    public var mapValue: [String: Value]? {
        switch self {
        case .map(let entries): entries
        case .array(let items) where items.isEmpty: [:]
        default: nil
        }
    }

    /// The entry of a map, or nil when there is none or this is no map.
    public subscript(key: String) -> Value? { mapValue?[key] }

    /// The item of an array, or nil when there is none or this is no array.
    public subscript(index: Int) -> Value? {
        guard let items = arrayValue, items.indices.contains(index) else { return nil }
        return items[index]
    }
}

extension Double {
    /// The same number as an integer, if it is one. `Int64(exactly:)` says the same, but calls libm, and nothing in a
    /// plugin without Glibc or Foundation makes the linker add that.
    fileprivate var asInteger: Int64? {
        guard self >= -0x1p63, self < 0x1p63 else { return nil }
        let integer = Int64(self)
        return Double(integer) == self ? integer : nil
    }
}

// MARK: - Literals

extension Value: ExpressibleByNilLiteral {
    public init(nilLiteral: ()) { self = .nil }
}

extension Value: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension Value: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension Value: ExpressibleByFloatLiteral {
    public init(floatLiteral value: Double) { self = .number(value) }
}

extension Value: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension Value: ExpressibleByArrayLiteral {
    public init(arrayLiteral items: Value...) { self = .array(items) }
}

/// The last of two entries with the same key wins.
extension Value: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral entries: (String, Value)...) {
        self = .map(Dictionary(entries, uniquingKeysWith: { $1 }))
    }
}
