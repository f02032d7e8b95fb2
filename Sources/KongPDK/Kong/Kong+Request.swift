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

        /// The path, without the query. `kong.request.get_path`
        public func path() async throws(PDKError) -> String {
            try await kong.ask(.requestGetPath).string(.requestGetPath)
        }

        /// The path and, if there is one, "?" and the query. `kong.request.get_path_with_query`
        public func pathWithQuery() async throws(PDKError) -> String {
            try await kong.ask(.requestGetPathWithQuery).string(.requestGetPathWithQuery)
        }

        /// The query as it came, without "?"; empty if there is none. `kong.request.get_raw_query`
        public func rawQuery() async throws(PDKError) -> String {
            try await kong.ask(.requestGetRawQuery).string(.requestGetRawQuery)
        }

        /// The first value of a query argument. Nil if there is no such argument.
        ///
        /// Over ProtoBuf:1 an empty value cannot be told from none, and is nil; and Kong fails the request with status 500
        /// if the argument has no "=". `kong.request.get_query_arg`
        public func queryArgument(_ name: String) async throws(PDKError) -> String? {
            let value = try await kong.ask(.requestGetQueryArg, name)
            // `?name` without a value.
            if case .boolean = value { return "" }
            return try value.optionalString(.requestGetQueryArg)
        }

        /// The query arguments: each name with its values in order, none for an argument without "=". What is not UTF-8
        /// is replaced by U+FFFD; `rawQuery` has it as it came.
        /// - Parameter max: no more than this many arguments are parsed: 1 … 1000. `kong.request.get_query`
        public func query(max: Int = 100) async throws(PDKError) -> [String: [String]] {
            try await kong.ask(.requestGetQuery, max).multimap(.requestGetQuery)
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
            try await kong.ask(.requestGetHeaders, max).multimap(.requestGetHeaders)
        }

        /// The body's bytes. Kong hands over a body that is larger than its buffer as the path of a file, and this
        /// throws with that path. Phases: rewrite, access, response. `kong.request.get_raw_body`
        public func rawBody() async throws(PDKError) -> [UInt8] {
            let value = try await kong.ask(.requestGetRawBody)
            if case .map(let map) = value, case .string(let path)? = map["body_filepath"] {
                throw PDKError(
                    .unexpectedResult, PDKMethod.requestGetRawBody.rawValue,
                    "the body is larger than Kong's buffer, and is in the file \(path)")
            }
            return try value.optionalBytes(.requestGetRawBody) ?? []
        }
    }
}
