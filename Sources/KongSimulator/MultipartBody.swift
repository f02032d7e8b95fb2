import WireProtocol

/// Bodies of `multipart/form-data`, as far as Kong's multipart library reads them: names and values; a file's name and a
/// part's own type are dropped.
enum MultipartBody {
    /// A name that comes once has a string, another an array of them. Without a boundary in the type there are no parts.
    static func decode(_ body: [UInt8], type: [UInt8]) -> OwnedValue {
        guard let boundary = boundary(in: type) else { return .map([:]) }
        var decoder = MultipartDecoder(boundary: Array("--".utf8) + boundary)
        decoder.decode(body)
        return .map(decoder.values.mapValues { $0.count == 1 ? .string($0[0]) : .array($0.map { .string($0) }) })
    }

    /// Lua's pattern `;%s*boundary=(%S+)`, without the quotes around it. Any other parameter after it without a space in
    /// between is taken for a part of the boundary.
    private static func boundary(in type: [UInt8]) -> [UInt8]? {
        let mark = Array("boundary=".utf8)
        var start = 0
        while let range = type.range(of: mark, from: start) {
            start = range.upperBound
            guard type[..<range.lowerBound].reversed().drop(while: \.isSpace).first == UInt8(ascii: ";") else { continue }
            var boundary = type[range.upperBound...].prefix { !$0.isSpace }
            for quote in [UInt8(ascii: "\""), UInt8(ascii: "'")]
            where boundary.count > 1 && boundary.first == quote && boundary.last == quote {
                boundary = boundary.dropFirst().dropLast()
            }
            return boundary.isEmpty ? nil : Array(boundary)
        }
        return nil
    }

    /// A body from a table, names sorted.
    static func encode(_ entries: [[UInt8]: OwnedValue], boundary: [UInt8]) throws(Interruption) -> [UInt8] {
        var body: [UInt8] = []
        let dashes = Array("--".utf8), line = Array("\r\n".utf8)
        for (name, value) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            guard let text = value.luaString else {
                // Kong lets booleans through its check, and its buffer then takes none.
                throw .raised("bad argument #2 to 'put' (string/number/__tostring expected, got \(value.luaType))")
            }
            body += dashes + boundary + line
            body += Array("Content-Disposition: form-data; name=\"".utf8) + name + Array("\"\r\n\r\n".utf8)
            body += text + line
        }
        return body + dashes + boundary + dashes + line
    }
}

/// Reads parts line by line. A line ends at a carriage return or a line feed, so that what is empty between the two counts
/// as a line of its own.
private struct MultipartDecoder {
    let boundary: [UInt8]
    private(set) var values: [[UInt8]: [[UInt8]]] = [:]
    private var name: [UInt8]?
    private var value: [UInt8] = []
    private var isInValue = false

    init(boundary: [UInt8]) {
        self.boundary = boundary
    }

    mutating func decode(_ body: [UInt8]) {
        var rest = body[...]
        while true {
            let end = rest.firstIndex { $0 == 0x0D || $0 == 0x0A }
            let line = rest[..<(end ?? rest.endIndex)]
            let isBlankAfter = end.map { rest[$0...].starts(with: [0x0D, 0x0A, 0x0D, 0x0A]) } ?? false
            let ending = end.map { body[$0] }
            rest = end.map { rest[($0 + 1)...] } ?? []
            if line.isEmpty {
                if isInValue, let ending { value.append(ending) }
            } else if line.starts(with: boundary) {
                endPart()
            } else if !isInValue, isHeader(line) {
                readName(line)
                if isBlankAfter {
                    isInValue = true
                    rest = rest.dropFirst(3)
                }
            } else {
                isInValue = true
                value += line
                if let ending { value.append(ending) }
            }
            if end == nil { break }
        }
        // A part whose end is missing counts, in the place of earlier ones of its name.
        if let name { values[name] = [value] }
    }

    private mutating func endPart() {
        isInValue = false
        guard let part = name else { return }
        if value.last == 0x0A {
            value.removeLast()
            if value.last == 0x0D { value.removeLast() }
        }
        values[part, default: []].append(value)
        (name, value) = (nil, [])
    }

    private func isHeader(_ line: ArraySlice<UInt8>) -> Bool {
        isDisposition(line) || Self.looksLikeHeader(line)
    }

    private func isDisposition(_ line: ArraySlice<UInt8>) -> Bool {
        Array(line.prefix(19)).lowercasedASCII == Array("content-disposition".utf8)
    }

    /// Lua's pattern `%S:%s*%S`.
    private static func looksLikeHeader(_ text: ArraySlice<UInt8>) -> Bool {
        text.indices.contains { index in
            text[index] == UInt8(ascii: ":") && index > text.startIndex && !text[index - 1].isSpace
                && text[(index + 1)...].contains { !$0.isSpace }
        }
    }

    private mutating func readName(_ line: ArraySlice<UInt8>) {
        guard isDisposition(line) else { return }
        for parameter in line.split(separator: UInt8(ascii: ";")) where !Self.looksLikeHeader(parameter) {
            let text = Array(parameter.drop(while: \.isSpace))
            guard Array(text.prefix(5)).lowercasedASCII == Array("name=".utf8) else { continue }
            var value = text.dropFirst(5).drop(while: \.isSpace).prefix { $0 != UInt8(ascii: "=") }
            // What should be the quotes is dropped, whatever it is.
            while let last = value.last, last.isSpace { value.removeLast() }
            name = Array(value.dropFirst().dropLast())
        }
    }
}

extension UInt8 {
    /// Lua's `%s`.
    var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
