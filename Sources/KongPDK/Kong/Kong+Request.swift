extension Kong {
    /// `kong.request`: the client's request, as it came.
    public var request: Request { Request(kong: self) }

    /// The client's request, as it came: changes that plugins make to the request for the service do not show here.
    ///
    /// In the log phase only what Kong has saved: `header`, `headers`, `uriCaptures` and `startTime`.
    ///
    /// A client can send any bytes. What is not UTF-8 makes a call that returns a `String` throw
    /// `PDKError.Code.notUTF8`; the one whose name ends in `Bytes` returns it.
    public struct Request: Sendable {
        let kong: Kong

        /// The scheme of the client's connection: "http", "https", "tcp" or "tls".
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_scheme`, since 2.0.
        public func scheme() async throws(PDKError) -> String {
            try await kong.ask(.requestGetScheme).string()
        }

        /// The host that the client asked for, in lower case.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_host`, since 2.0.
        public func host() async throws(PDKError) -> String? {
            try await kong.ask(.requestGetHost).optionalString()
        }

        /// The host that the client asked for, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_host`, since 2.0.
        public func hostBytes() async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.requestGetHost).optionalBytes()
        }

        /// The port that the request came to: 1 … 65535.
        ///
        /// Phases: rewrite, access, response, preread. Kong's name: `kong.request.get_port`, since 2.0.
        public func port() async throws(PDKError) -> Int {
            try await kong.ask(.requestGetPort).integer()
        }

        /// The version of HTTP.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_http_version`, since 2.0.
        public func httpVersion() async throws(PDKError) -> HTTPVersion {
            let answer = try await kong.ask(.requestGetHTTPVersion)
            guard let version = HTTPVersion(try answer.number()) else { throw answer.unexpected("a version") }
            return version
        }

        /// The method.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_method`, since 2.0.
        public func method() async throws(PDKError) -> HTTPMethod {
            HTTPMethod(try await kong.ask(.requestGetMethod).string())
        }

        /// The path, without the query, normalized: what was percent-encoded without need is decoded, "." and ".." are
        /// resolved. Kong 2 does not normalize it.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_path`, since 2.0.
        public func path() async throws(PDKError) -> String {
            try await kong.ask(.requestGetPath).string()
        }

        /// The normalized path, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_path`, since 2.0.
        public func pathBytes() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.requestGetPath).bytes()
        }

        /// The path, without the query, as the client sent it.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_raw_path`, since 3.0, over MessagePack only.
        public func rawPath() async throws(PDKError) -> String {
            try await kong.ask(.requestGetRawPath).string()
        }

        /// The path as the client sent it, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_raw_path`, since 3.0, over MessagePack only.
        public func rawPathBytes() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.requestGetRawPath).bytes()
        }

        /// The path and, if there is one, "?" and the query, as the client sent them.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_path_with_query`, since 2.0.
        public func pathWithQuery() async throws(PDKError) -> String {
            try await kong.ask(.requestGetPathWithQuery).string()
        }

        /// The path and the query, whatever bytes they are made of.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_path_with_query`, since 2.0.
        public func pathWithQueryBytes() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.requestGetPathWithQuery).bytes()
        }

        /// The query as it came, without "?"; empty if there is none.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_raw_query`, since 2.0.
        public func rawQuery() async throws(PDKError) -> String {
            try await kong.ask(.requestGetRawQuery).string()
        }

        /// The query as it came, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_raw_query`, since 2.0.
        public func rawQueryBytes() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.requestGetRawQuery).bytes()
        }

        /// The query's arguments.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_query`, since 2.0.
        /// - Parameter max: no more than this many are parsed: 1 … 1000.
        public func query(max: Int = 100) async throws(PDKError) -> Query {
            var query = Query()
            query.named = try await kong.ask(.requestGetQuery, max: max, .query)
            return query
        }

        /// The first value of a query argument; empty for one without a value. Nil if there is no such argument among the
        /// first 100.
        ///
        /// It asks for all of them (`kong.request.get_query`): over ProtoBuf:1 Kong fails the request if it is asked for one
        /// that has no "=", which any client can send.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_query_arg`, since 2.0.
        public func queryArgument(_ name: String) async throws(PDKError) -> String? {
            guard let bytes = try await queryArgumentBytes(name) else { return nil }
            return try Answer(.bytes(bytes), .requestGetQueryArg).string()
        }

        /// The first value of a query argument, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.request.get_query_arg`, since 2.0.
        public func queryArgumentBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await query().bytes(name).first
        }

        /// The first value of a header; names are not case-sensitive. Nil if the request has no such header.
        ///
        /// Over ProtoBuf:1 an empty value cannot be told from none, and is nil.
        ///
        /// Phases: rewrite, access, response, log. Kong's name: `kong.request.get_header`, since 2.0.
        public func header(_ name: String) async throws(PDKError) -> String? {
            try await kong.ask(.requestGetHeader, name).optionalString()
        }

        /// The first value of a header, whatever bytes it is made of.
        ///
        /// Phases: rewrite, access, response, log. Kong's name: `kong.request.get_header`, since 2.0.
        public func headerBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.requestGetHeader, name).optionalBytes()
        }

        /// The headers; names are in lower case.
        ///
        /// Phases: rewrite, access, response, log. Kong's name: `kong.request.get_headers`, since 2.0.
        /// - Parameter max: no more than this many are read: 1 … 1000.
        public func headers(max: Int = 100) async throws(PDKError) -> Headers {
            var headers = Headers()
            headers.named = try await kong.ask(.requestGetHeaders, max: max, .headers)
            return headers
        }

        /// What the groups of the route's regular expression have captured of the path; empty if it has none.
        ///
        /// Phases: rewrite, access, response, log. Kong's name: `kong.request.get_uri_captures`, since 3.1.
        public func uriCaptures() async throws(PDKError) -> URICaptures {
            try await URICaptures(kong.ask(.requestGetURICaptures))
        }

        /// When Kong began with the request, in milliseconds since 1970.
        ///
        /// Phases: rewrite, access, response, log.
        /// Kong's name: `kong.request.get_start_time`, since 3.0, over MessagePack only.
        public func startTime() async throws(PDKError) -> Double {
            try await kong.ask(.requestGetStartTime).number()
        }
    }
}
