// Unsafe pointers: a request is lent from the connection's input.

/// The first line of an HTTP/1 request.
struct HTTPRequestLine {
    let method: String
    /// Without the query.
    let path: String

    /// Nil if it is none.
    init?(_ header: UnsafeRawBufferPointer) {
        let line = header.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard line.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", !words[0].isEmpty,
            words[0].utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }), words[1].first == "/"
        else { return nil }
        method = String(words[0])
        path = String(words[1].prefix { $0 != "?" })
    }
}
