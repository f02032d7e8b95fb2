import Synchronization
import WireProtocol

/// One nginx worker of Kong, as a plugin server sees it: requests over a pool of connections, in one of the two protocols.
///
/// It asserts what Kong asserts, and a little more: a server that breaks a rule makes a call throw
/// `KongClientError.violation`. It blocks, as its callers are tests, the demo and benchmarks; several threads may use
/// one client at a time, as Kong's requests share a worker.
///
/// Sources: kong/runloop/plugin_servers/rpc/mp_rpc.lua and pb_rpc.lua, recorded conversations.
public final class KongClient: Sendable {
    public let socketPath: String
    public let wireProtocol: WireProtocolKind
    let pool: ConnectionPool
    private let lastID: Mutex<Int64>
    private let lastServerPid = Mutex<Int64?>(nil)
    private let waits = Mutex(0)

    /// Connects when it first has to.
    /// - Parameters:
    ///   - timeout: for each answer of the server.
    ///   - serverMayEnd: whether any answer may be a connection's last word, as of a server that is told to end.
    public init(
        socketPath: String, protocol wireProtocol: WireProtocolKind, timeout: Duration = .seconds(10),
        choosing choice: ConnectionChoice = .newest, serverMayEnd: Bool = false
    ) {
        self.socketPath = socketPath
        self.wireProtocol = wireProtocol
        pool = ConnectionPool(path: socketPath, timeout: timeout, choice: choice, serverMayEnd: serverMayEnd)
        // Kong's first message of MessagePack has the id 1, its first sequence of ProtoBuf:1 is 2.
        lastID = Mutex(wireProtocol == .messagePack ? 0 : 1)
    }

    deinit { close() }

    /// Closes the idle connections.
    public func close() { pool.closeAll() }

    /// Opens connections until so many are idle.
    public func openConnections(_ count: Int) throws(KongClientError) { try pool.fill(to: count) }

    /// The process that the server says it is (MessagePack only); nil: it has not said so yet. Kong drops all instances
    /// when it changes.
    public var serverPid: Int64? { lastServerPid.withLock { $0 } }

    /// How often it has waited for the server in events so far: for calls of the PDK, and for events to end. What the
    /// server sends at once is one wait over ProtoBuf:1; over MessagePack each step is one.
    public var roundTrips: Int { waits.withLock { $0 } }

    func countRoundTrip() { waits.withLock { $0 += 1 } }

    func note(serverPid: Int64) { lastServerPid.withLock { $0 = serverPid } }

    func nextID() -> Int64 {
        lastID.withLock { id in
            id += 1
            return id
        }
    }

    // MARK: What Kong asks for

    /// Starts an instance of a plugin and returns its id.
    /// - Parameter config: JSON text.
    public func startInstance(_ name: String, config: String) throws(KongClientError) -> Int64 {
        try startedInstance(name, config: config).id
    }

    /// Starts an instance of a plugin and returns all that the server says of it.
    public func startedInstance(_ name: String, config: String) throws(KongClientError) -> InstanceReport {
        switch wireProtocol {
        case .messagePack:
            try InstanceReport(call("plugin.StartInstance", ["Name": .string(name), "Config": .string(config)]))
        case .protoBuf: try instanceStatus(.startInstance(name: name, config: config))
        }
    }

    @discardableResult
    public func closeInstance(_ id: Int64) throws(KongClientError) -> InstanceReport {
        switch wireProtocol {
        case .messagePack: try InstanceReport(call("plugin.CloseInstance", .integer(id)))
        case .protoBuf: try instanceStatus(.closeInstance(id))
        }
    }

    /// What the server says of an instance. Kong never asks.
    public func instanceStatus(_ id: Int64) throws(KongClientError) -> InstanceReport {
        switch wireProtocol {
        case .messagePack: try InstanceReport(call("plugin.InstanceStatus", .integer(id)))
        case .protoBuf: try instanceStatus(.getInstanceStatus(id))
        }
    }

    /// What the server says of a plugin: Name, Version, Priority, Phases, Schema. Over ProtoBuf:1 the schema is JSON text.
    public func getPluginInfo(_ name: String) throws(KongClientError) -> OwnedValue {
        switch wireProtocol {
        case .messagePack: try call("plugin.GetPluginInfo", .string(name))
        case .protoBuf: try pluginInfo(name)
        }
    }

    /// The server's plugins and their instances: MessagePack only.
    public func getStatus() throws(KongClientError) -> OwnedValue {
        guard wireProtocol == .messagePack else { throw .unsupported("GetStatus") }
        return try call("plugin.GetStatus", 0)
    }

    /// Has the plugin handle a phase of a request, and returns the PDK calls that it made.
    ///
    /// - Parameter pdk: plays Kong's PDK. A call that it throws for gets no answer, as when Kong's PDK raises an error.
    @discardableResult
    public func handleEvent(
        _ instance: Int64, _ phase: String, answering pdk: (PDKCall) throws -> PDKReply = { _ in .nothing }
    ) throws -> [PDKCall] {
        var calls: [PDKCall] = []
        let answer = { (call: PDKCall) throws -> PDKReply in
            calls.append(call)
            return try pdk(call)
        }
        switch wireProtocol {
        case .messagePack: try handleMessagePackEvent(instance, phase, answer)
        case .protoBuf: try handleProtoBufEvent(instance, phase, answer)
        }
        return calls
    }
}
