/// What ran when a worker crashed.
public struct Culprit: Sendable, Hashable {
    public enum Activity: String, Sendable {
        case open, start, stop, handle, completion, task
    }

    public let plugin: String
    public let activity: Activity
    /// Of the event's, if there was one.
    public let phase: String?
    public let instance: Int32?

    public init(plugin: String, activity: Activity, phase: String? = nil, instance: Int32? = nil) {
        self.plugin = plugin
        self.activity = activity
        self.phase = phase
        self.instance = instance
    }
}

/// What is known of a worker that has crashed.
public struct CrashScene: Sendable {
    public let pid: Int32
    public let end: WorkerEnd
    /// The plugins that it had opened.
    public let plugins: [String]
    /// Starts that were under way.
    public let starts: [StartedConfig]
    /// What it wrote to standard error last.
    public let lastLines: [String]
}

/// Who can tell which plugin has crashed a worker.
public protocol CrashWitness {
    /// Nil: it cannot be told.
    func culprit(_ scene: CrashScene) -> Culprit?
}

/// Blames the only one that can have been it: the plugin that is being started, or the only plugin of the worker.
public struct SoleSuspect: CrashWitness {
    public init() {}

    public func culprit(_ scene: CrashScene) -> Culprit? {
        if let start = scene.starts.first, scene.starts.allSatisfy({ $0.plugin == start.plugin }) {
            return Culprit(plugin: start.plugin, activity: .start)
        }
        guard scene.plugins.count == 1, let plugin = scene.plugins.first else { return nil }
        return Culprit(plugin: plugin, activity: .handle)
    }
}
