import PluginLoader

/// What a supervisor and a worker tell each other.
public enum ControlMessage: Sendable, Hashable {
    // From the supervisor.

    /// A plugin as a worker before has had it. Before `begin`; with its file.
    case image(KeptFacts)
    /// How the worker is to be.
    case begin(WorkerTask)
    /// An instance that was started in another worker.
    case restore(KeptInstance)
    /// There are no more to restore; `ready` is the answer.
    case restored
    /// Accept connections. With the listening socket.
    case serve
    /// Another worker takes over: accept no more, hand each connection over when it is idle, and end.
    case retire
    /// Serve a connection that another worker has had. With its socket.
    case adopt(MovedConnection)
    /// End, when the running events are over.
    case shutDown
    /// Logs have been moved.
    case reopenLogs
    /// The answer is a `report` with the same number.
    case query(number: Int64, about: String)

    // From a worker.

    /// A plugin has been opened. With its file.
    case loaded(LoadedFacts)
    /// What is at a plugin's path has not been taken; nor, perhaps, the directory.
    case refused(RefusedFacts)
    /// All plugins are open that there are. The answer is each instance, and `restored`; or an end, if it is not to take over.
    case opened
    /// All plugins are open, all instances started.
    case ready
    /// A plugin is about to be started; `startEnded` comes when it has answered.
    /// With the instance whose start it is, if Kong may be told its id by the worker's last words.
    case starting(number: Int64, StartedConfig, instance: KeptInstance?)
    case startEnded(number: Int64)
    /// Kong is about to be told the id of an instance.
    case started(KeptInstance)
    case closed(id: Int32)
    /// What does this id mean? Answered with `restore` if it is known, and then with the same.
    case inquire(id: Int32)
    /// A connection for another worker: for that of an epoch, or for whichever is the newest. With its socket.
    case moved(MovedConnection, epoch: Int?)
    case report(number: Int64, JSONValue)
}

/// How a worker is to be.
public struct WorkerTask: Sendable, Hashable {
    /// The process that Kong knows as the server.
    public var serverPid: Int32
    /// 0 … 15: it is part of the ids of the worker's events.
    public var epoch: Int
    /// Whether another worker serves the same socket, and goes on until this one takes over.
    public var replacesAnother: Bool
    /// The only plugin that it hosts; nil: all of the directory.
    public var only: String?
    /// Plugins that it does not open.
    public var quarantined: [String]
    /// Starts that would end it.
    public var deadlyStarts: [StartedConfig]

    public init(
        serverPid: Int32, epoch: Int, replacesAnother: Bool = false, only: String? = nil, quarantined: [String] = [], deadlyStarts: [StartedConfig] = []
    ) {
        self.serverPid = serverPid
        self.epoch = epoch
        self.replacesAnother = replacesAnother
        self.only = only
        self.quarantined = quarantined
        self.deadlyStarts = deadlyStarts
    }
}

/// What a connection is besides its socket, between two messages of Kong's.
public struct MovedConnection: Sendable, Hashable {
    /// The name of its protocol; nil: nothing has come yet that tells.
    public let wireProtocol: String?
    /// What has been read, and not been taken in.
    public let unread: [UInt8]
    /// It was meant for a worker that has ended: whoever gets it answers all the same.
    public var isReturned: Bool

    public init(wireProtocol: String?, unread: [UInt8], isReturned: Bool = false) {
        self.wireProtocol = wireProtocol
        self.unread = unread
        self.isReturned = isReturned
    }
}
