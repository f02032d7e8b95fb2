import WireProtocol

extension SimulatedExchange {
    /// `ngx.req.set_body_data`, with which the length changes.
    mutating func setServiceBody(_ body: [UInt8]) throws(Interruption) {
        serviceRequest.body = .bytes(body)
        try serviceRequest.headers.setInput(Array("Content-Length".utf8), [Array("\(body.count)".utf8)])
    }

    /// `set_body(args, mimetype)`.
    mutating func setServiceBody(_ arguments: Arguments) throws(Interruption) {
        let table = try arguments.table(0, or: "args must be a table")
        let type: [UInt8]
        if arguments[1].isTrue {
            type = try arguments.string(1, or: "mime must be a string")
        } else {
            let headers = serviceRequest.headers.table(limit: gateway.maximumRequestHeaders).table
            guard let header = headers[Array("content-type".utf8)]?.firstOfSeveral.stringBytes else {
                throw .failed("content type was neither explicitly given as an argument or received as a header")
            }
            type = header
        }
        // Unlike get_body, this one compares the type as it is written.
        switch Array(type.prefix { $0 != UInt8(ascii: ";") }).text {
        case "application/x-www-form-urlencoded": try setServiceBody(try QueryString.encode(table))
        case "application/json":
            let text: [UInt8]
            do throws(JSONError) {
                text = try JSONText.encode(table)
            } catch {
                throw .raised(error.text)
            }
            try setServiceBody(text)
        case "multipart/form-data": return try setMultipartBody(table, type)
        default: throw .raised("unsupported content type \(type.text)")
        }
        try serviceRequest.headers.setInput(Array("Content-Type".utf8), [type])
    }

    private mutating func setMultipartBody(_ table: OwnedValue, _ type: [UInt8]) throws(Interruption) {
        guard let entries = table.entries else { throw .raised("invalid key \"1\": got number, expected string") }
        for (name, value) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where value.isTable {
            throw .raised(
                "invalid value \(Lua.quoted(name)): got \(value.luaType), expected string, number or boolean")
        }
        let boundary = try Self.boundary(in: type) ?? Array("\(Int.random(in: 1...10_000_000_000))".utf8)
        try setServiceBody(try MultipartBody.encode(entries, boundary: boundary))
        let header = Array("multipart/form-data; boundary=".utf8) + boundary
        try serviceRequest.headers.setInput(Array("Content-Type".utf8), [header])
    }

    private static func boundary(in type: [UInt8]) throws(Interruption) -> [UInt8]? {
        guard let mark = type.range(of: Array("boundary=".utf8)) else { return nil }
        let rest = type[mark.upperBound...]
        guard rest.first == UInt8(ascii: "\"") else { return Array(rest) }
        guard let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\"")) else {
            throw .raised("attempt to perform arithmetic on local 'till' (a nil value)")
        }
        return Array(rest[(rest.startIndex + 1)..<end])
    }
}
