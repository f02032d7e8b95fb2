extension Kong {
    /// `kong.request`: the client's request, as it came.
    public var request: Request { Request(kong: self) }

    /// The client's request, as it came: changes that plugins make to the request for the service do not show here.
    ///
    /// Phases: rewrite, access and response; `header` and `headers` also in log, where Kong has saved them.
    public struct Request: Sendable {
        let kong: Kong

        /// The scheme of the client's connection: "http", "https", "tcp" or "tls". `kong.request.get_scheme`
        public func scheme() async throws(PDKError) -> String {
            try await kong.ask(.requestGetScheme).string(.requestGetScheme)
        }

        /// The host that the client asked for, in lower case. `kong.request.get_host`
        public func host() async throws(PDKError) -> String? {
            try await kong.ask(.requestGetHost).optionalString(.requestGetHost)
        }

        /// The port that the request came to. `kong.request.get_port`
        public func port() async throws(PDKError) -> Int {
            try await kong.ask(.requestGetPort).integer(.requestGetPort)
        }

        /// The scheme, believing `X-Forwarded-Proto` of a trusted proxy. `kong.request.get_forwarded_scheme`
        public func forwardedScheme() async throws(PDKError) -> String {
            try await kong.ask(.requestGetForwardedScheme).string(.requestGetForwardedScheme)
        }

        /// The host, believing `X-Forwarded-Host` of a trusted proxy. `kong.request.get_forwarded_host`
        public func forwardedHost() async throws(PDKError) -> String? {
            try await kong.ask(.requestGetForwardedHost).optionalString(.requestGetForwardedHost)
        }

        /// The port, believing `X-Forwarded-Port` of a trusted proxy. `kong.request.get_forwarded_port`
        public func forwardedPort() async throws(PDKError) -> Int {
            try await kong.ask(.requestGetForwardedPort).integer(.requestGetForwardedPort)
        }

        /// The version of HTTP: 1.0, 1.1 or 2.0. `kong.request.get_http_version`
        public func httpVersion() async throws(PDKError) -> Double {
            try await kong.ask(.requestGetHTTPVersion).number(.requestGetHTTPVersion)
        }

        /// The method, in upper case. `kong.request.get_method`
        public func method() async throws(PDKError) -> String {
            try await kong.ask(.requestGetMethod).string(.requestGetMethod)
        }

        /// The path, without the query, with what was percent-encoded decoded. One that is not UTF-8 throws
        /// `PDKError.Code.notUTF8`: see `pathBytes`. `kong.request.get_path`
        public func path() async throws(PDKError) -> String {
            try await kong.ask(.requestGetPath).string(.requestGetPath)
        }

        /// The path, whatever bytes it is made of. `kong.request.get_path`
        public func pathBytes() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.requestGetPath).optionalBytes(.requestGetPath) ?? []
        }

        /// The path and, if there is one, "?" and the query. `kong.request.get_path_with_query`
        public func pathWithQuery() async throws(PDKError) -> String {
            try await kong.ask(.requestGetPathWithQuery).string(.requestGetPathWithQuery)
        }

        /// The query as it came, without "?"; empty if there is none. `kong.request.get_raw_query`
        public func rawQuery() async throws(PDKError) -> String {
            try await kong.ask(.requestGetRawQuery).string(.requestGetRawQuery)
        }

        /// The first value of a query argument; empty for one without a value. Nil if there is no such argument among the
        /// first 100. One that is not UTF-8 throws `PDKError.Code.notUTF8`: see `queryArgumentBytes`.
        ///
        /// It asks for all arguments (`kong.request.get_query`): over ProtoBuf:1 Kong fails the request if it is asked for one
        /// that has no "=", which any client can send.
        public func queryArgument(_ name: String) async throws(PDKError) -> String? {
            try await firstArgument(name)?.multimapText(.requestGetQuery)
        }

        /// The first value of a query argument, whatever bytes it is made of.
        public func queryArgumentBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            guard let value = try await firstArgument(name) else { return nil }
            if case .boolean = value { return [] }
            return try value.optionalBytes(.requestGetQuery)
        }

        private func firstArgument(_ name: String) async throws(PDKError) -> Value? {
            let arguments = try await kong.ask(.requestGetQuery, 100).optionalMap(.requestGetQuery)
            guard let value = arguments?[name] else { return nil }
            if case .array(let values) = value { return values.first }
            return value
        }

        /// The query arguments: each name with its values in order, none for an argument without "=". What is not UTF-8
        /// is replaced by U+FFFD; `rawQuery` has it as it came.
        /// - Parameter max: no more than this many arguments are parsed: 1 … 1000. `kong.request.get_query`
        public func query(max: Int = 100) async throws(PDKError) -> [String: [String]] {
            try await kong.ask(.requestGetQuery, max, in: 1...1000).multimap(.requestGetQuery)
        }

        /// The first value of a header; names are not case-sensitive. Nil if the request has no such header.
        ///
        /// Over ProtoBuf:1 an empty value cannot be told from none, and is nil. A value that is not UTF-8 throws
        /// `PDKError.Code.notUTF8`: see `headerBytes`. `kong.request.get_header`
        public func header(_ name: String) async throws(PDKError) -> String? {
            try await kong.ask(.requestGetHeader, name).optionalString(.requestGetHeader)
        }

        /// The first value of a header, whatever bytes it is made of. `kong.request.get_header`
        public func headerBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.requestGetHeader, name).optionalBytes(.requestGetHeader)
        }

        /// The headers: names in lower case, each with its values in order. What is not UTF-8 is replaced by U+FFFD;
        /// `headerBytes` has it as it came.
        /// - Parameter max: no more than this many headers are parsed: 1 … 1000. `kong.request.get_headers`
        public func headers(max: Int = 100) async throws(PDKError) -> [String: [String]] {
            try await kong.ask(.requestGetHeaders, max, in: 1...1000).multimap(.requestGetHeaders)
        }

        /// The body's bytes. One that is larger than nginx's buffer comes from the file that Kong has written it to; over
        /// MessagePack Kong 3 fails the request with status 500 instead. Phases: rewrite, access, response.
        /// `kong.request.get_raw_body`
        /// - Parameter limit: a body of a file that is larger, in bytes, throws `PDKError.Code.limit`.
        public func rawBody(limit: Int = 64 * 1024 * 1024) async throws(PDKError) -> [UInt8] {
            let value = try await kong.ask(.requestGetRawBody)
            if case .map(let map) = value, case .string(let path)? = map["body_filepath"] {
                return try BodyFile.read(path, limit: limit, for: .requestGetRawBody)
            }
            return try value.optionalBytes(.requestGetRawBody) ?? []
        }
    }
}
