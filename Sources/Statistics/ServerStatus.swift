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
    /// If it does not answer.
    public var silence: SilenceStatus?
    /// Processes that it has taken over from, and that finish their events.
    public var retiring: [RetiringStatus] = []
    /// How the last reload went; nil: there was none.
    public var lastReload: LastReload?

    public struct LastReload: Hashable, Sendable {
        /// Seconds since 1970.
        public var at: Int64
        /// Whether a new worker has taken over.
        public var isTaken: Bool
        /// What has changed, or why nothing has.
        public var summary: String

        public init(at: Int64, isTaken: Bool, summary: String) {
            self.at = at
            self.isTaken = isTaken
            self.summary = summary
        }
    }

    public init(name: String, pid: Int32, uptime: Int64, restarts: UInt64) {
        self.name = name
        self.pid = pid
        self.uptime = uptime
        self.restarts = restarts
    }
}

/// A process that another one has taken over from.
public struct RetiringStatus: Hashable, Sendable {
    public var pid: Int32
    /// What it waits for: events that are not over, and connections that Kong waits on.
    public var events: UInt64
    public var connections: UInt64
    /// Until it has to end all the same.
    public var secondsLeft: Int64
    public var silence: SilenceStatus?

    public init(pid: Int32, events: UInt64, connections: UInt64, secondsLeft: Int64, silence: SilenceStatus? = nil) {
        self.pid = pid
        self.events = events
        self.connections = connections
        self.secondsLeft = secondsLeft
        self.silence = silence
    }
}

/// A process that does not answer.
public struct SilenceStatus: Hashable, Sendable {
    public var seconds: UInt64
    /// What the kernel says of it: `running`, `stopped` (SIGSTOP), `traced` (by a debugger) or `dumping` (a core).
    public var process: String

    public init(seconds: UInt64, process: String) {
        self.seconds = seconds
        self.process = process
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
    /// What is at `path` now, compared with what is loaded; nil: nothing is, or it is not known.
    public var place: Place?
    /// Why what is at `path` was not taken in place of what is loaded; empty: it was not refused.
    public var refusal = ""

    public enum Place: String, CaseIterable, Sendable {
        case same
        /// Another file, or the same one with other bytes.
        case changed
        case missing
    }

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
