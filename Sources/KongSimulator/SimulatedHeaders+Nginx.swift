import WireProtocol

// What nginx's Lua module does with headers: ngx_http_lua_headers_in.c, ngx_http_lua_headers_out.c.

extension SimulatedHeaders {
    /// Request headers for which nginx keeps a pointer to one field. Of several values given for one of them the last
    /// wins: `set_header("Authorization", ["a", "b"])` sends `b` alone.
    private static let singleInput: Set<String> = [
        "host", "connection", "if-modified-since", "if-unmodified-since", "if-match", "if-none-match", "user-agent",
        "referer", "content-length", "content-type", "range", "if-range", "transfer-encoding", "expect", "upgrade",
        "accept-encoding", "via", "authorization", "keep-alive", "x-real-ip",
    ]
    /// The same for the answer: adding one of them replaces it.
    private static let singleOutput: Set<String> = [
        "server", "date", "content-encoding", "location", "refresh", "last-modified", "content-range", "accept-ranges",
        "expires", "e-tag", "etag", "content-length", "content-type",
    ]

    /// `ngx.req.set_header`. An empty list of values clears the header.
    mutating func setInput(_ name: [UInt8], _ values: [[UInt8]]) throws(Interruption) {
        let name = PercentEncoding.headerName.encode(name)
        let values = values.filter { !$0.isEmpty }.map(PercentEncoding.headerValue.encode)
        try Self.check(name, values)
        let key = name.lowercasedASCII
        if key == Array("host".utf8), values.contains(where: { URIHost.normalized($0) == nil }) {
            throw .raised("failed to set header")
        }
        replace(name, key, values, isSingle: Self.singleInput.contains(key.text), keepsName: true)
    }

    /// `ngx.header[name] = values`: the answer's headers. Underscores in names become dashes.
    mutating func setOutput(_ name: [UInt8], _ values: [[UInt8]]) throws(Interruption) {
        let (name, values) = (Self.outputName(name), values.map(PercentEncoding.headerValue.encode))
        try Self.check(name, values)
        let key = name.lowercasedASCII
        let isSingle = Self.singleOutput.contains(key.text)
        replace(name, key, values, isSingle: isSingle, keepsName: !isSingle)
    }

    /// `ngx.resp.add_header`.
    mutating func addOutput(_ name: [UInt8], _ values: [[UInt8]]) throws(Interruption) {
        let name = Self.outputName(name)
        guard !values.isEmpty else { return }
        if Self.singleOutput.contains(name.lowercasedASCII.text) { return try setOutput(name, values) }
        fields += values.map { Field(name, PercentEncoding.headerValue.encode($0)) }
    }

    /// Sets a header whose name and value need no check.
    mutating func setOutput(_ name: String, _ value: [UInt8]) {
        let name = Array(name.utf8)
        replace(name, name.lowercasedASCII, [value], isSingle: true, keepsName: false)
    }

    private static func outputName(_ name: [UInt8]) -> [UInt8] {
        PercentEncoding.headerName.encode(name.replacing(UInt8(ascii: "_"), with: UInt8(ascii: "-")))
    }

    /// nginx reads a length from a `Content-Length`.
    private static func check(_ name: [UInt8], _ values: [[UInt8]]) throws(Interruption) {
        guard name.lowercasedASCII == Array("content-length".utf8) else { return }
        for value in values where value.isEmpty || value.contains(where: { !(0x30...0x39).contains($0) }) {
            throw .raised("failed to set header")
        }
    }

    /// Puts values in the place of those that are there. Further ones come last.
    private mutating func replace(
        _ name: [UInt8], _ key: [UInt8], _ values: [[UInt8]], isSingle: Bool, keepsName: Bool
    ) {
        var values = isSingle ? values.suffix(1) : values[...]
        guard let first = values.popFirst() else { return removeAll(key) }
        if let place = fields.firstIndex(where: { $0.name.lowercasedASCII == key }) {
            fields[place] = Field(keepsName ? fields[place].name : name, first)
            let later = fields[(place + 1)...].filter { $0.name.lowercasedASCII != key }
            fields.replaceSubrange((place + 1)..., with: later)
        } else {
            fields.append(Field(name, first))
        }
        fields += values.map { Field(name, $0) }
    }
}

// MARK: - As tables

extension SimulatedHeaders {
    /// The table that `get_headers` gives: names in lower case; a string for a header that comes once, an array for others.
    func table(limit: Int) -> (table: [[UInt8]: OwnedValue], isTruncated: Bool) {
        var values: [[UInt8]: [OwnedValue]] = [:]
        for field in fields.prefix(limit) { values[field.name.lowercasedASCII, default: []].append(.string(field.value)) }
        return (values.mapValues { $0.count == 1 ? $0[0] : .array($0) }, fields.count > limit)
    }

    /// How the table of `ngx.req.get_headers` is read: the name in lower case, and then with dashes for underscores.
    static func lookUpInput(_ name: [UInt8], in table: [[UInt8]: OwnedValue]) -> OwnedValue? {
        let name = name.lowercasedASCII
        return table[name] ?? table[name.replacing(UInt8(ascii: "_"), with: UInt8(ascii: "-"))]
    }

    /// How the table of `ngx.resp.get_headers` is read: the name as it is, and then in lower case with dashes for
    /// underscores. A service's header `x_foo` is found as `x_foo`, and not as `X_Foo` or `x-foo`.
    static func lookUpOutput(_ name: [UInt8], in table: [[UInt8]: OwnedValue]) -> OwnedValue? {
        table[name] ?? table[name.lowercasedASCII.replacing(UInt8(ascii: "_"), with: UInt8(ascii: "-"))]
    }
}

extension OwnedValue {
    /// The first value of a header that comes several times.
    var firstOfSeveral: OwnedValue {
        if case .array(let items) = self { items.first ?? .null } else { self }
    }
}
