import WireProtocol

extension SimulatedExchange {
    /// A variable of nginx or of Kong's configuration of it, as far as it follows from the exchange.
    func variable(_ name: String) -> [UInt8]? {
        if let given = variables[name] { return given }
        return prefixedVariable(name) ?? requestVariable(name) ?? connectionVariable(name) ?? serviceVariable(name)
    }

    private func prefixedVariable(_ name: String) -> [UInt8]? {
        func rest(_ prefix: String) -> [UInt8]? { name.hasPrefix(prefix) ? Array(name.utf8.dropFirst(prefix.utf8.count)) : nil }
        if let header = rest("http_") { return requestHeaderVariable(header) }
        if let header = rest("sent_http_") { return Self.headerVariable(header, in: response.headers) }
        if let header = rest("upstream_http_") {
            return serviceResponse.flatMap { Self.headerVariable(header, in: $0.headers) }
        }
        if let cookie = rest("cookie_") { return self.cookie(cookie) }
        guard let argument = rest("arg_") else { return nil }
        // Neither decoded nor, if it has no value, found.
        return serviceRequest.query.split(separator: UInt8(ascii: "&")).lazy.compactMap { part -> [UInt8]? in
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")),
                Array(part[..<equals]).lowercasedASCII == argument
            else { return nil }
            return Array(part[(equals + 1)...])
        }.first
    }

    private func cookie(_ name: [UInt8]) -> [UInt8]? {
        for line in serviceRequest.headers.values(of: Array("cookie".utf8)) {
            for part in line.split(separator: UInt8(ascii: ";")) {
                let cookie = part.drop(while: \.isSpace)
                guard let equals = cookie.firstIndex(of: UInt8(ascii: "=")),
                    Array(cookie[..<equals]).lowercasedASCII == name
                else { continue }
                return Array(cookie[(equals + 1)...])
            }
        }
        return nil
    }

    private func requestVariable(_ name: String) -> [UInt8]? {
        switch name {
        case "scheme": Array(request.scheme.utf8)
        case "host": host
        case "request_uri": request.target
        case "uri", "document_uri": URIPath.normalized(request.path)
        case "args", "query_string": serviceRequest.query.isEmpty ? nil : serviceRequest.query
        case "is_args": Array((serviceRequest.query.isEmpty ? "" : "?").utf8)
        case "request_method": Array(serviceRequest.method.utf8)
        case "request": Array("\(request.method) ".utf8) + request.target + Array(" \(protocolName)".utf8)
        case "server_protocol": Array(protocolName.utf8)
        case "request_length": Array("\(requestLength)".utf8)
        case "content_type": serviceRequest.headers.first("content-type")
        case "content_length": serviceRequest.headers.first("content-length")
        case "request_id", "kong_request_id": Array(requestID.utf8)
        default: nil
        }
    }

    private func connectionVariable(_ name: String) -> [UInt8]? {
        switch name {
        case "remote_addr": Array(forwardedAddress.utf8)
        case "realip_remote_addr": Array(request.clientAddress.utf8)
        case "remote_port":
            Array((forwardedAddress == request.clientAddress ? "\(request.clientPort)" : "").utf8)
        case "realip_remote_port": Array("\(request.clientPort)".utf8)
        case "server_addr": Array(request.serverAddress.utf8)
        case "server_port": Array("\(request.serverPort)".utf8)
        case "server_name": Array("kong".utf8)
        case "hostname": Array(gateway.hostname.utf8)
        case "https": isHTTPS ? Array("on".utf8) : []
        case "ssl_protocol": request.tls.map { Array($0.version.utf8) }
        case "ssl_cipher": request.tls.map { Array($0.cipher.utf8) }
        case "ssl_client_verify": request.tls.map { Array($0.clientVerify.utf8) }
        case "ssl_server_name": request.tls?.serverName.map { Array($0.utf8) }
        default: nil
        }
    }

    private func serviceVariable(_ name: String) -> [UInt8]? {
        switch name {
        case "upstream_scheme": Array(serviceRequest.scheme.utf8)
        case "upstream_uri": serviceResponse == nil ? serviceRequest.path : serviceRequest.uri
        case "upstream_host": serviceRequest.host ?? []
        case "upstream_x_forwarded_prefix": forwardedPrefix
        // A buffered answer is got by a request of Kong's own.
        case "upstream_status":
            serviceRequest.isBuffered ? nil : serviceResponse.map { Array("\($0.status)".utf8) }
        case "status": Array("\(response.status)".utf8)
        default: nil
        }
    }

    private var protocolName: String {
        request.httpVersion >= 2 ? "HTTP/\(Int(request.httpVersion)).0" : "HTTP/\(request.httpVersion)"
    }

    /// The request's bytes, as if it had come by HTTP/1.
    var requestLength: Int {
        let line = request.method.utf8.count + request.target.count + protocolName.utf8.count + 4
        return line + Self.length(of: request.headers) + (request.body.contents?.count ?? 0)
    }

    /// The answer's bytes, without the headers that nginx adds.
    var responseLength: Int {
        "HTTP/1.1 200 OK\r\n".utf8.count + Self.length(of: response.headers) + response.body.count
    }

    /// With the empty line after them.
    private static func length(of headers: SimulatedHeaders) -> Int {
        headers.fields.reduce(2) { $0 + $1.name.count + $1.value.count + 4 }
    }
}
