extension Kong {
    /// `kong.service`: the upstream service.
    public var service: Service { Service(kong: self) }

    /// The upstream service: the request that Kong will send to it.
    public struct Service: Sendable {
        let kong: Kong

        /// `kong.service.request`
        public var request: ServiceRequest { ServiceRequest(kong: kong) }
    }

    /// The request that Kong will send to the upstream service. Phases: rewrite and access.
    public struct ServiceRequest: Sendable {
        let kong: Kong

        /// Sets a header to one value, in place of all that it had. `kong.service.request.set_header`
        public func setHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetHeader, name, value)
        }

        /// Adds a value to a header. `kong.service.request.add_header`
        public func addHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.serviceRequestAddHeader, name, value)
        }

        /// Removes a header with all its values. `kong.service.request.clear_header`
        public func clearHeader(_ name: String) throws(PDKError) {
            try kong.queue(.serviceRequestClearHeader, name)
        }

        /// Sets several headers, each in place of all that it had. `kong.service.request.set_headers`
        public func setHeaders(_ headers: [String: [String]]) throws(PDKError) {
            try kong.queue(.serviceRequestSetHeaders, Value.multimap(headers))
        }

        /// Sets the scheme of the connection to the service: "http", "https", "grpc", "grpcs", "tcp" or "tls".
        /// `kong.service.request.set_scheme`
        public func setScheme(_ scheme: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetScheme, scheme)
        }

        /// Sets the method, in upper case. `kong.service.request.set_method`
        public func setMethod(_ method: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetMethod, method)
        }

        /// Sets the path, which begins with "/", without a query. `kong.service.request.set_path`
        public func setPath(_ path: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetPath, path)
        }

        /// Sets the query as it is to be sent, without "?". `kong.service.request.set_raw_query`
        public func setRawQuery(_ query: String) throws(PDKError) {
            try kong.queue(.serviceRequestSetRawQuery, query)
        }

        /// Sets the query arguments; Kong encodes them, sorted by name. `kong.service.request.set_query`
        public func setQuery(_ arguments: [String: [String]]) throws(PDKError) {
            try kong.queue(.serviceRequestSetQuery, Value.multimap(arguments))
        }

        /// Sets the body, and its length. `kong.service.request.set_raw_body`
        public func setRawBody(_ body: [UInt8]) throws(PDKError) {
            try kong.queue(.serviceRequestSetRawBody, body)
        }
    }
}
