extension Kong.Request {
    /// How large a body may be unless the call says otherwise: 64 MiB.
    public static let bodyLimit = 64 * 1024 * 1024

    /// The body's bytes.
    ///
    /// One that is larger than nginx's buffer (`client_body_buffer_size`) is in a file. Over ProtoBuf:1 that file is read
    /// here, and over MessagePack by Kong 3.8 and later; Kong 2 then throws `PDKError.Code.refused`, and what is between
    /// them fails the request with status 500.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_raw_body`, since 2.0.
    /// - Parameter limit: one in a file that is larger, in bytes, throws `PDKError.Code.limit`; if Kong is to read it,
    ///   Kong fails the request with status 500. At least 1.
    public func rawBody(limit: Int = bodyLimit) async throws(PDKError) -> [UInt8] {
        try kong.check(limit > 0, .requestGetRawBody, "the limit \(limit) is not above 0")
        var answer: Answer
        do {
            answer = try await kong.ask(.requestGetRawBody, limit)
        } catch where error.code == .unsupported {
            // ProtoBuf:1 has no room for the limit, and Kong answers with the file's path instead.
            answer = try await kong.ask(.requestGetRawBody)
        }
        if case .map(let map) = answer.value, case .string(let path)? = map["body_filepath"] {
            // Not on the loop: other requests need not wait for a disk.
            return try await withTaskExecutorPreference(globalConcurrentExecutor) { () throws(PDKError) in
                try BodyFile.read(path, limit: limit, for: .requestGetRawBody)
            }
        }
        return try answer.bytes()
    }

    /// The body, as Kong parses it: a form (`application/x-www-form-urlencoded` or `multipart/form-data`) is a map from
    /// names to values, and JSON what is in it. Nil (Kong 3) or `PDKError.Code.refused` (Kong 2) if there is no content
    /// type, or another one, or the body is not of its type, or is larger than the limit.
    ///
    /// Kong 2 cannot send JSON's null: it fails the request with status 500 if there is one in the body, which is the
    /// client's to choose. `rawBody` has no such limit.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_body`, since 2.0, over MessagePack only.
    /// - Parameters:
    ///   - mimeType: what to take the body for. Without one the header `content-type` is asked for first.
    ///   - maxArguments: no more than this many arguments of a form are parsed: 1 … 1000.
    ///   - limit: how large a body in a file may be, in bytes; at least 1. Kong 3.8 and later read such a body, others do
    ///     not.
    public func body(
        as mimeType: String? = nil, maxArguments: Int = 100, limit: Int = bodyLimit
    ) async throws(PDKError) -> Value? {
        try kong.check(maxArguments, in: 1...1000, .requestGetBody)
        try kong.check(limit > 0, .requestGetBody, "the limit \(limit) is not above 0")
        // Kong's Lua loses what comes after a nil, so the type must be there for the limit to be.
        var arguments: [Value] = []
        if let mimeType {
            arguments.append(.string(mimeType))
        } else if let header = try await headerBytes("content-type") {
            arguments.append(LuaString(header).value)
        }
        if !arguments.isEmpty { arguments += [.integer(Int64(maxArguments)), .integer(Int64(limit))] }
        let body = try await kong.ask(.requestGetBody, arguments)
        return body.isNil ? nil : body
    }
}
