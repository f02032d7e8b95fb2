// Unsafe pointers: a kong_value is read here, and nowhere written.

import CKongPlugin
import Glibc

extension kong_string {
    /// The bytes, for as long as they are borrowed. A string without `data` has none, whatever its size
    /// says, nor has one with a size that is none (a size_t is signed here).
    @inline(__always)
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : max(0, size)) }

    /// The text, with what is not UTF-8 replaced: for names and messages.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text, or nil if it is not UTF-8: for what must be taken as it is, or not at all.
    public var validText: String? { String(validating: bytes, as: UTF8.self) }

    @inline(__always)
    public static func == (string: kong_string, text: StaticString) -> Bool {
        string.size == text.utf8CodeUnitCount && string.hasPrefix(text)
    }

    @inline(__always)
    public func hasPrefix(_ text: StaticString) -> Bool {
        guard size >= text.utf8CodeUnitCount, let data else { return text.utf8CodeUnitCount == 0 }
        return memcmp(data, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}

extension kong_value {
    /// The string or bytes that this is.
    public var stringIfAny: kong_string? {
        type == KONG_STRING || type == KONG_BYTES ? string : nil
    }

    /// The integer that this is; Lua sends a large whole number as a double.
    public var integerIfAny: Int64? {
        switch Int(type) {
        case KONG_INTEGER: integer
        case KONG_NUMBER: Int64(exactly: number)
        default: nil
        }
    }

    /// The entry of a map, the last one if there are several.
    public func value(for key: StaticString) -> kong_value? {
        for entry in entries.reversed() where entry.key == key { return entry.value }
        return nil
    }

    public func integer(for key: StaticString) -> Int64? { value(for: key)?.integerIfAny }
    public func string(for key: StaticString) -> kong_string? { value(for: key)?.stringIfAny }
}

extension String {
    /// Lends the string's bytes to `body`.
    public func withKongString<Result>(_ body: (kong_string) -> Result) -> Result {
        var text = self
        return text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { body(kong_string(data: $0.baseAddress, size: $0.count)) }
        }
    }
}
