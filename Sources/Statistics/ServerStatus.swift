/// What `swift-pluginserver status` shows, and what the metrics are made of: the server, its workers, its plugins, and
/// what they have done.
public struct ServerStatus: Hashable, Sendable {
    public var version: String
    /// The process that Kong started.
    public var pid: Int32
    /// Seconds since 1970.
    public var startedAt: Int64
    /// What is asked only now, so that clocks need not agree.
    public var uptime: Int64
    /// Whether a supervisor answers.
    public var isSupervised: Bool
    public var workers: [WorkerStatus] = []
    public var plugins: [PluginStatus] = []
    public var quarantines: [QuarantineStatus] = []
    /// How many configurations of a plugin are not started, since their start has ended a worker; by plugin.
    public var deadlyStarts: [String: UInt64] = [:]
    /// Of all workers, and of those that there were.
    public var statistics = ServerStatistics()

    public init(version: String, pid: Int32, startedAt: Int64, uptime: Int64, isSupervised: Bool) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.uptime = uptime
        self.isSupervised = isSupervised
    }
}

/// A process that runs plugins.
public struct WorkerStatus: Hashable, Sendable {
    /// Its plugin, where each has a worker of its own; else empty.
    public var name: String
    public var pid: Int32
    public var uptime: Int64
    /// How often its process has ended by itself, and another one has come in its place.
    public var restarts: UInt64
    /// Processes that it has taken over from, and that finish their events.
    public var retiring: [Int32] = []

    public init(name: String, pid: Int32, uptime: Int64, restarts: UInt64) {
        self.name = name
        self.pid = pid
        self.uptime = uptime
        self.restarts = restarts
    }
}

/// A plugin's file, and whether it is used.
public struct PluginStatus: Hashable, Sendable {
    public enum State: String, CaseIterable, Sendable {
        case loaded
        case refused
        case quarantined
    }

    public var name: String
    public var state: State
    /// Of a plugin that is loaded.
    public var version = ""
    public var path = ""
    /// Of the file that is loaded; empty while it is not known.
    public var sha256 = ""
    public var phases: [String] = []
    /// Why it is refused, or quarantined.
    public var reason = ""

    public init(name: String, state: State) {
        self.name = name
        self.state = state
    }
}

/// A plugin that is not called for a while, since it has crashed too often.
public struct QuarantineStatus: Hashable, Sendable {
    public var plugin: String
    public var reason: String
    /// Seconds until it is tried again; nil: not by itself.
    public var secondsLeft: Int64?

    public init(plugin: String, reason: String, secondsLeft: Int64?) {
        self.plugin = plugin
        self.reason = reason
        self.secondsLeft = secondsLeft
    }
}
