/// Escapes bytes as %XX: which ones is told by a bitmap, as in nginx.
struct PercentEncoding: Sendable {
    /// Bit n of word m: the character 32m + n is escaped.
    private let words: (UInt32, UInt32, UInt32, UInt32)
    private let escapesHighBytes: Bool

    // Of ngx_http_lua_util.c and ngx_http_lua_args.c.
    /// A component of a URI, as `ngx.escape_uri` and `ngx.encode_args` write it.
    static let component = PercentEncoding((0xFFFF_FFFF, 0xFC00_987D, 0x7800_0001, 0xB800_0001), highBytes: true)
    /// A whole query, as `ngx.req.set_uri_args` takes it: control characters and space, nothing else.
    static let query = PercentEncoding((0xFFFF_FFFF, 0x0000_0001, 0, 0x8000_0000), highBytes: false)
    static let headerName = PercentEncoding((0xFFFF_FFFF, 0xFC00_9305, 0x3800_0001, 0xA800_0000), highBytes: true)
    /// Control characters but the tab: no plugin can end a header's line.
    static let headerValue = PercentEncoding((0xFFFF_FDFF, 0, 0, 0x8000_0000), highBytes: false)

    private init(_ words: (UInt32, UInt32, UInt32, UInt32), highBytes: Bool) {
        self.words = words
        escapesHighBytes = highBytes
    }

    private func escapes(_ byte: UInt8) -> Bool {
        let bit: UInt32 = 1 << UInt32(byte & 31)
        return switch byte >> 5 {
        case 0: words.0 & bit != 0
        case 1: words.1 & bit != 0
        case 2: words.2 & bit != 0
        case 3: words.3 & bit != 0
        default: escapesHighBytes
        }
    }

    func encode(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { escapes($0) ? Self.escape($0) : [$0] }
    }

    static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// The byte that two hexadecimal digits name.
    static func byte(_ digits: ArraySlice<UInt8>) -> UInt8? {
        digits.count == 2 && digits.allSatisfy(\.isHexDigit) ? UInt8(Array(digits).text, radix: 16) : nil
    }

    /// A decoded component of a query: `+` is a space, and a percent sign that begins no escape stays.
    static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let decoded = Self.byte(rest.prefix(2)) {
                result.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return result
    }
}
