// Unsafe pointers: this file wraps the C struct's pointers in buffers with bounds, and the other way round.

import CKongPlugin

/// The kinds of a `kong_value`, as Swift constants for `switch`.
public enum KongType {
    public static let null = kong_type(KONG_NIL)
    public static let boolean = kong_type(KONG_BOOLEAN)
    public static let integer = kong_type(KONG_INTEGER)
    public static let number = kong_type(KONG_NUMBER)
    public static let string = kong_type(KONG_STRING)
    public static let bytes = kong_type(KONG_BYTES)
    public static let array = kong_type(KONG_ARRAY)
    public static let map = kong_type(KONG_MAP)
}

extension kong_value {
    public static var null: kong_value { kong_value() }

    @inline(__always)
    public init(_ boolean: Bool) {
        self.init()
        type = KongType.boolean
        self.boolean = boolean
    }

    @inline(__always)
    public init(_ integer: Int64) {
        self.init()
        type = KongType.integer
        self.integer = integer
    }

    /// The number as it is: `KONG_NUMBER` even if it is whole.
    @inline(__always)
    public init(_ number: Double) {
        self.init()
        type = KongType.number
        self.number = number
    }

    @inline(__always)
    public init(_ string: kong_string) {
        self.init()
        type = KongType.string
        self.string = string
    }

    @inline(__always)
    public init(bytes: kong_string) {
        self.init()
        type = KongType.bytes
        string = bytes
    }

    @inline(__always)
    public init(_ items: UnsafeBufferPointer<kong_value>) {
        self.init()
        type = KongType.array
        array = kong_array(items: items.baseAddress, count: items.count)
    }

    @inline(__always)
    public init(_ entries: UnsafeBufferPointer<kong_entry>) {
        self.init()
        type = KongType.map
        map = kong_map(entries: entries.baseAddress, count: entries.count)
    }

    /// A number of Lua, which has one kind of them: `KONG_INTEGER` if it is whole and exact, so within ±2^53.
    ///
    /// Kong's MessagePack writes whole numbers as integers, but ProtoBuf:1 has only doubles in its `Value`. With this
    /// rule for those, a plugin sees the same value whichever protocol it came over.
    @inline(__always)
    public init(luaNumber number: Double) {
        if number.magnitude <= 0x1p53, number == number.rounded(.towardZero) {
            self.init(Int64(number))
        } else {
            self.init(number)
        }
    }

    /// The items of an array; empty if it is none, or if a plugin gives a count that is none (a size_t is signed here).
    @inline(__always)
    public var items: UnsafeBufferPointer<kong_value> {
        guard type == KongType.array, let items = array.items, array.count > 0 else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(start: items, count: array.count)
    }

    /// The entries of a map; empty if it is none.
    @inline(__always)
    public var entries: UnsafeBufferPointer<kong_entry> {
        guard type == KongType.map, let entries = map.entries, map.count > 0 else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(start: entries, count: map.count)
    }

    /// Whether it is an array or map without content: Lua has one empty table for both.
    @inline(__always)
    public var isEmptyTable: Bool {
        (type == KongType.array && items.isEmpty) || (type == KongType.map && entries.isEmpty)
    }
}
