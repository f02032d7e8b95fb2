import FlightRecording

/// What ran when a worker crashed.
public struct Culprit: Sendable, Hashable {
    public let plugin: String
    public let activity: Activity.Kind
    /// Of the event's, if there was one.
    public let phase: String?
    public let instance: Int32?

    public init(plugin: String, activity: Activity.Kind, phase: String? = nil, instance: Int32? = nil) {
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
    /// What its own threads have left.
    public let report: CrashReport?
    /// The plugins that it had opened.
    public let plugins: [LoadedFacts]
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

/// Blames who was running. Where nothing tells (`_exit`), the only one that can have been it: the plugin that is being
/// started, or the only plugin of the worker.
public struct FlightWitness: CrashWitness {
    public init() {}

    public func culprit(_ scene: CrashScene) -> Culprit? {
        guard let report = scene.report else { return soleSuspect(scene) }
        if let activity = report.activity {
            return Culprit(
                plugin: activity.plugin, activity: activity.kind, phase: activity.phase, instance: activity.instance)
        }
        let files = Dictionary(scene.plugins.flatMap { [($0.path, $0.plugin), ($0.mappedPath, $0.plugin)] }) { first, _ in first }
        return report.culprit(amongFiles: files).map { Culprit(plugin: $0, activity: .task) }
    }

    private func soleSuspect(_ scene: CrashScene) -> Culprit? {
        if let start = scene.starts.first, scene.starts.allSatisfy({ $0.plugin == start.plugin }) {
            return Culprit(plugin: start.plugin, activity: .start)
        }
        guard scene.plugins.count == 1, let facts = scene.plugins.first else { return nil }
        return Culprit(plugin: facts.plugin, activity: .handler)
    }
}
