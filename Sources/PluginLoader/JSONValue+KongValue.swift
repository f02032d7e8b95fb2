// Unsafe pointers: a plugin's value is read here, no farther than its counts allow.

import CKongPlugin

extension JSONValue {
    /// A copy of a plugin's value. Deeper than `depthLimit` it is cut off. What is no value (an unknown type, a count without a pointer) is null or empty.
    public init(_ value: kong_value) { self.init(value, depth: 0) }

    private init(_ value: kong_value, depth: Int) {
        guard depth < Self.depthLimit else {
            self = .null
            return
        }
        switch Int(value.type) {
        case KONG_BOOLEAN: self = .boolean(value.boolean)
        case KONG_INTEGER: self = .integer(value.integer)
        case KONG_NUMBER: self = .number(value.number)
        case KONG_STRING, KONG_BYTES: self = .string(Self.text(value.string))
        case KONG_ARRAY:
            self = .array(Self.elements(value.array.items, value.array.count).map { JSONValue($0, depth: depth + 1) })
        case KONG_MAP:
            self = .object(
                Dictionary(
                    Self.elements(value.map.entries, value.map.count).map {
                        (Self.text($0.key), JSONValue($0.value, depth: depth + 1))
                    }, uniquingKeysWith: { $1 }))
        default: self = .null
        }
    }

    /// C's size_t is a signed number here, and plugins make mistakes.
    private static func elements<Element>(_ first: UnsafePointer<Element>?, _ count: Int) -> UnsafeBufferPointer<Element> {
        guard let first, count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: first, count: count)
    }

    private static func text(_ string: kong_string) -> String {
        guard let data = string.data, string.size > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: string.size), as: UTF8.self)
    }
}
