extension Kong {
    /// `kong.service`: the upstream service.
    public var service: Service { Service(kong: self) }

    /// The upstream service: where Kong will send the request, what it will send, and what has come back.
    public struct Service: Sendable {
        let kong: Kong

        /// `kong.service.request`
        public var request: ServiceRequest { ServiceRequest(kong: kong) }

        /// `kong.service.response`
        public var response: ServiceResponse { ServiceResponse(kong: kong) }

        /// Sends the request to an upstream of Kong's, which chooses one of its targets.
        ///
        /// Phases: access. Kong's name: `kong.service.set_upstream`, since 2.0.
        ///
        /// Over ProtoBuf:1 Kong before 3.7 fails the request with status 500 if it has the upstream: there is no room for
        /// its answer.
        /// - Returns: false if Kong has no such upstream.
        @discardableResult
        public func setUpstream(_ host: String) async throws(PDKError) -> Bool {
            let answer = try await kong.ask(.serviceSetUpstream, host)
            return answer.value.isNil ? false : try answer.boolean()
        }

        /// Sends the request to another host.
        ///
        /// Phases: access, preread. Kong's name: `kong.service.set_target`, since 2.0.
        /// - Parameters:
        ///   - host: a name or an address.
        ///   - port: 0 … 65535; anything else throws `PDKError.Code.badArgument`.
        public func setTarget(_ host: String, port: Int) throws(PDKError) {
            try kong.check(port, in: 0...65535, .serviceSetTarget)
            try kong.queue(.serviceSetTarget, host, port)
        }

        /// How often Kong tries again when it cannot connect.
        ///
        /// Phases: access. Kong's name: `kong.service.set_retries`, since 3.8, over MessagePack only.
        /// - Parameter retries: 0 … 32767; anything else throws `PDKError.Code.badArgument`.
        public func setRetries(_ retries: Int) throws(PDKError) {
            try kong.check(retries, in: 0...32767, .serviceSetRetries)
            try kong.queue(.serviceSetRetries, retries)
        }

        /// How long Kong waits for the service: for the connection, for each write and for each read. Each is of
        /// 1 … 2147483646 milliseconds, and what is less than one is cut off; anything else throws
        /// `PDKError.Code.badArgument`.
        ///
        /// Phases: access. Kong's name: `kong.service.set_timeouts`, since 3.8, over MessagePack only.
        public func setTimeouts(connect: Duration, write: Duration, read: Duration) throws(PDKError) {
            var arguments: [Value] = []
            for timeout in [connect, write, read] {
                let milliseconds = timeout / .milliseconds(1)
                try kong.check(
                    milliseconds >= 1 && milliseconds < 2_147_483_647, .serviceSetTimeouts,
                    "\(timeout) is not in 1 … 2147483646 milliseconds")
                arguments.append(.integer(Int64(milliseconds)))
            }
            try kong.queue(.serviceSetTimeouts, arguments)
        }

        /// Whether the service's certificate is checked. Throws `PDKError.Code.refused` if Kong cannot.
        ///
        /// Phases: rewrite, access, preread. Kong's name: `kong.service.set_tls_verify`, since 2.1, over MessagePack only.
        public func setTLSVerify(_ isOn: Bool) async throws(PDKError) {
            try await kong.ask(.serviceSetTLSVerify, isOn).done()
        }

        /// How many certificates there may be between the service's and one that Kong trusts. Throws
        /// `PDKError.Code.refused` if Kong cannot.
        ///
        /// Phases: rewrite, access, preread.
        /// Kong's name: `kong.service.set_tls_verify_depth`, since 2.1, over MessagePack only.
        /// - Parameter depth: 0 … 2147483647; anything else throws `PDKError.Code.badArgument`.
        public func setTLSVerifyDepth(_ depth: Int) async throws(PDKError) {
            try kong.check(depth, in: 0...Int(Int32.max), .serviceSetTLSVerifyDepth)
            try await kong.ask(.serviceSetTLSVerifyDepth, depth).done()
        }
    }
}
