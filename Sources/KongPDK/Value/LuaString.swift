// Unsafe pointers: a string is copied out of borrowed memory.

import CKongPlugin

/// A string of Lua, which may hold any bytes.
struct LuaString: Sendable, Hashable {
    /// One of the two forms for each content, so that equal contents are equal values.
    private enum Content: Sendable, Hashable {
        case text(String)
        /// Not UTF-8.
        case bytes([UInt8])
    }

    private let content: Content

    init(_ text: String) { content = .text(text) }

    init(_ bytes: [UInt8]) {
        content = String(validating: bytes, as: UTF8.self).map(Content.text) ?? .bytes(bytes)
    }

    init(_ borrowed: kong_string) {
        let bytes = borrowed.bytes
        content = String(validating: bytes, as: UTF8.self).map(Content.text) ?? .bytes(Array(bytes))
    }

    /// The text; U+FFFD stands for what is not UTF-8.
    var text: String {
        switch content {
        case .text(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }

    var bytes: [UInt8] {
        switch content {
        case .text(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        }
    }

    var value: Value {
        switch content {
        case .text(let text): .string(text)
        case .bytes(let bytes): .bytes(bytes)
        }
    }

    /// Whether it is this text.
    func isEqual(to text: String, ignoringCase: Bool) -> Bool {
        guard case .text(let own) = content else { return false }
        return ignoringCase ? Self.equalIgnoringCase(own, text) : own == text
    }

    /// The same with the letters A … Z in lower case.
    var lowercased: LuaString {
        switch content {
        case .text(let text): LuaString(text.utf8.contains(where: Self.isCapital) ? text.asciiLowercased : text)
        case .bytes(let bytes): LuaString(bytes.map(Self.lowercased))
        }
    }

    /// Names of headers are ASCII; other letters are left alone.
    private static func equalIgnoringCase(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count
            && zip(one.utf8, other.utf8).allSatisfy { $0 == $1 || lowercased($0) == lowercased($1) }
    }

    private static func isCapital(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }
    fileprivate static func lowercased(_ byte: UInt8) -> UInt8 { isCapital(byte) ? byte | 0x20 : byte }
}

extension String {
    fileprivate var asciiLowercased: String { String(decoding: utf8.map(LuaString.lowercased), as: UTF8.self) }
}
