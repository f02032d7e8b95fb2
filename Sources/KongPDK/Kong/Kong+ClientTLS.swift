extension Kong {
    /// The TLS connection to the client.
    public struct ClientTLS: Sendable {
        let kong: Kong

        /// Asks the client for a certificate while the connection is made. It need not have one: look at
        /// `fullClientCertificateChain` later. Throws `PDKError.Code.refused` where the connection has no TLS.
        ///
        /// Phases: certificate.
        /// Kong's name: `kong.client.tls.request_client_certificate`, since 2.1, over MessagePack only.
        public func requestClientCertificate() async throws(PDKError) {
            try await kong.ask(.clientTLSRequestClientCertificate).done()
        }

        /// Has the client make a whole handshake for each connection, so that a certificate is asked for every time. Throws
        /// `PDKError.Code.refused` where the connection has no TLS.
        ///
        /// Phases: certificate. Kong's name: `kong.client.tls.disable_session_reuse`, since 2.1, over MessagePack only.
        public func disableSessionReuse() async throws(PDKError) {
            try await kong.ask(.clientTLSDisableSessionReuse).done()
        }

        /// The certificate that the client has shown, with those that lead to its root, as PEM; nil if it has shown none.
        ///
        /// Phases: rewrite, access, response.
        /// Kong's name: `kong.client.tls.get_full_client_certificate_chain`, since 2.1, over MessagePack only.
        public func fullClientCertificateChain() async throws(PDKError) -> String? {
            try await kong.ask(.clientTLSGetFullClientCertificateChain).optionalString()
        }

        /// What became of the check of the client's certificate.
        public enum Verification: Sendable, Hashable {
            /// The certificate is good.
            case success
            /// The client has shown no certificate.
            case none
            /// The certificate is not good, for this reason.
            case failed(reason: String)

            /// As nginx has it in `ssl_client_verify`.
            var text: String {
                switch self {
                case .success: "SUCCESS"
                case .none: "NONE"
                case .failed(let reason): "FAILED:\(reason)"
                }
            }
        }

        /// Says what became of the check of the client's certificate, in place of nginx's word: for Kong's log, and plugins
        /// that read it.
        ///
        /// Phases: rewrite, access, response.
        /// Kong's name: `kong.client.tls.set_client_verify`, since 2.1, over MessagePack only.
        public func setClientVerify(_ verification: Verification) throws(PDKError) {
            try kong.queue(.clientTLSSetClientVerify, verification.text)
        }

        /// Not for plugin servers: Kong allows it only before the handshake, in `client_hello`, where it runs none.
        ///
        /// Phases: none. Kong's name: `kong.client.tls.disable_http2_alpn`, since 3.9, over MessagePack only.
        @available(*, unavailable, message: "Kong allows it in client_hello only, where it runs no plugin server")
        public func disableHTTP2ALPN() async throws(PDKError) {
            try await kong.ask(.clientTLSDisableHTTP2ALPN).done()
        }
    }
}
