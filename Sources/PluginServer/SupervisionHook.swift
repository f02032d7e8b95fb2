import EventLoop
import PluginLoader
import Statistics
import Synchronization

/// What a server tells whoever looks after its process, and is told: what must outlive the process. All of it is [any].
public protocol SupervisionHook: Sendable {
    /// The process that Kong knows as the server.
    var serverPid: Int32 { get }
    /// Whether there are other processes that serve the same socket, or did.
    var hasPeers: Bool { get }
    /// 0 … 15: which of the processes that have served one socket this is. Part of the ids of its events.
    var epoch: Int { get }
    /// 1 … 2^31 - 1: an id that no instance of any process of this server has had lately.
    func nextInstanceID() -> Int32

    /// A plugin has been opened.
    func loaded(_ plugin: TakenPlugin)
    /// A plugin's file has not been taken, or the directory has not.
    func refused(_ plugin: String?, _ error: LoadError)
    /// All plugins are open that there are.
    func opened()
    /// A plugin is about to be started, which may be its end. `startEnded` comes when it has answered.
    /// - Parameter instance: whose start it is; Kong may be told its id by the last words of the process.
    func starting(_ number: UInt64, _ plugin: String, config: String, as instance: InstanceSeed?)
    func startEnded(_ number: UInt64)
    /// Whether a start with this configuration has ended a process before.
    func isDeadly(_ plugin: String, config: String) -> Bool

    /// Whether another process may have started instances that this one has not been told of yet.
    var mayHaveMissed: Bool { get }
    /// What an id means that is unknown here; `Server.inquired` is the answer, after what there is to be told.
    func inquire(_ id: Int32)

    /// Kong is about to be told the id of an instance.
    func started(_ instance: InstanceSeed)
    func closed(_ id: Int32)

    /// Another process shall serve a connection: that of an epoch, or whichever is the newest.
    func moved(_ connection: HandedConnection, _ socket: consuming OwnedDescriptor, epoch: Int?)

    /// The process is about to end as it should: what it has done in all.
    func ending(with statistics: ServerStatistics)
}

/// A plugin that has been opened.
public struct TakenPlugin: Sendable {
    public let name: String
    public let version: String
    /// Its schema as Kong has it, as JSON text.
    public let schema: String
    /// What it was loaded from.
    public let file: PluginFile
    /// Of the file; empty: not known.
    public let sha256: String
    /// Whether it was loaded from the image that was kept of a file, and not from what is at that file's path.
    public let isKept: Bool
}

/// What it takes to start an instance again.
public struct InstanceSeed: Sendable {
    public let id: Int32
    public let plugin: String
    /// JSON text.
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

/// What a connection is besides its socket, when Kong waits for nothing on it.
public struct HandedConnection: Sendable {
    /// "ProtoBuf:1" or "MsgPack:1"; nil: nothing has come yet that tells.
    public let wireProtocol: String?
    /// What has been read, and not been taken in.
    public let unread: [UInt8]
    /// The process whose event is meant by what has been read has ended.
    public let isReturned: Bool

    public init(wireProtocol: String?, unread: [UInt8], isReturned: Bool = false) {
        self.wireProtocol = wireProtocol
        self.unread = unread
        self.isReturned = isReturned
    }
}

/// Nobody looks after the process: all ends with it.
public final class Unsupervised: SupervisionHook {
    public let serverPid: Int32
    public let hasPeers = false
    public let epoch = Int.random(in: 0..<EventID.epochs)
    // Starts anywhere, so that an id that Kong has kept from an earlier server means nothing here.
    private let lastID = Mutex(Int32.random(in: 1..<Int32.max))

    /// - Parameter pid: of this process.
    public init(pid: Int32) {
        serverPid = pid
    }

    public func nextInstanceID() -> Int32 {
        lastID.withLock { lastID in
            lastID = lastID == .max ? 1 : lastID + 1
            return lastID
        }
    }

    public func loaded(_ plugin: TakenPlugin) {}
    public func refused(_ plugin: String?, _ error: LoadError) {}
    public func opened() {}
    public func starting(_ number: UInt64, _ plugin: String, config: String, as instance: InstanceSeed?) {}
    public func startEnded(_ number: UInt64) {}
    public func isDeadly(_ plugin: String, config: String) -> Bool { false }
    public let mayHaveMissed = false
    public func inquire(_ id: Int32) {}
    public func started(_ instance: InstanceSeed) {}
    public func closed(_ id: Int32) {}
    public func moved(_ connection: HandedConnection, _ socket: consuming OwnedDescriptor, epoch: Int?) {}
    public func ending(with statistics: ServerStatistics) {}
}
