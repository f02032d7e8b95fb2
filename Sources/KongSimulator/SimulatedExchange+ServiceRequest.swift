import WireProtocol

// kong/pdk/service/request.lua

extension SimulatedExchange {
    private static let methods: Set<String> = [
        "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "LOCK",
        "UNLOCK", "PATCH", "TRACE",
    ]

    mutating func callServiceRequest(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "set_scheme", "set_path", "set_method", "set_raw_query", "set_query", "clear_query_arg":
            try setTarget(name, arguments)
        case "set_header", "add_header", "clear_header", "set_headers":
            return try changeServiceHeaders(name, arguments)
        case "set_raw_body":
            try check(.balancing)
            let body = try arguments.string(0, or: "body must be a string")
            try setServiceBody(body)
        case "set_body":
            try check(.proxying)
            try setServiceBody(arguments)
            return true
        case "enable_buffering":
            // 2.8 allows it in rewrite and access alone, and raises an error over HTTP/2.
            try check(.balancing)
            serviceRequest.isBuffered = true
        case "disable_tls":
            guard isStream else { throw .unknownMethod }
            try check([.preread, .balancer])
            return true
        default: throw .unknownMethod
        }
        return nil
    }

    // MARK: Line

    private mutating func setTarget(_ name: String, _ arguments: Arguments) throws(Interruption) {
        switch name {
        // In rewrite these two have no effect: the router sets both afterwards.
        case "set_scheme":
            try check(.balancing)
            let scheme = try arguments.string(0, or: "scheme must be a string").text
            guard scheme == "http" || scheme == "https" else { throw .raised("invalid scheme: \(scheme)") }
            serviceRequest.scheme = scheme
        case "set_path":
            try check(.balancing)
            let path = try arguments.string(0, or: "path must be a string")
            guard path.first == UInt8(ascii: "/") else { throw .raised("path must start with /") }
            serviceRequest.path = URIPath.escaped(path)
        case "set_method":
            try check(.proxying)
            let method = try arguments.string(0, or: "method must be a string").text
            guard Self.methods.contains(method) else { throw .raised("invalid method: \(method)") }
            serviceRequest.method = method
        case "set_raw_query":
            try check(.proxying)
            serviceRequest.query = PercentEncoding.query.encode(try arguments.string(0, or: "query must be a string"))
        case "set_query":
            try check(.proxying)
            let table = try arguments.table(0, or: "args must be a table")
            serviceRequest.query = PercentEncoding.query.encode(try QueryString.encode(table))
        default:
            // Since 3.8.
            try check(.proxying)
            let name = try arguments.string(0, or: "query argument name must be a string")
            guard !serviceRequest.query.isEmpty else { return }
            serviceRequest.query = QueryString.removing(name, from: serviceRequest.query)
        }
    }

    // MARK: Headers

    private mutating func changeServiceHeaders(
        _ name: String, _ arguments: Arguments
    ) throws(Interruption) -> OwnedValue? {
        switch name {
        case "set_header":
            try check(.balancing)
            try HeaderChecks.validate(arguments[0], arguments[1])
            return try setServiceHeader(arguments[0].stringBytes ?? [], arguments[1])
        case "add_header":
            try check(.proxying)
            try HeaderChecks.validate(arguments[0], arguments[1])
            try addServiceHeader(arguments[0].stringBytes ?? [], arguments[1])
        case "clear_header":
            try check(.proxying)
            try serviceRequest.headers.setInput(try arguments.string(0, or: "header must be a string"), [])
        default:
            try check(.proxying)
            for header in try HeaderChecks.validate(arguments[0]) {
                setServiceHost(header.name, header.value)
                try serviceRequest.headers.setInput(header.name, HeaderChecks.lines(header.value))
            }
        }
        return nil
    }

    private mutating func setServiceHeader(_ name: [UInt8], _ value: OwnedValue) throws(Interruption) -> OwnedValue? {
        setServiceHost(name, value)
        if name.lowercasedASCII.text == ":authority" {
            guard serviceRequest.scheme == "grpc" || serviceRequest.scheme == "grpcs" else {
                throw .failed("cannot set :authority pseudo-header on non-grpc requests")
            }
            serviceRequest.host = value.luaText
            return true
        }
        try serviceRequest.headers.setInput(name, HeaderChecks.lines(value))
        return nil
    }

    /// Setting `Host` tells Kong which one to send; an array would be sent as Lua writes a table's address.
    private mutating func setServiceHost(_ name: [UInt8], _ value: OwnedValue) {
        if name.lowercasedASCII.text == "host" { serviceRequest.host = value.luaText }
    }

    /// Kong reads the header's values, adds the new one, and sets all of them.
    ///
    /// An array is added as one value: since 3.0, which lets it through its check, the service gets a line with a table's
    /// address in it. A header beyond the first hundred of the request is not found, and its old values are lost.
    private mutating func addServiceHeader(_ name: [UInt8], _ value: OwnedValue) throws(Interruption) {
        setServiceHost(name, value)
        let table = serviceRequest.headers.table(limit: gateway.maximumRequestHeaders).table
        var lines = SimulatedHeaders.lookUpInput(name, in: table).map { HeaderChecks.lines($0) } ?? []
        lines.append(value.isTable ? value.luaText : HeaderChecks.lines(value)[0])
        try serviceRequest.headers.setInput(name, lines)
    }
}
