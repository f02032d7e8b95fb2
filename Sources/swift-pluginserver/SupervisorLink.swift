import EventLoop
import FlightRecording
import Glibc
import PluginLoader
import PluginServer
import Statistics
import Supervision
import Synchronization

/// Joins a worker's server to its supervisor.
// @unchecked Sendable: all is set before the server has threads, but `server` and `seeds`, which are [loop 0].
final class SupervisorLink: SupervisionHook, @unchecked Sendable {
    let task: WorkerTask
    /// Plugins as workers before have had them, until they are taken.
    private var kept: [KeptImage]
    private let connection: WorkerConnection
    private let counter: SharedCounter
    /// What the supervisor sees of what runs here; nil: nothing.
    let recorder: FlightRecorder?
    private let deadlyStarts: Set<StartedConfig>
    private let startedAt = EventLoop.now
    private let isRetiring = Atomic(false)
    private var server: Server?
    /// Instances of other workers, until all are there.
    private var seeds: [InstanceSeed]? = []

    /// Another worker has surely ended so long after this one has been started.
    private static let overlap: Duration = .seconds(120)

    /// What the supervisor has put in place; nil: no supervisor has started this process.
    static func inherited() throws -> SupervisorLink? {
        guard let connection = WorkerConnection.inherited() else { return nil }
        var kept: [KeptImage] = []
        while let received = connection.waitForMessage() {
            switch received.message {
            case .image(let facts):
                guard let file = received.takeDescriptor() else { continue }
                let image = KeptImage(
                    plugin: facts.plugin, path: facts.path, sha256: facts.sha256, edition: facts.edition, owning: file.release())
                if let image { kept.append(image) }
            case .begin(let task): return SupervisorLink(task, kept, connection, try .inherited(), try .ofSupervisor())
            default: return nil
            }
        }
        return nil
    }

    private init(
        _ task: WorkerTask, _ kept: [KeptImage], _ connection: WorkerConnection, _ counter: SharedCounter, _ recorder: FlightRecorder?
    ) {
        self.task = task
        self.kept = kept
        self.recorder = recorder
        self.connection = connection
        self.counter = counter
        deadlyStarts = Set(task.deadlyStarts)
    }

    /// Plugins as workers before have had them. What is not opened of them is closed with them. Before the server runs.
    func takeKept() -> [KeptImage] {
        defer { kept = [] }
        return kept
    }

    /// Takes messages from now on. Before the server runs.
    func start(_ server: Server, _ diagnostics: Diagnostics?) throws(SystemError) {
        self.server = server
        guard let loop = server.mainLoop else { return }
        try connection.start(on: loop) { [self] received in
            take(received, diagnostics)
        } onEnd: {
            // Nobody is left to serve for.
            _exit(1)
        }
    }

    private func take(_ received: ReceivedMessage, _ diagnostics: Diagnostics?) {
        guard let server else { return }
        switch received.message {
        case .restore(let kept):
            let seed = InstanceSeed(id: kept.id, plugin: kept.plugin, config: kept.config, startedAt: kept.startedAt)
            if seeds != nil { seeds?.append(seed) } else { server.restore(seed) }
        case .restored:
            let all = seeds ?? []
            seeds = nil
            server.restore(all) { [self] in
                connection.send(.ready)
                report(0)
            }
        case .serve: if let socket = received.takeDescriptor() { server.serve(on: socket) }
        case .retire:
            isRetiring.store(true, ordering: .relaxed)
            server.retire()
        case .adopt(let moved):
            guard let socket = received.takeDescriptor() else { return }
            server.adopt(HandedConnection(wireProtocol: moved.wireProtocol, unread: moved.unread, isReturned: moved.isReturned), socket)
        case .shutDown: server.shutDown("the supervisor says so")
        case .reopenLogs: diagnostics?.reopen()
        case .closed(let id): server.forget(id)
        case .inquire(let id): server.inquired(id)
        case .query(let number, _): report(number)
        // The rest is what a worker says.
        default: break
        }
    }

    /// Tells what the server has done so far, and what plugins it has.
    private func report(_ number: Int64) {
        server?.collectStatistics { [self] statistics in
            let plugins = server?.pluginStatuses.map(\.json) ?? []
            connection.send(.report(number: number, .object(["statistics": statistics.json, "plugins": .array(plugins)])))
        }
    }

    // MARK: What the server tells

    var serverPid: Int32 { task.serverPid }
    var epoch: Int { task.epoch }
    var hasPeers: Bool { true }

    func nextInstanceID() -> Int32 { counter.next() }

    func loaded(_ plugin: TakenPlugin) {
        connection.send(
            .loaded(
                LoadedFacts(
                    plugin: plugin.name, version: plugin.version, path: plugin.file.path, schema: plugin.schema, sha256: plugin.sha256,
                    edition: plugin.file.edition, mappedPath: plugin.file.mappedPath, isKept: plugin.isKept)),
            descriptor: plugin.file.descriptor)
    }

    func refused(_ plugin: String?, _ error: LoadError) {
        connection.send(
            .refused(RefusedFacts(plugin: plugin, path: error.subject.path, code: error.code.rawValue, reason: error.reason)))
    }

    func opened() { connection.send(.opened) }

    func starting(_ number: UInt64, _ plugin: String, config: String, as instance: InstanceSeed?) {
        connection.send(
            .starting(
                number: Int64(bitPattern: number), StartedConfig(plugin: plugin, config: config), instance: instance.map(Self.kept)))
    }

    func startEnded(_ number: UInt64) { connection.send(.startEnded(number: Int64(bitPattern: number))) }

    func isDeadly(_ plugin: String, config: String) -> Bool {
        deadlyStarts.contains(StartedConfig(plugin: plugin, config: config))
    }

    var mayHaveMissed: Bool {
        isRetiring.load(ordering: .relaxed) || task.replacesAnother && EventLoop.now - startedAt < Self.overlap
    }

    func inquire(_ id: Int32) { connection.send(.inquire(id: id)) }

    func started(_ instance: InstanceSeed) {
        connection.send(.started(Self.kept(instance)))
    }

    private static func kept(_ instance: InstanceSeed) -> KeptInstance {
        KeptInstance(id: instance.id, plugin: instance.plugin, config: instance.config, startedAt: instance.startedAt)
    }

    func closed(_ id: Int32) { connection.send(.closed(id: id)) }

    func moved(_ handed: HandedConnection, _ socket: consuming OwnedDescriptor, epoch: Int?) {
        connection.send(
            .moved(MovedConnection(wireProtocol: handed.wireProtocol, unread: handed.unread), epoch: epoch),
            descriptor: socket.number)
    }

    func ending(with statistics: ServerStatistics) {
        connection.send(.report(number: 0, .object(["statistics": statistics.json])))
    }
}
