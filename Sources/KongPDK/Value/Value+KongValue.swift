// Unsafe pointers: this file and Value+KongValueStorage.swift join `Value` and the C header's `kong_value`.

import CKongPlugin

extension Value {
    /// Values nested deeper than this are cut off: what lies below is nil. Neither Kong's JSON nor a schema comes near
    /// it, and it keeps a hostile body from using up the stack.
    static let depthLimit = 64

    /// Copies a borrowed value.
    ///
    /// A string that is not UTF-8 becomes `.bytes`. Keys are Strings: in a key, bytes that are not UTF-8 become U+FFFD,
    /// and of two keys that are then the same the last one wins. A type that this header does not know is nil.
    package init(_ borrowed: kong_value) {
        self.init(borrowed, depth: 1)
    }

    /// Copies a borrowed value; nil for NULL.
    package init(_ borrowed: UnsafePointer<kong_value>?) {
        self = borrowed.map { Value($0.pointee) } ?? .nil
    }

    private init(_ borrowed: kong_value, depth: Int) {
        guard depth <= Self.depthLimit else {
            self = .nil
            return
        }
        switch Int(borrowed.type) {
        case Int(KONG_BOOLEAN):
            self = .boolean(borrowed.boolean)
        case Int(KONG_INTEGER):
            self = .integer(borrowed.integer)
        case Int(KONG_NUMBER):
            self = .number(borrowed.number)
        case Int(KONG_STRING):
            let bytes = borrowed.string.bytes
            self = String(validating: bytes, as: UTF8.self).map(Value.string) ?? .bytes(Array(bytes))
        case Int(KONG_BYTES):
            self = .bytes(Array(borrowed.string.bytes))
        case Int(KONG_ARRAY):
            let items = UnsafeBufferPointer(start: borrowed.array.items, count: Int(clamping: borrowed.array.count))
            self = .array(items.map { Value($0, depth: depth + 1) })
        case Int(KONG_MAP):
            let entries = UnsafeBufferPointer(start: borrowed.map.entries, count: Int(clamping: borrowed.map.count))
            self = .map(
                Dictionary(
                    entries.map { (String(decoding: $0.key.bytes, as: UTF8.self), Value($0.value, depth: depth + 1)) },
                    uniquingKeysWith: { $1 }))
        default:
            self = .nil
        }
    }

    /// Lends the value to C for the length of a call. Scalars and strings are not copied to the heap; an array or a map
    /// is laid out in one block.
    package func withKongValue<R, E: Error>(_ body: (kong_value) throws(E) -> R) throws(E) -> R {
        switch self {
        case .nil, .boolean, .integer, .number:
            return try body(kong_value(scalar: self))
        case .string(let string):
            return try string.utf8.span.withUnsafeBufferPointer { bytes throws(E) in
                try body(kong_value(KONG_STRING, kong_string(UnsafeRawBufferPointer(bytes))))
            }
        case .bytes(let bytes):
            return try bytes.span.withUnsafeBufferPointer { bytes throws(E) in
                try body(kong_value(KONG_BYTES, kong_string(UnsafeRawBufferPointer(bytes))))
            }
        case .array, .map:
            let storage = KongValueStorage(self)
            return try withExtendedLifetime(storage) { () throws(E) -> R in try body(storage.value) }
        }
    }
}

extension kong_string {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), size: bytes.count)
    }

    /// What it points to; `data` may be NULL when `size` is 0.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : Int(clamping: size))
    }
}

extension kong_value {
    /// nil, a boolean or a number; nil for anything else.
    init(scalar: Value) {
        self.init()
        switch scalar {
        case .boolean(let value):
            type = kong_type(KONG_BOOLEAN)
            boolean = value
        case .integer(let value):
            type = kong_type(KONG_INTEGER)
            integer = value
        case .number(let value):
            type = kong_type(KONG_NUMBER)
            number = value
        default:
            type = kong_type(KONG_NIL)
        }
    }

    init(_ type: some BinaryInteger, _ string: kong_string) {
        self.init()
        self.type = kong_type(type)
        self.string = string
    }
}
