/// Paths as Kong compares and forwards them (kong/tools/uri.lua).
enum URIPath {
    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
    private static let reserved = Set("!*'();:@&=+$,/?%#[]".utf8)
    private static let plain = Set("!#$&'()*+,/:;=?@[]-_.~%".utf8)

    /// Escapes what could not stand in a request line, and leaves every other character its meaning: a `%` stays, so
    /// what is escaped is not escaped again.
    static func escaped(_ path: [UInt8]) -> [UInt8] {
        path.flatMap { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || plain.contains(byte)
                ? [byte] : PercentEncoding.escape(byte)
        }
    }

    /// Decodes what is not reserved, resolves `.` and `..`, and takes several slashes for one.
    ///
    /// 2.8 does not normalise `kong.request.get_path`.
    static func normalized(_ path: [UInt8]) -> [UInt8] {
        guard !path.isEmpty, path != [slash] else { return path }
        let path = path.contains(UInt8(ascii: "%")) ? decodedWhereUnreserved(path) : path
        guard path.contains(dot) || path.range(of: [slash, slash]) != nil else { return path }
        return withoutDots(path)
    }

    private static func decodedWhereUnreserved(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = path[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let decoded = PercentEncoding.byte(rest.prefix(2)) else {
                result.append(byte)
                continue
            }
            result += reserved.contains(decoded) ? PercentEncoding.escape(decoded) : [decoded]
            rest = rest.dropFirst(2)
        }
        return result
    }

    private static func withoutDots(_ path: [UInt8]) -> [UInt8] {
        var segments: [ArraySlice<UInt8>] = []
        var rest = path[...]
        while !rest.isEmpty {
            if rest.elementsEqual([slash, dot]) {
                rest = [slash]
            } else if rest.elementsEqual([slash, dot, dot]) {
                rest = [slash]
                _ = segments.popLast()
            } else if rest.elementsEqual([dot]) || rest.elementsEqual([dot, dot]) {
                rest = []
            } else if rest.starts(with: [dot, dot, slash]) {
                rest = rest.dropFirst(3)
            } else if rest.starts(with: [dot, slash]) || rest.starts(with: [slash, dot, slash]) {
                rest = rest.dropFirst(2)
            } else if rest.starts(with: [slash, dot, dot, slash]) {
                rest = rest.dropFirst(3)
                _ = segments.popLast()
            } else if rest.starts(with: [slash, slash]) {
                rest = rest.dropFirst()
            } else {
                let end = rest.dropFirst().firstIndex(of: slash) ?? rest.endIndex
                segments.append(rest[..<end])
                rest = rest[end...]
            }
        }
        return Array(segments.joined())
    }
}
