extension Kong.Request {
    /// The scheme, in lower case, believing `X-Forwarded-Proto` of a trusted proxy.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_forwarded_scheme`, since 2.0.
    public func forwardedScheme() async throws(PDKError) -> String {
        try await kong.ask(.requestGetForwardedScheme).string()
    }

    /// The host, in lower case, believing `X-Forwarded-Host` of a trusted proxy.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_forwarded_host`, since 2.0.
    public func forwardedHost() async throws(PDKError) -> String? {
        try await kong.ask(.requestGetForwardedHost).optionalString()
    }

    /// The host, believing `X-Forwarded-Host` of a trusted proxy, whatever bytes it is made of.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_forwarded_host`, since 2.0.
    public func forwardedHostBytes() async throws(PDKError) -> [UInt8]? {
        try await kong.ask(.requestGetForwardedHost).optionalBytes()
    }

    /// The port, 1 … 65535, believing `X-Forwarded-Port` of a trusted proxy.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_forwarded_port`, since 2.0.
    public func forwardedPort() async throws(PDKError) -> Int {
        try await kong.ask(.requestGetForwardedPort).integer()
    }

    /// The path, without the query, believing `X-Forwarded-Path` of a trusted proxy.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_forwarded_path`, since 2.1, over MessagePack only.
    public func forwardedPath() async throws(PDKError) -> String {
        try await kong.ask(.requestGetForwardedPath).string()
    }

    /// The path, believing `X-Forwarded-Path` of a trusted proxy, whatever bytes it is made of.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.request.get_forwarded_path`, since 2.1, over MessagePack only.
    public func forwardedPathBytes() async throws(PDKError) -> [UInt8] {
        try await kong.ask(.requestGetForwardedPath).bytes()
    }

    /// What Kong, or a trusted proxy before it (`X-Forwarded-Prefix`), has taken off the beginning of the path; nil if
    /// nothing.
    ///
    /// Phases: rewrite, access, response.
    /// Kong's name: `kong.request.get_forwarded_prefix`, since 2.2, over MessagePack only.
    public func forwardedPrefix() async throws(PDKError) -> String? {
        try await kong.ask(.requestGetForwardedPrefix).optionalString()
    }

    /// What was taken off the beginning of the path, whatever bytes it is made of.
    ///
    /// Phases: rewrite, access, response.
    /// Kong's name: `kong.request.get_forwarded_prefix`, since 2.2, over MessagePack only.
    public func forwardedPrefixBytes() async throws(PDKError) -> [UInt8]? {
        try await kong.ask(.requestGetForwardedPrefix).optionalBytes()
    }
}
