extension Kong {
    /// The request that Kong will send to the upstream service.
    public struct ServiceRequest: Sendable {
        let kong: Kong

        /// How Kong speaks with the service.
        public enum Scheme: String, Sendable {
            /// Without TLS, and with it.
            case http, https
        }

        /// Sets the scheme of the connection to the service. Before 3.8 Kong allows it in access only.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_scheme`, since 2.0.
        public func setScheme(_ scheme: Scheme) throws(PDKError) {
            try kong.queue(.serviceRequestSetScheme, scheme.rawValue)
        }

        /// Sets the path, without a query; Kong encodes what must be. Before 3.8 Kong allows it in access only.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_path`, since 2.0.
        /// - Parameter path: one that does not begin with "/" throws `PDKError.Code.badArgument`.
        public func setPath(_ path: String) throws(PDKError) {
            try kong.check(path.utf8.first == UInt8(ascii: "/"), .serviceRequestSetPath, "the path does not begin with /")
            try kong.queue(.serviceRequestSetPath, path)
        }

        /// Sets the path, of any bytes.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_path`, since 2.0.
        public func setPath(_ path: [UInt8]) throws(PDKError) {
            try kong.check(path.first == UInt8(ascii: "/"), .serviceRequestSetPath, "the path does not begin with /")
            try kong.queue(.serviceRequestSetPath, LuaString(path))
        }

        /// Sets the query as it is to be sent, without "?".
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_raw_query`, since 2.0.
        public func setRawQuery(_ query: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetRawQuery, query)
        }

        /// Sets the query as it is to be sent, of any bytes.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_raw_query`, since 2.0.
        public func setRawQuery(_ query: [UInt8]) throws(PDKError) {
            try kong.queue(.serviceRequestSetRawQuery, LuaString(query))
        }

        /// Sets the query's arguments; Kong encodes them, sorted by name.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_query`, since 2.0.
        public func setQuery(_ query: Query) throws(PDKError) {
            try kong.queue(.serviceRequestSetQuery, query)
        }

        /// Removes an argument of the query with all its values.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.clear_query_arg`, since 3.9, over MessagePack only.
        public func clearQueryArgument(_ name: String) throws(PDKError) {
            try kong.queue(.serviceRequestClearQueryArg, name)
        }

        /// Sets the method.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_method`, since 2.0.
        /// - Parameter method: one that nginx does not know throws `PDKError.Code.badArgument`. It knows GET, HEAD, PUT,
        ///   POST, DELETE, OPTIONS, PATCH, TRACE and those of WebDAV.
        public func setMethod(_ method: HTTPMethod) throws(PDKError) {
            try kong.check(
                HTTPMethod.settable.contains(method), .serviceRequestSetMethod, "nginx does not know \(method)")
            try kong.queue(.serviceRequestSetMethod, method.rawValue)
        }

        /// Sets a header to one value, in place of all that it had. `host` changes the host that the service is asked for.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_header`, since 2.0.
        public func setHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetHeader, name, value)
        }

        /// Sets a header to one value of any bytes, in place of all that it had.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_header`, since 2.0.
        public func setHeader(_ name: String, _ value: [UInt8]) throws(PDKError) {
            try kong.queue(.serviceRequestSetHeader, name, LuaString(value))
        }

        /// Adds a value to a header.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.add_header`, since 2.0.
        public func addHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.serviceRequestAddHeader, name, value)
        }

        /// Adds a value of any bytes to a header.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.add_header`, since 2.0.
        public func addHeader(_ name: String, _ value: [UInt8]) throws(PDKError) {
            try kong.queue(.serviceRequestAddHeader, name, LuaString(value))
        }

        /// Removes a header with all its values.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.clear_header`, since 2.0.
        public func clearHeader(_ name: String) throws(PDKError) {
            try kong.queue(.serviceRequestClearHeader, name)
        }

        /// Sets several headers, each in place of all that it had.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_headers`, since 2.0.
        public func setHeaders(_ headers: Headers) throws(PDKError) {
            try kong.queue(.serviceRequestSetHeaders, headers)
        }

        /// Sets the body, and its length.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_raw_body`, since 2.0.
        public func setRawBody(_ body: [UInt8]) throws(PDKError) {
            try kong.queue(.serviceRequestSetRawBody, body)
        }

        /// Sets the body from a table, which Kong encodes, and its `content-type`.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_body`, since 2.0, over MessagePack only.
        /// - Parameters:
        ///   - body: a map, or for JSON also an array.
        ///   - mimeType: `application/json`, `application/x-www-form-urlencoded` or `multipart/form-data`; anything else
        ///     throws `PDKError.Code.badArgument`.
        public func setBody(_ body: Value, as mimeType: String) throws(PDKError) {
            let type = mimeType.prefix { $0 != ";" }
            try kong.check(
                ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"].contains(type),
                .serviceRequestSetBody, "Kong cannot encode a body as \(mimeType)")
            try kong.queue(.serviceRequestSetBody, body, mimeType)
        }

        /// Sets the body from a table, which Kong encodes as the request's `content-type` says. Throws
        /// `PDKError.Code.refused` if the request has none; one that Kong cannot encode fails the request.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.set_body`, since 2.0, over MessagePack only.
        public func setBody(_ body: Value) async throws(PDKError) {
            try await kong.ask(.serviceRequestSetBody, body).done()
        }

        /// Has Kong wait for the whole of the service's answer before the client gets any of it. Kong does so anyway for a
        /// plugin that has a response phase.
        ///
        /// Phases: rewrite, access. Kong's name: `kong.service.request.enable_buffering`, since 2.0, over MessagePack only.
        public func enableBuffering() throws(PDKError) {
            try kong.queue(.serviceRequestEnableBuffering)
        }

        /// Connects to the service without TLS. Throws `PDKError.Code.refused` if Kong cannot.
        ///
        /// Phases: preread. Kong's name: `kong.service.request.disable_tls`, since 2.0, over MessagePack only.
        public func disableTLS() async throws(PDKError) {
            try await kong.ask(.serviceRequestDisableTLS).done()
        }
    }
}
