import WireProtocol

// kong/pdk/client.lua and client/tls.lua

extension SimulatedExchange {
    mutating func callClient(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        if name.hasPrefix("tls.") { return try callClientTLS(String(name.dropFirst(4)), arguments) }
        switch name {
        case "get_ip":
            try checkRequest()
            return .string(request.clientAddress)
        case "get_forwarded_ip":
            try checkRequest()
            return .string(forwardedAddress)
        case "get_port":
            try checkRequest()
            return .integer(Int64(request.clientPort))
        case "get_forwarded_port":
            try checkRequest()
            // The header with which a proxy tells the address has no port: Kong then knows none.
            return forwardedAddress == request.clientAddress ? .integer(Int64(request.clientPort)) : .null
        case "get_credential":
            try check(.routed)
            return credential ?? .null
        case "get_consumer":
            try check(.routed)
            return consumer ?? .null
        case "load_consumer":
            try check(.routed)
            return try loadConsumer(arguments)
        case "authenticate":
            try check(.access)
            try authenticate(arguments)
        case "get_protocol":
            try check(.routed)
            return try .string(clientProtocol(allowsTerminated: arguments[0].isTrue))
        default: throw .unknownMethod
        }
        return nil
    }

    /// The address that a trusted proxy tells in `X-Real-IP`, Kong's `real_ip_header` if nothing else is configured; that of
    /// the connection otherwise.
    var forwardedAddress: String {
        guard trusted, let header = serviceRequest.headers.first("x-real-ip")?.text,
            TrustedAddresses.bytes(of: header) != nil
        else { return request.clientAddress }
        return header
    }

    // MARK: Consumers

    private func loadConsumer(_ arguments: Arguments) throws(Interruption) -> OwnedValue {
        let id = try arguments.string(0, or: "consumer_id must be a string")
        let searchesByUsername = arguments[1].isTrue
        let isID = Self.isUUID(id)
        guard isID || searchesByUsername else { throw .raised("cannot load a consumer with an id that is not a uuid") }
        if isID, let consumer = gateway.consumers.first(where: { $0["id"]?.stringBytes == id }) { return consumer }
        guard searchesByUsername else { return .null }
        return gateway.consumers.first { $0["username"]?.stringBytes == id } ?? .null
    }

    static func isUUID(_ text: [UInt8]) -> Bool {
        text.count == 36
            && text.enumerated().allSatisfy { index, byte in
                [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : byte.isHexDigit
            }
    }

    private mutating func authenticate(_ arguments: Arguments) throws(Interruption) {
        for (index, name) in ["consumer", "credential"].enumerated() {
            guard ["nil", "table"].contains(arguments[index].luaType) else {
                throw .raised("\(name) must be a table or nil")
            }
        }
        guard arguments[0].isTable || arguments[1].isTable else {
            throw .raised("either credential or consumer must be provided")
        }
        consumer = arguments[0].isTable ? arguments[0] : nil
        credential = arguments[1].isTable ? arguments[1] : nil
    }

    // MARK: Protocol

    /// A route for one protocol tells it; for one of several it is what the client came with, or what a trusted proxy says
    /// that it came with.
    private func clientProtocol(allowsTerminated: Bool) throws(Interruption) -> [UInt8] {
        guard let routeEntity else { throw .failed("No active route found") }
        let protocols = (routeEntity["protocols"]?.items ?? []).compactMap(\.stringBytes)
        if protocols.count == 1 { return protocols[0] }
        if isStream { return Array((serviceEntity?["protocol"]?.text == "tls" ? "tls" : "tcp").utf8) }
        try checkRequest()
        if isHTTPS { return Array("https".utf8) }
        guard allowsTerminated, trusted, let scheme = requestHeaderVariable(Array("x-forwarded-proto".utf8)) else {
            return Array("http".utf8)
        }
        guard !scheme.contains(UInt8(ascii: ",")) else {
            throw .failed("Only one X-Forwarded-Proto header allowed")
        }
        return Array((scheme.lowercasedASCII.text == "https" ? "https" : "http").utf8)
    }

    // MARK: TLS

    private mutating func callClientTLS(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        guard !isStream else { throw .unknownMethod }
        switch name {
        case "request_client_certificate", "disable_session_reuse":
            try check(.certificate)
            return true
        case "get_full_client_certificate_chain":
            try check([.rewrite, .access, .response, .balancer, .log])
            guard let tls = request.tls, phase != .log else {
                throw .failed("connection is not TLS or TLS support for Nginx not enabled")
            }
            return tls.clientCertificateChain.map { .string($0) } ?? .null
        case "set_client_verify":
            try check([.rewrite, .access, .response, .balancer])
            let value = try arguments.string(0, or: "assertion failed!").text
            guard value == "SUCCESS" || value == "NONE" || value.hasPrefix("FAILED:") else {
                throw .raised(
                    "unknown client verify value: \(value) accepted values are: \"SUCCESS\", \"NONE\" or \"FAILED:<reason>\"")
            }
            clientVerifyOverride = value
        case "disable_http2_alpn": try check(.clientHello)
        default: throw .unknownMethod
        }
        return nil
    }
}
