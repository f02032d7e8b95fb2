import WireProtocol

extension SimulatedExchange {
    /// Where nginx has put the request's body, if it is in a file: what ProtoBuf:1 hands over as `body_filepath`.
    public var requestBodyFile: String? {
        if case .file(let path) = serviceRequest.body { path } else { nil }
    }

    /// `get_raw_body`. The limit of bytes to read from a file is 3.x's: 0 for none. Without it, a body in a file is an error.
    func requestRawBody(limit: OwnedValue) throws(Interruption) -> OwnedValue {
        try check(.beforeContent)
        switch serviceRequest.body {
        case .bytes(let bytes): return .bytes(bytes)
        case .file(let path):
            guard limit.isTrue, let number = limit.luaNumber, number >= 0 else {
                throw .failed(
                    "request body did not fit into client body buffer, consider raising 'client_body_buffer_size'")
            }
            guard let contents = serviceRequest.body.contents else {
                throw .failed("failed to open cached request body '\(path)': \(path): No such file or directory")
            }
            guard number == 0 || Double(contents.count) <= number else {
                throw .failed("request body file too big: \(contents.count) > \(Lua.text(of: number).text)")
            }
            return .bytes(contents)
        }
    }

    /// `get_body(mimetype, max_args, max_allowed_file_size)`.
    ///
    /// Only the first of what Kong returns, the table, gets to a plugin server; the type that it was read as does not.
    mutating func requestBody(_ arguments: Arguments) throws(Interruption) -> OwnedValue {
        try check(.beforeContent)
        let type: [UInt8]
        if arguments[0].isTrue {
            guard let given = arguments[0].luaString else {
                throw .raised("bad argument #1 to 'lower' (string expected, got \(arguments[0].luaType))")
            }
            type = given
        } else {
            guard let header = requestHeader("content-type") else { throw .failed("missing content type") }
            type = header
        }
        switch BodyFormat(type) {
        case .form:
            let limit = try arguments.limit(1, "max_args") ?? gateway.maximumPostArguments
            guard case .bytes(let body) = serviceRequest.body else {
                throw .failed("request body in temp file not supported")
            }
            return form(body, limit: limit, notice: "post args truncated")
        case .json: return try Self.json(requestRawBody(limit: arguments[2]).stringBytes ?? [])
        case .multipart:
            return MultipartBody.decode(try requestRawBody(limit: arguments[2]).stringBytes ?? [], type: type)
        case nil: throw .failed("unsupported content type '\(type.text)'")
        }
    }

    mutating func form(_ body: [UInt8], limit: Int, notice: String) -> OwnedValue {
        guard !body.isEmpty else { return .map([:]) }
        let (arguments, isTruncated) = QueryString.form(body, limit: limit)
        if isTruncated { write(.notice, notice) }
        return arguments
    }

    static func json(_ body: [UInt8]) throws(Interruption) -> OwnedValue {
        guard let value = JSONText.decode(body), value.isTable else { throw .failed("invalid json body") }
        return value
    }
}

/// The bodies that the PDK reads into tables.
enum BodyFormat {
    case form, json, multipart

    /// By how the type begins: `application/jsonp` is JSON to Kong.
    init?(_ type: [UInt8]) {
        let type = Array(type.prefix { $0 != UInt8(ascii: ";") }).lowercasedASCII
        if type.starts(with: "application/x-www-form-urlencoded".utf8) {
            self = .form
        } else if type.starts(with: "application/json".utf8) {
            self = .json
        } else if type.starts(with: "multipart/form-data".utf8) {
            self = .multipart
        } else {
            return nil
        }
    }
}
