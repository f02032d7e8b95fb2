/// What a client accepts, as far as Kong reads it to choose the type of an error's body.
enum AcceptHeader {
    /// The type of the known ones that the client likes most; the first of several, and JSON for everything unknown.
    static func errorType(_ header: [UInt8]?) -> String {
        var (best, quality) = (ErrorBody.json, 0.0)
        for entry in (header ?? []).split(separator: UInt8(ascii: ",")) {
            var reader = MediaRangeReader(rest: entry.drop(while: \.isSpace))
            guard let range = reader.range(), reader.quality > quality else { continue }
            quality = reader.quality
            best = ErrorBody.types[range] ?? ErrorBody.json
        }
        return best
    }
}

/// Reads `type/subtype; parameter=value; q=0.5`. What it cannot read ends it: Kong looks no further either.
private struct MediaRangeReader {
    var rest: ArraySlice<UInt8>
    private(set) var quality = 1.0

    init(rest: ArraySlice<UInt8>) {
        self.rest = rest
    }

    /// The range, with its parameters read; nil if there is none.
    mutating func range() -> String? {
        guard let type = name(orStar: true), take("/"), let subtype = name(orStar: true) else { return nil }
        while takeSemicolon() {
            if let number = qualityValue() {
                quality = number
            } else if name(orStar: false) != nil {
                if take("=") { rest = rest.drop { $0 != UInt8(ascii: ";") } }
            } else {
                break
            }
        }
        return "\(type)/\(subtype)"
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func takeSemicolon() -> Bool {
        let trimmed = rest.drop(while: \.isSpace)
        guard trimmed.first == UInt8(ascii: ";") else { return false }
        rest = trimmed.dropFirst().drop(while: \.isSpace)
        return true
    }

    /// A name of two characters at least.
    private mutating func name(orStar: Bool) -> String? {
        if orStar, take("*") { return "*" }
        let marks = Set("-!#$&^_+.".utf8)
        func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) }
        guard let first = rest.first, isAlphanumeric(first) else { return nil }
        let name = rest.prefix { isAlphanumeric($0) || marks.contains($0) }
        guard name.count > 1 else { return nil }
        rest = rest[name.endIndex...]
        return String(decoding: name, as: UTF8.self)
    }

    /// `q=`, and 0 or 1 with three digits behind the point at most.
    private mutating func qualityValue() -> Double? {
        guard Array(rest.prefix(2)).lowercasedASCII == Array("q=".utf8) else { return nil }
        let number = rest.dropFirst(2)
        guard let whole = number.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
        var end = number.startIndex + 1
        if end < number.endIndex, number[end] == UInt8(ascii: ".") {
            end += 1
            let digits: ClosedRange<UInt8> = whole == UInt8(ascii: "1") ? 0x30...0x30 : 0x30...0x39
            end += number[end...].prefix(3).prefix { digits.contains($0) }.count
        }
        rest = number[end...]
        return Double(String(decoding: number[..<end], as: UTF8.self)) ?? Double(whole - 0x30)
    }
}
