import WireProtocol

// kong/pdk/response.lua

extension SimulatedExchange {
    mutating func callResponse(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        // In the log phase these five are answered from what Kong has saved.
        case "get_status":
            if phase != .log { try check(.answered) }
            return .integer(Int64(response.status))
        case "get_header":
            if phase != .log { try check(.answered) }
            let name = try arguments.string(0, or: "header name must be a string")
            return SimulatedHeaders.lookUpOutput(name, in: responseTable(limit: nil).table)?.firstOfSeveral ?? .null
        case "get_headers":
            if phase == .log { return .map(responseTable(limit: nil).table) }
            try check(.answered)
            return responseHeaders(limit: try arguments.limit(0, "max_headers"))
        case "get_source":
            if phase != .log { try check(.answered) }
            return .string(source.rawValue)
        case "set_status":
            try check(.answering)
            response.status = try arguments.status(0)
        case "set_header":
            try check(.answering)
            try HeaderChecks.validate(arguments[0], arguments[1])
            try setResponseHeader(arguments[0].stringBytes ?? [], arguments[1])
        case "add_header":
            try check(.answering)
            try HeaderChecks.validate(arguments[0], arguments[1])
            // Nothing warns of a Transfer-Encoding here.
            try response.headers.addOutput(arguments[0].stringBytes ?? [], HeaderChecks.lines(arguments[1]))
        case "clear_header":
            try check(.answering)
            try response.headers.setOutput(try arguments.string(0, or: "header name must be a string"), [])
        case "set_headers":
            try check(.answering)
            for header in try HeaderChecks.validate(arguments[0]) { try setResponseHeader(header.name, header.value) }
        // Of a phase that no plugin server has.
        case "get_raw_body", "set_raw_body": try check(.bodyFilter)
        case "exit": return isStream ? try exitStream(arguments) : try exit(arguments)
        case "error": return try exitWithError(arguments)
        default: throw .unknownMethod
        }
        return nil
    }

    /// Who has answered the client: what `get_source` tells.
    public var source: Source {
        if hasFailed { return .error }
        if hasExited { return .exit }
        return serviceResponse != nil ? .service : .error
    }

    public enum Source: String, Sendable {
        /// Kong, since something failed, or nobody yet.
        case error
        /// A plugin.
        case exit
        case service
    }

    private mutating func setResponseHeader(_ name: [UInt8], _ value: OwnedValue) throws(Interruption) {
        guard !HeaderChecks.isTransferEncoding(name) else {
            return write(.warn, "manually setting Transfer-Encoding. Ignored.")
        }
        try response.headers.setOutput(name, HeaderChecks.lines(value))
    }

    private mutating func responseHeaders(limit: Int?) -> OwnedValue {
        let (table, isTruncated) = responseTable(limit: limit)
        if isTruncated { write(.notice, "response headers truncated") }
        return .map(table)
    }

    /// `ngx.resp.get_headers`. nginx puts its own headers first, and counts them.
    func responseTable(limit: Int?) -> (table: [[UInt8]: OwnedValue], isTruncated: Bool) {
        var own: [[UInt8]: OwnedValue] = ["connection": keepsConnection ? "keep-alive" : "close"].byBytes
        if phase == .log, response.headers.first("content-length") == nil, request.httpVersion == 1.1 {
            own[Array("transfer-encoding".utf8)] = "chunked"
        }
        var headers = response.headers
        if let type = headers.first("content-type") {
            own[Array("content-type".utf8)] = .string(type)
            headers.removeAll(Array("content-type".utf8))
        }
        let limit = limit ?? gateway.maximumResponseHeaders
        let isTruncated = headers.fields.count + own.count > limit
        // It gives one of the others in any case.
        let others = headers.table(limit: isTruncated ? max(1, limit - own.count) : headers.fields.count).table
        return (others.merging(own) { other, _ in other }, isTruncated)
    }

    private var keepsConnection: Bool {
        let connection = request.headers.first("connection")?.lowercasedASCII.text
        return request.httpVersion >= 1.1 ? connection != "close" : connection == "keep-alive"
    }
}
