import PluginLoader

/// An instance as it outlives its worker: what Kong has an id for, and what it takes to start it again.
public struct KeptInstance: Sendable, Hashable {
    public let id: Int32
    public let plugin: String
    /// JSON text, as the worker has understood what Kong sent.
    public let config: String
    /// Seconds since 1970.
    public let startedAt: Int64

    public init(id: Int32, plugin: String, config: String, startedAt: Int64) {
        self.id = id
        self.plugin = plugin
        self.config = config
        self.startedAt = startedAt
    }
}

/// A configuration that a plugin is being started with.
public struct StartedConfig: Sendable, Hashable {
    public let plugin: String
    /// JSON text, the same for all that differ in nothing that the plugin sees.
    public let config: String

    public init(plugin: String, config: String) {
        self.plugin = plugin
        self.config = config
    }

    /// For the log: which configuration it is, and nothing of what is in it. Kong's own keys say which of its plugin entries it
    /// belongs to (`__plugin_id` in Kong 3).
    var account: String {
        let json = try? JSONValue(parsing: config)
        let entry = ["__plugin_id", "__key__"].lazy.compactMap { key in json?[key]?.asString.map { "\(key) \($0.printable)" } }.first
        return "configuration SHA-256 \(FileDigest(of: config).description.prefix(12))\(entry.map { ", \($0)" } ?? "")"
    }
}
