extension Kong {
    /// `kong.response`: what the client will get.
    public var response: Response { Response(kong: self) }

    /// What the client will get: the upstream service's answer, or Kong's own.
    ///
    /// Reading it: phases response and log. Changing it: rewrite, access and response.
    public struct Response: Sendable {
        let kong: Kong

        /// The status, as 200. `kong.response.get_status`
        public func status() async throws(PDKError) -> Int {
            try await kong.ask(.responseGetStatus).integer(.responseGetStatus)
        }

        /// The first value of a header. Nil if there is no such header. `kong.response.get_header`
        public func header(_ name: String) async throws(PDKError) -> String? {
            try await kong.ask(.responseGetHeader, name).optionalString(.responseGetHeader)
        }

        /// The first value of a header, whatever bytes it is made of. `kong.response.get_header`
        public func headerBytes(_ name: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.responseGetHeader, name).optionalBytes(.responseGetHeader)
        }

        /// The headers: names in lower case, each with its values in order. What is not UTF-8 is replaced by U+FFFD.
        /// - Parameter max: no more than this many are read: 1 … 1000. `kong.response.get_headers`
        public func headers(max: Int = 100) async throws(PDKError) -> [String: [String]] {
            try await kong.ask(.responseGetHeaders, max, in: 1...1000).multimap(.responseGetHeaders)
        }

        /// Who made the answer: "service", "exit" (a plugin) or "error" (Kong). `kong.response.get_source`
        public func source() async throws(PDKError) -> String {
            try await kong.ask(.responseGetSource).string(.responseGetSource)
        }

        /// Sets the status: 100 … 599. `kong.response.set_status`
        public func setStatus(_ status: Int) throws(PDKError) {
            try kong.check(status, in: 100...599, .responseSetStatus)
            try kong.queue(.responseSetStatus, status)
        }

        /// Sets a header to one value, in place of all that it had. `kong.response.set_header`
        public func setHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.responseSetHeader, name, value)
        }

        /// Adds a value to a header. `kong.response.add_header`
        public func addHeader(_ name: String, _ value: String) throws(PDKError) {
            try kong.queue(.responseAddHeader, name, value)
        }

        /// Removes a header with all its values. `kong.response.clear_header`
        public func clearHeader(_ name: String) throws(PDKError) {
            try kong.queue(.responseClearHeader, name)
        }

        /// Sets several headers, each in place of all that it had. `kong.response.set_headers`
        public func setHeaders(_ headers: [String: [String]]) throws(PDKError) {
            try kong.queue(.responseSetHeaders, Value.multimap(headers))
        }

        /// Answers the client now and ends the handler; no other plugin's handler of this phase runs after it.
        ///
        /// It never returns: it throws, and the handler should let that pass. Phases: rewrite, access, response.
        /// `kong.response.exit`
        /// - Parameters:
        ///   - status: 100 … 599.
        ///   - body: sent as it is.
        ///   - headers: added to the answer.
        public func exit(_ status: Int, body: [UInt8]? = nil, headers: [String: [String]] = [:]) throws -> Never {
            try exit(status, body.map { .bytes($0) }, headers)
        }

        /// Answers the client now with a text, and ends the handler. `kong.response.exit`
        public func exit(_ status: Int, body: String, headers: [String: [String]] = [:]) throws -> Never {
            try exit(status, .string(body), headers)
        }

        private func exit(_ status: Int, _ body: Value?, _ headers: [String: [String]]) throws -> Never {
            try kong.check(status, in: 100...599, .responseExit)
            var arguments: [Value] = [.integer(Int64(status))]
            if body != nil || !headers.isEmpty { arguments.append(body ?? .nil) }
            if !headers.isEmpty { arguments.append(.multimap(headers)) }
            try kong.queue(.responseExit, arguments)
            throw ExitSignal()
        }
    }
}

extension Value {
    /// A header or query map: a string for one value, an array for several.
    static func multimap(_ map: [String: [String]]) -> Value {
        .map(
            map.mapValues { values in
                values.count == 1 ? .string(values[0]) : .array(values.map { .string($0) })
            })
    }
}
