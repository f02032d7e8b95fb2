import WireProtocol

/// JSON as Kong's cjson writes it: `/` escaped, bytes that are not UTF-8 as they are, and `{}` for every empty table,
/// whether it was an array or not. Keys are sorted; cjson's order is any.
enum JSONText {
    /// cjson's own limit.
    private static let depthLimit = 1000

    static func encode(_ value: OwnedValue) throws(JSONError) -> [UInt8] {
        var text: [UInt8] = []
        try append(value, to: &text, depth: 0)
        return text
    }

    private static func append(_ value: OwnedValue, to text: inout [UInt8], depth: Int) throws(JSONError) {
        guard depth <= depthLimit else { throw JSONError("Cannot serialise, excessive depth (\(depth))") }
        switch value {
        case .null: text += Array("null".utf8)
        case .boolean(let boolean): text += Array("\(boolean)".utf8)
        case .integer(let integer): text += number(Double(integer))
        case .number(let number):
            guard number.isFinite else { throw JSONError("Cannot serialise number: must not be NaN or Infinity") }
            text += self.number(number)
        case .string(let bytes), .bytes(let bytes): append(string: bytes, to: &text)
        case .array(let items):
            // A nil at the end of a Lua array is none.
            let items = items[..<(items.lastIndex { $0 != .null }.map { $0 + 1 } ?? 0)]
            guard !items.isEmpty else { return text += Array("{}".utf8) }
            text.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                try append(item, to: &text, depth: depth + 1)
            }
            text.append(UInt8(ascii: "]"))
        case .map(let map):
            text.append(UInt8(ascii: "{"))
            let entries = map.filter { $0.value != .null }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for (index, (key, value)) in entries.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(string: key, to: &text)
                text.append(UInt8(ascii: ":"))
                try append(value, to: &text, depth: depth + 1)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    /// Kong has cjson write 16 digits.
    private static func number(_ number: Double) -> [UInt8] { Lua.format("%.16g", number) }

    private static func append(string bytes: [UInt8], to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text += [UInt8(ascii: "\\"), byte]
            case 0x08: text += Array("\\b".utf8)
            case 0x09: text += Array("\\t".utf8)
            case 0x0A: text += Array("\\n".utf8)
            case 0x0C: text += Array("\\f".utf8)
            case 0x0D: text += Array("\\r".utf8)
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                text += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}

/// What cjson says.
struct JSONError: Error {
    let text: String

    init(_ text: String) { self.text = text }
}
