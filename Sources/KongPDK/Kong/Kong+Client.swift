extension Kong {
    /// `kong.client`: who sent the request.
    public var client: Client { Client(kong: self) }

    /// Who sent the request.
    ///
    /// In the log phase only `consumer`, `credential` and `loadConsumer`: Kong runs it after the connection is done with.
    /// Kong 2 fails these too there.
    public struct Client: Sendable {
        let kong: Kong

        /// `kong.client.tls`: the TLS connection to the client.
        public var tls: ClientTLS { ClientTLS(kong: kong) }

        /// The address of the other end of the connection, which may be a proxy.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.client.get_ip`, since 2.0.
        public func ip() async throws(PDKError) -> String {
            try await kong.ask(.clientGetIP).string()
        }

        /// The client's address, as a trusted proxy tells it.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.client.get_forwarded_ip`, since 2.0.
        public func forwardedIP() async throws(PDKError) -> String {
            try await kong.ask(.clientGetForwardedIP).string()
        }

        /// The port of the other end of the connection: 0 … 65535.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.client.get_port`, since 2.0.
        public func port() async throws(PDKError) -> Int {
            try await kong.ask(.clientGetPort).integer()
        }

        /// The client's port, as a trusted proxy tells it: 0 … 65535.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.client.get_forwarded_port`, since 2.0.
        public func forwardedPort() async throws(PDKError) -> Int {
            try await kong.ask(.clientGetForwardedPort).integer()
        }

        /// The protocol of the matched route: "http", "https", "grpc", "grpcs", "tcp", "tls" … Nil if there is no route.
        ///
        /// Phases: access, response. Kong's name: `kong.client.get_protocol`, since 2.0.
        /// - Parameter allowTerminated: believe `X-Forwarded-Proto` of a trusted proxy that terminated TLS.
        public func networkProtocol(allowTerminated: Bool = false) async throws(PDKError) -> String? {
            try await kong.ask(.clientGetProtocol, allowTerminated).optionalString()
        }

        /// The consumer that an authentication plugin found; nil if there is none.
        ///
        /// Phases: access, response, log. Kong's name: `kong.client.get_consumer`, since 2.0.
        public func consumer() async throws(PDKError) -> Consumer? {
            try await Consumer(kong.ask(.clientGetConsumer))
        }

        /// The credential that an authentication plugin found; nil if there is none.
        ///
        /// Phases: access, response, log. Kong's name: `kong.client.get_credential`, since 2.0.
        public func credential() async throws(PDKError) -> Credential? {
            try await Credential(kong.ask(.clientGetCredential))
        }

        /// A consumer from Kong's database; nil if there is no such consumer.
        ///
        /// Phases: access, response, log. Kong's name: `kong.client.load_consumer`, since 2.0.
        /// - Parameters:
        ///   - id: a UUID; anything else throws `PDKError.Code.badArgument`, unless it may be a user name.
        ///   - byUsername: look for a user name if no consumer has this id.
        public func loadConsumer(_ id: String, byUsername: Bool = false) async throws(PDKError) -> Consumer? {
            try kong.check(byUsername || id.isUUID, .clientLoadConsumer, "\(id.debugDescription) is not a UUID")
            let value = try await kong.ask(.clientLoadConsumer, [.string(id), .boolean(byUsername)])
            return try Consumer(Answer(value, .clientLoadConsumer))
        }

        /// Makes a consumer the one that this request is from, for the plugins that come later and for Kong's log.
        ///
        /// Phases: access. Kong's name: `kong.client.authenticate`, since 2.0.
        /// - Parameters:
        ///   - consumer: nil for a request that is authenticated, but as nobody in particular.
        ///   - credential: nil for none. One of the two must be there.
        public func authenticate(_ consumer: Consumer?, credential: Credential?) throws(PDKError) {
            let arguments: [Value]
            switch (consumer, credential) {
            case (nil, nil): throw PDKError(.badArgument, "kong.client.authenticate", "neither consumer nor credential")
            case (let consumer?, nil): arguments = [.map(consumer.fields)]
            case (let consumer, let credential?):
                arguments = [consumer.map { .map($0.fields) } ?? .nil, .map(credential.fields)]
            }
            try kong.queue(.clientAuthenticate, arguments)
        }
    }

    /// `kong.ip`
    public var ip: IP { IP(kong: self) }

    /// Addresses.
    public struct IP: Sendable {
        let kong: Kong

        /// Whether an address is one of `trusted_ips` in Kong's configuration.
        ///
        /// Phases: all. Kong's name: `kong.ip.is_trusted`, since 2.0.
        public func isTrusted(_ address: String) async throws(PDKError) -> Bool {
            try await kong.ask(.ipIsTrusted, address).boolean()
        }
    }
}

extension String {
    /// Whether it has the form of a UUID: 8-4-4-4-12 hexadecimal digits.
    fileprivate var isUUID: Bool {
        utf8.count == 36
            && utf8.enumerated().allSatisfy { index, byte in
                switch index {
                case 8, 13, 18, 23: byte == UInt8(ascii: "-")
                default: Character(UnicodeScalar(byte)).isHexDigit
                }
            }
    }
}
