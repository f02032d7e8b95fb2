extension Kong {
    /// `kong.ctx`: what is kept with a request.
    public var ctx: Ctx { Ctx(kong: self) }

    /// What is kept with a request.
    public struct Ctx: Sendable {
        let kong: Kong

        /// `kong.ctx.shared`
        public var shared: Shared { Shared(kong: kong) }
    }

    /// A table that lives as long as the request, and that all plugins share, also those in Lua.
    public struct Shared: Sendable {
        let kong: Kong

        /// Sets a value; `.nil` removes it.
        ///
        /// Phases: all. Kong's name: `kong.ctx.shared.set`, since 2.1.
        public func set(_ key: String, _ value: Value) throws(PDKError) {
            try kong.queue(.ctxSharedSet, key, value)
        }

        /// The value that a plugin has set, or `.nil`. Over ProtoBuf:1 Kong answers nil for `false`.
        ///
        /// Phases: all. Kong's name: `kong.ctx.shared.get`, since 2.1.
        public func get(_ key: String) async throws(PDKError) -> Value {
            try await kong.ask(.ctxSharedGet, key).value
        }
    }
}
