import WireProtocol

// kong/pdk/request.lua

extension SimulatedExchange {
    mutating func callRequest(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "get_port":
            try checkRequest()
            return .integer(Int64(request.serverPort))
        // Answered from what Kong has saved, in the log phase.
        case "get_header":
            let name = try requestHeaderName(arguments)
            return requestHeader(name).map { .string($0) } ?? .null
        case "get_headers": return try requestHeaders(arguments)
        case "get_uri_captures":
            try check(.request)
            let named = captures.named.map { (Array($0.key.utf8), OwnedValue.string($0.value)) }
            return [
                "unnamed": .array(captures.unnamed.map { .string($0) }),
                "named": .map(Dictionary(named, uniquingKeysWith: { $1 })),
            ]
        case "get_start_time":
            try check(.request)
            return OwnedValue(luaNumber: (startTime * 1000).rounded())
        case "get_raw_body": return try requestRawBody(limit: arguments[0])
        case "get_body": return try requestBody(arguments)
        default: break
        }
        if let value = try requestLine(name, arguments) { return value }
        return try forwardedRequest(name)
    }

    // MARK: The request line

    /// Nil: the function is none of these.
    private mutating func requestLine(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "get_scheme", "get_host", "get_http_version", "get_method", "get_path", "get_raw_path",
            "get_path_with_query", "get_raw_query", "get_query_arg", "get_query":
            try check(.request)
        default: return nil
        }
        switch name {
        case "get_query_arg":
            let name = try arguments.string(0, or: "query argument name must be a string")
            try checkRequest()
            return query(limit: gateway.maximumQueryArguments).entries?[name]?.firstOfSeveral ?? .null
        case "get_query":
            let limit = try arguments.limit(0, "max_args")
            try checkRequest()
            return query(limit: limit ?? gateway.maximumQueryArguments)
        default: break
        }
        try checkRequest()
        switch name {
        case "get_scheme": return .string(request.scheme)
        case "get_host": return .string(host)
        case "get_http_version": return OwnedValue(luaNumber: request.httpVersion)
        // After set_method the new one, after set_query the new one: nginx has one request for both sides.
        case "get_method": return .string(serviceRequest.method)
        case "get_raw_query": return .string(serviceRequest.query)
        // These three stay as they were.
        case "get_path": return .string(URIPath.normalized(request.path))
        case "get_raw_path": return .string(request.path)
        default: return .string(request.target)
        }
    }

    private mutating func query(limit: Int) -> OwnedValue {
        let (arguments, isTruncated) = QueryString.arguments(serviceRequest.query, limit: limit)
        if isTruncated { write(.notice, "uri args truncated") }
        return arguments
    }

    /// `$host`: from the `Host` header, which plugins may have changed, without port and in lower case. Without one it is
    /// Kong's server name.
    var host: [UInt8] {
        serviceRequest.headers.first("host").flatMap { URIHost.normalized($0) } ?? Array("kong".utf8)
    }

    // MARK: Headers

    private func requestHeaderName(_ arguments: Arguments) throws(Interruption) -> [UInt8] {
        if phase != .log { try check(.request) }
        return try arguments.string(0, or: "header name must be a string")
    }

    func requestHeader(_ name: String) -> [UInt8]? { requestHeader(Array(name.utf8)) }

    /// The value of a request's header.
    ///
    /// Kong takes it from nginx's variable `$http_name`, which does not tell dashes from underscores and joins values
    /// with a comma; with a comma and a space in it, it looks into the table of headers, for the first value. So
    /// - several `Cookie` lines come as one, joined with `; `;
    /// - a header `X_Foo` is found as `x-foo`, but not if its value has `, ` in it.
    /// 2.8 looks into the table alone.
    func requestHeader(_ name: [UInt8]) -> [UInt8]? {
        let table = serviceRequest.headers.table(limit: gateway.maximumRequestHeaders).table
        if phase == .log { return SimulatedHeaders.lookUpInput(name, in: table)?.firstOfSeveral.stringBytes }
        guard let value = requestHeaderVariable(name) else { return nil }
        guard value.range(of: Array(", ".utf8)) != nil else { return value }
        return SimulatedHeaders.lookUpInput(name, in: table)?.firstOfSeveral.stringBytes
    }

    /// `$http_name`.
    func requestHeaderVariable(_ name: [UInt8]) -> [UInt8]? {
        Self.headerVariable(name, in: serviceRequest.headers)
    }

    static func headerVariable(_ name: [UInt8], in headers: SimulatedHeaders) -> [UInt8]? {
        func folded(_ name: [UInt8]) -> [UInt8] {
            name.lowercasedASCII.replacing(UInt8(ascii: "-"), with: UInt8(ascii: "_"))
        }
        let key = folded(name)
        let values = headers.fields.filter { folded($0.name) == key }.map(\.value)
        guard !values.isEmpty else { return nil }
        return Array(values.joined(separator: Array((key == Array("cookie".utf8) ? "; " : ", ").utf8)))
    }

    private mutating func requestHeaders(_ arguments: Arguments) throws(Interruption) -> OwnedValue {
        // What Kong saves for the log phase are as many as it is configured to, whatever is asked for.
        guard phase != .log else {
            return .map(serviceRequest.headers.table(limit: gateway.maximumRequestHeaders).table)
        }
        try check(.request)
        let limit = try arguments.limit(0, "max_headers")
        let (table, isTruncated) = serviceRequest.headers.table(limit: limit ?? gateway.maximumRequestHeaders)
        if isTruncated { write(.notice, "request headers truncated") }
        return .map(table)
    }

    // MARK: As a trusted proxy tells it

    private func forwardedRequest(_ name: String) throws(Interruption) -> OwnedValue? {
        switch name {
        case "get_forwarded_scheme", "get_forwarded_host", "get_forwarded_port", "get_forwarded_path",
            "get_forwarded_prefix":
            try check(.request)
            try checkRequest()
        default: throw .unknownMethod
        }
        switch name {
        case "get_forwarded_scheme":
            return .string(forwarded("x-forwarded-proto")?.lowercasedASCII ?? Array(request.scheme.utf8))
        case "get_forwarded_host":
            guard let host = forwarded("x-forwarded-host") else { return .string(self.host) }
            return .string(Array(Self.authority(host).prefix { $0 != UInt8(ascii: ":") }).lowercasedASCII)
        case "get_forwarded_port": return forwardedPort
        case "get_forwarded_path":
            // What the proxy sent, as it is; the request's own path is normalised.
            return .string(forwarded("x-forwarded-path") ?? URIPath.normalized(request.path))
        default: return (forwarded("x-forwarded-prefix") ?? forwardedPrefix).map { .string($0) } ?? .null
        }
    }

    private func forwarded(_ header: String) -> [UInt8]? { trusted ? requestHeader(header) : nil }

    /// What follows the user information.
    private static func authority(_ host: [UInt8]) -> [UInt8] {
        host.firstIndex(of: UInt8(ascii: "@")).map { Array(host[($0 + 1)...]) } ?? host
    }

    private var forwardedPort: OwnedValue {
        func port(_ text: [UInt8]) -> OwnedValue? {
            guard let number = Lua.number(text), number >= 1, number <= 65535 else { return nil }
            return OwnedValue(luaNumber: number)
        }
        if let port = forwarded("x-forwarded-port").flatMap(port) { return port }
        if let host = forwarded("x-forwarded-host").map(Self.authority), let colon = host.firstIndex(of: UInt8(ascii: ":")),
            let port = port(Array(host[(colon + 1)...]))
        {
            return port
        }
        return .integer(Int64(gateway.portMaps[request.serverPort] ?? request.serverPort))
    }
}
