extension Kong {
    /// `kong.nginx`: nginx, below Kong.
    public var nginx: Nginx { Nginx(kong: self) }

    /// nginx, below Kong.
    public struct Nginx: Sendable {
        let kong: Kong

        /// A variable of nginx, as "request_id"; nil if it has no value. One that nginx does not know fails the request.
        ///
        /// One that is not UTF-8 throws `PDKError.Code.notUTF8`: see `variableBytes`.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.nginx.get_var`, since 2.0.
        public func variable(_ name: String) async throws(PDKError) -> String? {
            try await kong.ask(.nginxGetVar, name).optionalString()
        }

        /// A variable of nginx, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.nginx.get_var`, since 2.0.
        public func variableBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.nginxGetVar, name).optionalBytes()
        }

        /// The version of TLS that the client speaks, as "TLSv1.3"; nil without TLS.
        ///
        /// Phases: certificate, rewrite, access, response, preread.
        /// Kong's name: `kong.nginx.get_tls1_version_str`, since 2.0.
        public func tlsVersion() async throws(PDKError) -> String? {
            try await kong.ask(.nginxGetTLS1VersionStr).optionalString()
        }

        /// A value that Kong or a plugin in Lua keeps with the request in `ngx.ctx`, or `.nil`. Over ProtoBuf:1 Kong answers
        /// nil for `false`.
        ///
        /// Phases: all. Kong's name: `kong.nginx.get_ctx`, since 2.0.
        public func context(_ key: String) async throws(PDKError) -> Value {
            try await kong.ask(.nginxGetCtx, key).value
        }

        /// Sets a value in `ngx.ctx`, where Kong itself keeps what it needs for the request; `.nil` removes it.
        ///
        /// Phases: all. Kong's name: `kong.nginx.set_ctx`, since 2.1.
        public func setContext(_ key: String, _ value: Value) throws(PDKError) {
            try kong.queue(.nginxSetCtx, key, value)
        }

        /// When the request began, in seconds since 1970, to the millisecond.
        ///
        /// Phases: all. Kong's name: `kong.nginx.req_start_time`, since 2.0.
        public func requestStartTime() async throws(PDKError) -> Double {
            try await kong.ask(.nginxReqStartTime).number()
        }

        /// The two halves of nginx.
        public enum Subsystem: String, Sendable {
            /// HTTP, with and without TLS.
            case http
            /// TCP, TLS and UDP.
            case stream
        }

        /// Which half of nginx runs the plugin.
        ///
        /// Phases: all. Kong's name: `kong.nginx.get_subsystem`, since 2.0.
        public func subsystem() async throws(PDKError) -> Subsystem {
            let answer = try await kong.ask(.nginxGetSubsystem)
            guard let subsystem = Subsystem(rawValue: try answer.string()) else {
                throw answer.unexpected("http or stream")
            }
            return subsystem
        }

        /// How many connections and requests nginx has and has had.
        ///
        /// Phases: all. Kong's name: `kong.nginx.get_statistics`, since 3.0, over MessagePack only.
        public func statistics() async throws(PDKError) -> NginxStatistics {
            try await NginxStatistics(kong.ask(.nginxGetStatistics))
        }
    }
}
