// Unsafe pointers: a thread is handed its loop.

import CFlightRecorder
import EventLoop
import FlightRecording
import Glibc
import Logging
import Monitoring
import PluginLoader
import Statistics
import Synchronization
import WireProtocol

/// Why a server cannot be started.
public enum ServerError: Error, CustomStringConvertible {
    case plugins(LoadError)
    case socket(String, SystemError)
    case system(SystemError)
    case recorder(FlightRecorderError)

    public var description: String {
        switch self {
        case .plugins(let error): "\(error)"
        case .socket(let path, let error): "cannot listen on \(path): \(error)\n  fix: \(Self.fix(for: error, at: path))"
        case .system(let error): "\(error)"
        case .recorder(let error): "\(error)"
        }
    }

    private static func fix(for error: SystemError, at path: String) -> String {
        let directory = path.directoryPath.shellWord
        return switch error.code {
        case EEXIST: "what is there is no socket, and is left as it is; move it away: mv \(path.shellWord) \("\(path).old".shellWord)"
        case ENOENT, ENOTDIR: "make the directory, mkdir -p \(directory), or name another: -kong-prefix PATH or --socket PATH"
        case EACCES, EPERM, EROFS: "let user \(geteuid()) write to \(directory), or name another place: --socket PATH"
        case ENAMETOOLONG: "name a shorter path, of \(UnixListener.longestPath) bytes at most: --socket PATH"
        default: "mend what the reason names; swift-pluginserver doctor says more of the place"
        }
    }
}

/// The plugin server: plugins, instances and events, on as many event loops as it is given.
///
/// One loop accepts connections and deals them out in turn; a connection stays on its loop.
// @unchecked Sendable: `contexts` and `plugins` are set in `init`, before any other thread exists; the rest is [loop 0].
public final class Server: @unchecked Sendable {
    let configuration: ServerConfiguration
    let logger: Logger
    private let diagnostics: Diagnostics?
    let supervision: any SupervisionHook
    private(set) var contexts: [LoopContext] = []
    private(set) var plugins: PluginSet
    let instances: InstanceRegistry
    /// For plugins that may block.
    let blockingPool: BlockingPool
    /// What every thread runs, for whoever asks after a crash.
    let recorder: FlightRecorder

    /// Writes the records of what was loaded.
    private var recordWriter: WorkThread?
    /// For people and their tools.
    private var services: StatusServices?
    var collection = StatisticsCollection()
    let startedAt = Int64(wallClockSeconds())
    let started = EventLoop.now
    /// Who has started this process. Asked before anything that takes time.
    private let parent = getppid()
    private var listener: UnixListener?
    private var nextContext = 0
    private var shutdownDeadline: ContinuousClock.Instant?
    private var isRetiring = false
    private var nextRestore = 0

    /// How often a server that is going down looks whether its events are over.
    private static let drainInterval: Duration = .milliseconds(10)

    /// Opens the plugins and, unless it is told otherwise, listens; connections wait in the backlog until `run`.
    /// - Parameters:
    ///   - kept: plugins as another process has had them: what is opened of a plugin whose file is refused.
    ///   - supervision: who looks after this process.
    public init(
        _ configuration: ServerConfiguration, kept: [KeptImage] = [], logger: Logger, diagnostics: Diagnostics?,
        supervision: any SupervisionHook = Unsupervised(pid: getpid())
    ) throws(ServerError) {
        self.configuration = configuration
        self.logger = logger
        self.diagnostics = diagnostics
        self.supervision = supervision
        recorder = try Self.installRecorder(configuration)
        instances = InstanceRegistry(supervision: supervision, logger: logger)
        blockingPool = BlockingPool(
            threadLimit: configuration.blockingThreads, queueLimit: configuration.blockingQueue,
            firstSlot: configuration.loopCount, logger: logger)
        plugins = PluginSet(empty: configuration.pluginsDirectory)
        do throws(SystemError) {
            for index in 0..<configuration.loopCount {
                contexts.append(LoopContext(try EventLoop(index: index, spinBudget: configuration.spinBudget), self))
            }
        } catch {
            throw .system(error)
        }
        let report = LoadReport(on: configuration.pluginsDirectory, logger: logger, diagnostics: diagnostics)
        do throws(ServerError) {
            try open(kept, report)
        } catch {
            report.writeRecords()
            throw error
        }
        recordWriter = report.startWritingRecords()
    }

    /// From here on it is known of a crash who has crashed.
    private static func installRecorder(_ configuration: ServerConfiguration) throws(ServerError) -> FlightRecorder {
        // The thread that opens the plugins becomes the first loop's.
        defer { _ = flight_enter_thread(0, UInt32(FLIGHT_LOOP)) }
        switch configuration.supervision {
        case .supervised(let recorder): return install(recorder, nil)
        case .none(_, let crashLog):
            do throws(FlightRecorderError) {
                return install(
                    try FlightRecorder(
                        loops: configuration.loopCount, blockingThreads: configuration.blockingThreads, isShared: false),
                    crashLog ?? "")
            } catch {
                throw .recorder(error)
            }
        }
    }

    /// It stays to the end of the process, which may come in any place.
    private static func install(_ recorder: FlightRecorder, _ crashLog: String?) -> FlightRecorder {
        flight_install(Unmanaged.passRetained(recorder).takeUnretainedValue().page, crashLog)
        return recorder
    }

    /// Opens the plugins, and listens.
    private func open(_ kept: [KeptImage], _ report: LoadReport) throws(ServerError) {
        do throws(LoadError) {
            plugins = try PluginSet(
                configuration.pluginsDirectory, only: configuration.only, except: configuration.quarantined, kept: kept,
                restoresMissing: configuration.restoresMissing, contexts: contexts, policy: configuration.policy, report: report)
        } catch {
            supervision.refused(nil, error)
            throw .plugins(error)
        }
        for plugin in plugins.loaded.values { supervision.loaded(plugin.facts) }
        for (name, error) in plugins.refusals { supervision.refused(name, error) }
        supervision.opened()
        guard configuration.listens else { return }
        // Before the socket is there: whoever can connect can also stop the server as it should be stopped.
        do throws(SystemError) { try watchSignals() } catch { throw .system(error) }
        tellOfOther()
        do throws(SystemError) {
            listener = try UnixListener(
                path: configuration.socketPath, onAccept: { [unowned self] connection in deal(connection) },
                onTrouble: { [unowned self] error in self.report(error) })
        } catch {
            throw .socket(configuration.socketPath, error)
        }
    }

    private func report(_ error: SystemError) {
        logger.error("cannot accept connections for the moment, they wait: \(error)")
    }

    /// A reload of Kong's goes so. If it is none, there are two servers for one Kong, or two Kongs with one prefix.
    private func tellOfOther() {
        guard case .listener(let pid, let user) = UnixListener.occupant(of: configuration.socketPath) else { return }
        logger.warning(
            "\(configuration.socketPath) is taken from process \(pid) of user \(user), which still listens there: it keeps its connections, and gets no new ones")
    }

    private func watchSignals() throws(SystemError) {
        guard let main = contexts.first?.loop else { return }
        for signal in [SIGTERM, SIGINT] {
            try SignalWatch.start(signal, on: main) { [unowned self] in
                shutDown("signal \(signal)")
            }
        }
        // What Kong's own logs are reopened with, and what people use who rotate logs.
        for signal in [SIGUSR1, SIGHUP] {
            try SignalWatch.start(signal, on: main) { [unowned self] in diagnostics?.reopen() }
        }
        if configuration.endsWithParent {
            try ProcessEndWatch.start(forParent: parent, on: main) { [unowned self] in shutDown("the process that started this one (\(parent)) has ended") }
        }
    }

    func context(of loop: Int) -> LoopContext? { loop < contexts.count ? contexts[loop] : nil }

    // MARK: Running

    /// Serves until SIGTERM, SIGINT, or the end of the process that started the server. The calling thread becomes the
    /// first loop's.
    public func run() throws(ServerError) {
        guard let main = contexts.first?.loop else { return }
        do throws(SystemError) {
            try listener?.start(on: main)
            for context in contexts.dropFirst() { try Self.startThread(context) }
            if case .none(let limits, _) = configuration.supervision {
                let watchdog = Watchdog(limits, recorder, logger)
                _ = try WorkThread { watchdog.run() }
            }
        } catch {
            throw .system(error)
        }
        services = makeServices(on: main)
        services?.start()
        if configuration.listens {
            logger.notice(
                "swift-pluginserver \(serverVersion) listens on \(configuration.socketPath), \(contexts.count) loops, pid \(getpid())")
        }
        main.run()
        recordWriter?.join()
        if configuration.listens { logger.notice("swift-pluginserver has ended") }
    }

    /// The loop of the thread that calls `run`.
    public var mainLoop: EventLoop? { contexts.first?.loop }

    private static func startThread(_ context: LoopContext) throws(SystemError) {
        _ = try WorkThread {
            context.enterThread()
            context.loop.run()
        }
    }

    /// Loops get connections and instances in turn.
    func nextContextInTurn() -> LoopContext {
        defer { nextContext = (nextContext + 1) % contexts.count }
        return contexts[nextContext]
    }

    /// Gives a connection to the next loop in turn.
    private func deal(_ socket: consuming OwnedDescriptor) {
        let context = nextContextInTurn()
        if context.loop.isCurrent { return Self.open(socket, context) }
        let number = socket.release()
        context.loop.schedule { Self.open(OwnedDescriptor(owning: number), context) }
    }

    private static func open(_ socket: consuming OwnedDescriptor, _ context: LoopContext) {
        do {
            try Connection(socket, context).open()
        } catch {
            context.server.logger.error("cannot serve a connection: \(error)")
        }
    }

    /// Accepts connections on a socket that listens. [loop 0]
    public func serve(on socket: consuming OwnedDescriptor) {
        guard shutdownDeadline == nil, !isRetiring, let main = mainLoop else { return }
        let inherited = UnixListener(
            inherited: socket, path: configuration.socketPath, onAccept: { [unowned self] connection in deal(connection) },
            onTrouble: { [unowned self] error in report(error) })
        do throws(SystemError) {
            try inherited.start(on: main)
            listener = inherited
            logger.notice("worker \(getpid()) serves \(configuration.socketPath), \(contexts.count) loops")
        } catch {
            report(error)
        }
    }

    // MARK: Going down

    /// Accepts no more connections, hands each over when Kong waits for nothing on it, and ends with the last event.
    /// [loop 0]
    public func retire() {
        guard shutdownDeadline == nil, !isRetiring else { return }
        isRetiring = true
        listener?.stop()
        listener = nil
        waitUntilLeft()
    }

    private func waitUntilLeft() {
        ask({ $0.handOverConnections() }) { [self] left in
            guard shutdownDeadline == nil else { return }
            if left > 0 {
                contexts[0].loop.schedule(after: Self.drainInterval) { [self] in waitUntilLeft() }
                return
            }
            shutdownDeadline = EventLoop.now + configuration.shutdownTimeout
            stopInstances()
        }
    }

    /// Accepts no more connections, lets running events finish, and ends. A second time: ends at once. [loop 0]
    public func shutDown(_ reason: String) {
        guard shutdownDeadline == nil else { return stopLoops() }
        logger.notice("\(reason); shutting down")
        listener?.stop()
        services?.stop()
        shutdownDeadline = EventLoop.now + configuration.shutdownTimeout
        drain("events or starting instances", { $0.unfinishedEventCount() }) { [self] in
            // Before there are no instances any more: whoever is still connected would hear so.
            takeLeave(until: EventLoop.now + Self.leaveLimit)
        }
    }

    /// How long Kong gets to close what it has in its pool.
    private static let leaveLimit: Duration = .milliseconds(100)

    private func takeLeave(until deadline: ContinuousClock.Instant) {
        ask({ $0.takeLeave() }) { [self] open in
            guard open > 0, EventLoop.now < deadline else {
                return ask({ $0.closeConnections() }) { [self] _ in stopInstances() }
            }
            contexts[0].loop.schedule(after: Self.drainInterval) { [self] in takeLeave(until: deadline) }
        }
    }

    private func stopInstances() {
        instances.closeAll()
        drain("stopping instances", { $0.stoppingInstanceCount() }) { [self] in end() }
    }

    /// All is done; whoever looks after this process hears what that was.
    private func end() {
        guard supervision.hasPeers else { return stopLoops() }
        collectStatistics { [self] statistics in
            supervision.ending(with: statistics)
            stopLoops()
        }
    }

    /// Waits until nothing of a kind is unfinished on any loop, or there is no more time. [loop 0]
    private func drain(
        _ kind: String, _ count: @escaping @Sendable (LoopContext) -> Int, _ done: @escaping @Sendable () -> Void
    ) {
        ask(count) { [self] unfinished in
            if unfinished == 0 { return done() }
            guard let deadline = shutdownDeadline, EventLoop.now < deadline else {
                logger.warning("\(unfinished) \(kind) have not finished in time")
                return done()
            }
            contexts[0].loop.schedule(after: Self.drainInterval) { [self] in drain(kind, count, done) }
        }
    }

    /// Asks one loop after the other; `done` gets the sum of their answers, on the first.
    private func ask(
        _ question: @escaping @Sendable (LoopContext) -> Int, from index: Int = 0, sum: Int = 0,
        _ done: @escaping @Sendable (Int) -> Void
    ) {
        guard index < contexts.count else {
            contexts[0].loop.schedule { done(sum) }
            return
        }
        let context = contexts[index]
        context.loop.schedule { [self] in ask(question, from: index + 1, sum: sum + question(context), done) }
    }

    private func stopLoops() {
        for context in contexts.reversed() { context.loop.stop() }
    }

    // MARK: Status

    /// What GetStatus answers.
    func status(on context: LoopContext) -> JSONValue {
        var statuses: [String: JSONValue] = [:]
        for (name, plugin) in plugins.loaded {
            let (instances, lastStart, lastClose) = self.instances.statuses(of: name, on: context)
            statuses[name] = .object([
                "Name": .string(name),
                "Modtime": .integer(plugin.modifiedAt),
                "LoadTime": .integer(plugin.loadedAt),
                "Instances": .array(instances.map(\.value)),
                "LastStartInstance": .integer(lastStart),
                "LastCloseInstance": .integer(lastClose),
            ])
        }
        return .object(["Pid": .integer(Int64(supervision.serverPid)), "Plugins": .object(statuses)])
    }
}
