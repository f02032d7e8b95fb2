/// What a parameter takes, or what a result is, in the words of Kong's PDK documentation.
public enum ValueType: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    /// Anything that a Lua table can hold and the wire can carry.
    case any
    case boolean
    /// A whole number.
    case integer
    /// A whole number or any other.
    case number
    case string
    /// A string that is a body: binary, and possibly large.
    case bytes
    /// A string, number or boolean: a header's value, or a query argument's.
    case scalar
    /// A scalar, or an array of strings: a header that comes several times.
    case headerValue
    /// A map from names to scalars or arrays of them: headers, or a query. From Kong over MessagePack-RPC every value
    /// is an array; over ProtoBuf:1 a value that comes once is a string, and `true` an argument without a value.
    case multimap
    /// A map with the fields of one of Kong's entities, as the method's protobuf message names them.
    case record
    /// An array or a map.
    case table
    /// A request's body: bytes, or the map `{body_filepath: path}` when nginx holds it in a file.
    case body
    /// The map `{unnamed: array of strings, named: map of strings}`.
    case captures

    /// The kinds of value that a parameter of this type accepts. Kong's Lua has one kind of string and one empty
    /// table, so strings and bytes go for each other, and so do an empty array and an empty map.
    public var kinds: ValueKinds {
        switch self {
        case .any: .all
        case .boolean: .boolean
        case .integer: .integer
        case .number: [.integer, .number]
        case .string, .bytes: [.string, .bytes]
        case .scalar: [.boolean, .integer, .number, .string, .bytes]
        case .headerValue: [.boolean, .integer, .number, .string, .bytes, .array]
        case .multimap, .record, .captures: .map
        case .table: [.array, .map]
        case .body: [.string, .bytes, .map]
        }
    }
}

/// Kinds of value. Bit n is the `kong_type` n of the plugin ABI.
public struct ValueKinds: OptionSet, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let null = ValueKinds(rawValue: 1 << 0)
    public static let boolean = ValueKinds(rawValue: 1 << 1)
    public static let integer = ValueKinds(rawValue: 1 << 2)
    public static let number = ValueKinds(rawValue: 1 << 3)
    public static let string = ValueKinds(rawValue: 1 << 4)
    public static let bytes = ValueKinds(rawValue: 1 << 5)
    public static let array = ValueKinds(rawValue: 1 << 6)
    public static let map = ValueKinds(rawValue: 1 << 7)

    public static let all = ValueKinds(rawValue: .max)
}
