extension Kong {
    /// The upstream service's answer, as it came.
    public struct ServiceResponse: Sendable {
        let kong: Kong

        /// The status, as 200; nil if no service has answered.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_status`, since 2.0.
        public func status() async throws(PDKError) -> Int? {
            try await kong.ask(.serviceResponseGetStatus).optionalInteger()
        }

        /// The first value of a header; names are not case-sensitive. Nil if there is no such header. One that is not UTF-8
        /// throws `PDKError.Code.notUTF8`: see `headerBytes`.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_header`, since 2.0.
        public func header(_ name: String) async throws(PDKError) -> String? {
            try await kong.ask(.serviceResponseGetHeader, name).optionalString()
        }

        /// The first value of a header, whatever bytes it is made of.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_header`, since 2.0.
        public func headerBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.serviceResponseGetHeader, name).optionalBytes()
        }

        /// The headers; names are in lower case.
        ///
        /// Kong lists none of an answer that it has buffered, and it buffers all that a response phase gets to see; `header`
        /// finds them by name all the same. `kong.response.headers` has those that the client will get.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_headers`, since 2.0.
        /// - Parameter max: no more than this many are read: 1 … 1000.
        public func headers(max: Int = 100) async throws(PDKError) -> Headers {
            var headers = Headers()
            headers.named = try await kong.ask(.serviceResponseGetHeaders, max: max, .headers)
            return headers
        }

        /// The body's bytes.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_raw_body`, since 2.0.
        public func rawBody() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.serviceResponseGetRawBody).bytes()
        }

        /// The body, as Kong parses it: a form (`application/x-www-form-urlencoded` or `multipart/form-data`) is a map from
        /// names to values, and JSON what is in it. Nil (Kong 3) or `PDKError.Code.refused` (Kong 2) if there is no content
        /// type, or another one, or the body is not of its type. Kong 2 fails the request if JSON's null is in it.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_body`, since 2.0, over MessagePack only.
        public func body() async throws(PDKError) -> Value? {
            try await body([])
        }

        /// The body, parsed as the type that you name, whatever its `content-type` says.
        ///
        /// Phases: response. Kong's name: `kong.service.response.get_body`, since 2.0, over MessagePack only.
        /// - Parameters:
        ///   - mimeType: what to take the body for.
        ///   - maxArguments: no more than this many arguments of a form are parsed: 1 … 1000.
        public func body(as mimeType: String, maxArguments: Int = 100) async throws(PDKError) -> Value? {
            try kong.check(maxArguments, in: 1...1000, .serviceResponseGetBody)
            return try await body([.string(mimeType), .integer(Int64(maxArguments))])
        }

        private func body(_ arguments: [Value]) async throws(PDKError) -> Value? {
            let body = try await kong.ask(.serviceResponseGetBody, arguments)
            return body.isNil ? nil : body
        }
    }
}
