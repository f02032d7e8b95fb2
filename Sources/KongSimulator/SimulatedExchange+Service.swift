import WireProtocol

// kong/pdk/service.lua

extension SimulatedExchange {
    private static let targetPhases: PhaseMask = [.rewrite, .access, .balancer, .preread]
    /// 0x7FFFFFFE milliseconds.
    private static let longestTimeout = 2_147_483_646

    mutating func callService(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "set_upstream":
            try check(.access)
            let host = try arguments.string(0, or: "host must be a string")
            guard gateway.upstreams.contains(host.text) else {
                throw .failed("could not find an Upstream named '\(host.text)'")
            }
            serviceRequest.target?.host = host
            return true
        case "set_target": try setServiceTarget(arguments)
        case "set_retries":
            // Since 3.8, as set_timeouts.
            try check(.access)
            serviceRequest.retries = try arguments.integer(0, "retries", in: 0...32767)
        case "set_timeouts":
            try check(.access)
            let range = 1...Self.longestTimeout
            serviceRequest.timeouts.connect = try arguments.integer(0, "connect_timeout", in: range)
            serviceRequest.timeouts.write = try arguments.integer(1, "write_timeout", in: range)
            serviceRequest.timeouts.read = try arguments.integer(2, "read_timeout", in: range)
        // Three that take what only Lua has.
        case "set_target_retry_callback":
            try check(.access)
            throw .raised("retry_callback must be a function")
        case "set_tls_cert_key":
            try check(Self.targetPhases)
            throw .raised("chain must be a parsed cdata object")
        case "set_tls_verify_store":
            try check(Self.targetPhases)
            throw .raised("argument must be a resty.openssl.x509.store object")
        case "set_tls_verify":
            try check(Self.targetPhases)
            guard case .boolean(let isOn) = arguments[0] else { throw .raised("argument must be a boolean") }
            serviceRequest.verifiesCertificate = isOn
            return true
        case "set_tls_verify_depth":
            try check(Self.targetPhases)
            let depth = try arguments.number(0, or: "argument must be a number")
            serviceRequest.verifyDepth = Int(exactly: depth.rounded(.towardZero))
            return true
        default: throw .unknownMethod
        }
        return nil
    }

    /// 2.8 allows it in access alone.
    private mutating func setServiceTarget(_ arguments: Arguments) throws(Interruption) {
        try check(Self.targetPhases)
        let host = try arguments.string(0, or: "host must be a string")
        let port = try arguments.integer(1, "port", in: 0...65535)
        serviceRequest.host = host
        guard isRouted else {
            // Allowed in rewrite, but what it would set is made by the router.
            throw .raised("attempt to index field 'balancer_data' (a nil value)")
        }
        serviceRequest.target = ServiceRequest.Target(host: host, port: port)
    }
}
