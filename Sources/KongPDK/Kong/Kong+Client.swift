extension Kong {
    /// `kong.client`: who sent the request.
    public var client: Client { Client(kong: self) }

    /// Who sent the request. In the log phase only `consumer` and `credential`: Kong runs it after the connection is done with.
    public struct Client: Sendable {
        let kong: Kong

        /// The address of the other end of the connection, which may be a proxy. `kong.client.get_ip`
        public func ip() async throws(PDKError) -> String {
            try await kong.ask(.clientGetIP).string(.clientGetIP)
        }

        /// The client's address, as a trusted proxy tells it. `kong.client.get_forwarded_ip`
        public func forwardedIP() async throws(PDKError) -> String {
            try await kong.ask(.clientGetForwardedIP).string(.clientGetForwardedIP)
        }

        /// The port of the other end of the connection. `kong.client.get_port`
        public func port() async throws(PDKError) -> Int {
            try await kong.ask(.clientGetPort).integer(.clientGetPort)
        }

        /// The client's port, as a trusted proxy tells it. `kong.client.get_forwarded_port`
        public func forwardedPort() async throws(PDKError) -> Int {
            try await kong.ask(.clientGetForwardedPort).integer(.clientGetForwardedPort)
        }

        /// The protocol of the matched route: "http", "https", "grpc", "grpcs", "tcp", "tls" …
        /// - Parameter allowTerminated: believe `X-Forwarded-Proto` of a trusted proxy that terminated TLS.
        /// `kong.client.get_protocol`
        public func networkProtocol(allowTerminated: Bool = false) async throws(PDKError) -> String? {
            try await kong.ask(.clientGetProtocol, allowTerminated).optionalString(.clientGetProtocol)
        }

        /// The consumer that an authentication plugin found: a map with "id", "username", "custom_id", … Nil if there is
        /// none. `kong.client.get_consumer`
        public func consumer() async throws(PDKError) -> [String: Value]? {
            try await kong.ask(.clientGetConsumer).optionalMap(.clientGetConsumer)
        }

        /// The credential that an authentication plugin found: a map with "id", "consumer_id", … Nil if there is none.
        /// `kong.client.get_credential`
        public func credential() async throws(PDKError) -> [String: Value]? {
            try await kong.ask(.clientGetCredential).optionalMap(.clientGetCredential)
        }
    }
}
