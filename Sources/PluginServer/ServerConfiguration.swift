import FlightRecording
import Monitoring
import PluginLoader

/// What a server is started with.
public struct ServerConfiguration: Sendable {
    /// Where Kong connects.
    public var socketPath: String
    /// Whether the server makes that socket; if not, it serves when it is given one (`Server.serve`), and `shutDown` and
    /// `retire` say when it is to end.
    public var listens = true
    /// The only plugin that is hosted; nil: all of the directory.
    public var only: String?
    /// Plugins that are not opened; their events are over at once.
    public var quarantined: Set<String> = []
    /// Whether a request goes on without a plugin that is quarantined; if not, it is answered with status 503.
    public var passesQuarantined = false
    /// Whether images that were kept also stand in for files that are not there; if not, a plugin whose file has been removed
    /// is none.
    public var restoresMissing = false
    /// Where the plugins are.
    public var pluginsDirectory: String
    /// How plugins are judged.
    public var policy: PluginPolicy
    /// How many event loops, each with a thread of its own; at least 1.
    public var loopCount: Int
    /// For how long a loop may poll for what comes next before it sleeps; zero: never.
    public var spinBudget: Duration
    /// No message from or to Kong may be larger, in bytes. Bodies are part of messages.
    public var maxMessageSize: Int
    /// How long Kong may take for one step of an event over MessagePack, before the event counts as abandoned: Kong
    /// never comes back to an event whose call it refused, or whose client has gone.
    public var stepTimeout: Duration
    /// How long an event may take before its client is answered with status 500. Kong waits for 60 s.
    public var eventTimeout: Duration
    /// Who looks after loops that a plugin does not let go of.
    public var supervision: Supervision
    /// How long running events may take to finish when the server is asked to stop.
    public var shutdownTimeout: Duration
    /// How many threads there are for plugins that may block, at most; at least 1.
    public var blockingThreads: Int
    /// How many events may wait for one of them; what comes then is answered with status 503.
    public var blockingQueue: Int
    /// Whether the server ends when the process that started it does. A worker always does.
    public var endsWithParent: Bool
    /// Where `swift-pluginserver status` asks; nil: nowhere.
    public var controlPath: String?
    /// Where Prometheus asks; nil: nowhere.
    public var metrics: ServiceAddress?

    /// Who sees to it that a plugin's crash is told of, and that a loop that is held is given up.
    public enum Supervision: Sendable {
        /// This process: its last words are all that there is to be read.
        case none(Watchdog.Limits, crashLog: String?)
        /// Another process, with which this one shares a flight recorder.
        case supervised(FlightRecorder)
    }

    public static let defaultEventTimeout: Duration = .seconds(50)
    public static let defaultMaxMessageSize = 64 * 1024 * 1024
    public static let defaultBlockingQueue = 1024
    public static let defaultSpinBudget: Duration = .microseconds(50)

    public init(
        socketPath: String, pluginsDirectory: String, policy: PluginPolicy, loopCount: Int = 1,
        spinBudget: Duration = Self.defaultSpinBudget, maxMessageSize: Int = Self.defaultMaxMessageSize, stepTimeout: Duration = .seconds(60),
        eventTimeout: Duration = Self.defaultEventTimeout, supervision: Supervision = .none(Watchdog.Limits(), crashLog: nil),
        shutdownTimeout: Duration = .seconds(10), blockingThreads: Int = 4,
        blockingQueue: Int = Self.defaultBlockingQueue, controlPath: String? = nil, metrics: ServiceAddress? = nil,
        endsWithParent: Bool = true
    ) {
        self.socketPath = socketPath
        self.pluginsDirectory = pluginsDirectory
        self.policy = policy
        self.loopCount = max(1, loopCount)
        self.spinBudget = spinBudget
        self.maxMessageSize = maxMessageSize
        self.stepTimeout = stepTimeout
        self.eventTimeout = eventTimeout
        self.supervision = supervision
        self.shutdownTimeout = shutdownTimeout
        self.blockingThreads = max(1, blockingThreads)
        self.blockingQueue = max(0, blockingQueue)
        self.endsWithParent = endsWithParent
        self.controlPath = controlPath
        self.metrics = metrics
    }
}
