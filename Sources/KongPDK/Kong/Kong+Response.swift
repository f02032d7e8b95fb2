extension Kong {
    /// `kong.response`: what the client will get.
    public var response: Response { Response(kong: self) }

    /// What the client will get: the upstream service's answer, or Kong's own.
    ///
    /// It can be read in the phases response and log, and changed in rewrite, access and response.
    public struct Response: Sendable {
        let kong: Kong

        /// The status: 100 … 599.
        ///
        /// Phases: response, log. Kong's name: `kong.response.get_status`, since 2.0.
        public func status() async throws(PDKError) -> Int {
            try await kong.ask(.responseGetStatus).integer()
        }

        /// The first value of a header; names are not case-sensitive. Nil if there is no such header. One that is not UTF-8
        /// throws `PDKError.Code.notUTF8`: see `headerBytes`.
        ///
        /// Phases: response, log. Kong's name: `kong.response.get_header`, since 2.0.
        public func header(_ name: String) async throws(PDKError) -> String? {
            try await kong.ask(.responseGetHeader, name).optionalString()
        }

        /// The first value of a header, whatever bytes it is made of.
        ///
        /// Phases: response, log. Kong's name: `kong.response.get_header`, since 2.0.
        public func headerBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.responseGetHeader, name).optionalBytes()
        }

        /// The headers; names are in lower case.
        ///
        /// Phases: response, log. Kong's name: `kong.response.get_headers`, since 2.0.
        /// - Parameter max: no more than this many are read: 1 … 1000.
        public func headers(max: Int = 100) async throws(PDKError) -> Headers {
            var headers = Headers()
            headers.named = try await kong.ask(.responseGetHeaders, max: max, .headers)
            return headers
        }

        /// Who has made an answer.
        public enum Source: String, Sendable {
            /// The upstream service.
            case service
            /// A plugin, with `kong.response.exit`.
            case exit
            /// Kong, since something went wrong.
            case error
        }

        /// Who has made the answer.
        ///
        /// Phases: response, log. Kong's name: `kong.response.get_source`, since 2.0.
        public func source() async throws(PDKError) -> Source {
            let answer = try await kong.ask(.responseGetSource)
            guard let source = Source(rawValue: try answer.string()) else {
                throw answer.unexpected("service, exit or error")
            }
            return source
        }

        /// Sets the status.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.set_status`, since 2.0.
        /// - Parameter status: 100 … 599; anything else throws `PDKError.Code.badArgument`.
        public func setStatus(_ status: Int) throws(PDKError) {
            try kong.check(status, in: 100...599, .responseSetStatus)
            try kong.queue(.responseSetStatus, status)
        }

        /// Sets a header to one value, in place of all that it had. Kong ignores `Transfer-Encoding`.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.set_header`, since 2.0.
        public func setHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.responseSetHeader, name, value)
        }

        /// Sets a header to one value of any bytes, in place of all that it had.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.set_header`, since 2.0.
        public func setHeader(_ name: String, _ value: [UInt8]) throws(PDKError) {
            try kong.queue(.responseSetHeader, name, LuaString(value))
        }

        /// Adds a value to a header.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.add_header`, since 2.0.
        public func addHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.responseAddHeader, name, value)
        }

        /// Adds a value of any bytes to a header.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.add_header`, since 2.0.
        public func addHeader(_ name: String, _ value: [UInt8]) throws(PDKError) {
            try kong.queue(.responseAddHeader, name, LuaString(value))
        }

        /// Removes a header with all its values.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.clear_header`, since 2.0.
        public func clearHeader(_ name: String) throws(PDKError) {
            try kong.queue(.responseClearHeader, name)
        }

        /// Sets several headers, each in place of all that it had. Kong ignores `Transfer-Encoding`.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.response.set_headers`, since 2.0.
        public func setHeaders(_ headers: Headers) throws(PDKError) {
            try kong.queue(.responseSetHeaders, headers)
        }

        /// Not for plugin servers: Kong allows it only in `body_filter`, where it runs none. The service's answer is in
        /// `kong.service.response.rawBody`.
        ///
        /// Phases: none. Kong's name: `kong.response.get_raw_body`, since 2.7, over MessagePack only.
        @available(*, unavailable, message: "Kong allows it in body_filter only; see kong.service.response.rawBody()")
        public func rawBody() async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.responseGetRawBody).optionalBytes()
        }

        /// Not for plugin servers: Kong allows it only in `body_filter`, where it runs none. `exit` answers with another
        /// body, also in the response phase.
        ///
        /// Phases: none. Kong's name: `kong.response.set_raw_body`, since 2.7, over MessagePack only.
        @available(*, unavailable, message: "Kong allows it in body_filter only; see kong.response.exit")
        public func setRawBody(_ body: [UInt8]) throws(PDKError) {
            try kong.queue(.responseSetRawBody, body)
        }
    }
}
