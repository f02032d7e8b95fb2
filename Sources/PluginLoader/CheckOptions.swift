/// What plugins are compared with, and how strictly.
public struct CheckOptions: Hashable, Sendable {
    /// What the host was built with.
    public var host: BuildVersions
    /// Whether a file that untrusted users may change is taken all the same, with a warning.
    public var allowInsecure: Bool
    /// Whether each file must be on the trust list beside it: see `PluginLock`.
    public var requireLock: Bool
    /// The user that is trusted besides root: the one that the server runs as.
    public var user: UInt32

    /// - Parameter user: the one of this process, if not given.
    public init(host: BuildVersions, allowInsecure: Bool = false, requireLock: Bool = false, user: UInt32? = nil) {
        self.host = host
        self.allowInsecure = allowInsecure
        self.requireLock = requireLock
        self.user = user ?? currentUser
    }

    /// The flags of `swift-pluginserver` that set them, for messages.
    static let allowInsecureFlag = "--allow-insecure-plugins"
    static let requireLockFlag = "--require-lock"
}
