import EventLoop
import FlightRecording
import Glibc
import JSON
import Logging
import Monitoring
import PluginLoader
import Statistics

/// What a supervisor is started with.
public struct SupervisorConfiguration {
    /// The server's.
    public var version: String
    /// What is executed for a worker.
    public var workerProgram: String
    /// Its arguments, which make it a worker of this server; the first is what it is called.
    public var workerCommand: [String]
    /// Where the plugins are.
    public var pluginsDirectory: String
    /// Where Kong connects.
    public var sockets: Sockets
    /// Where people ask and tell; nil: nowhere.
    public var controlPath: String?
    /// Where Prometheus asks; nil: nowhere.
    public var metrics: ServiceAddress?
    /// How long a worker may take to end.
    public var shutdownTimeout: Duration
    /// How long a worker may leave a question without an answer; nil: for ever.
    public var workerTimeout: Duration?
    /// When a plugin is quarantined.
    public var quarantine: QuarantineLimits
    /// Where a worker writes down what it runs.
    public var makeRecorder: () throws(FlightRecorderError) -> FlightRecorder
    /// For how long a plugin may hold an event loop.
    public var handlerLimits: HandlerLimits
    /// Asks the server at the control socket, which may be another one, and waits for its answer for a moment.
    public var ask: (_ command: String, _ members: [String: JSONValue]) throws -> JSONValue
    /// What to say when a socket cannot be made.
    public var explain: (_ path: String, SystemError) -> String
    /// Whether a file that changes in the directory is reloaded.
    public var watchesDirectory: Bool
    /// Whether the server ends when the process that started it does.
    public var endsWithParent: Bool

    public enum Sockets {
        /// One worker for all plugins.
        case shared(path: String)
        /// A worker for each, with the names and the sockets' paths. Asked again when the directory has changed.
        case perPlugin(path: (String) -> String, plugins: () -> [String])
    }

    public init(
        version: String, workerProgram: String, workerCommand: [String], pluginsDirectory: String, sockets: Sockets,
        makeRecorder: @escaping () throws(FlightRecorderError) -> FlightRecorder, handlerLimits: HandlerLimits,
        explain: @escaping (_ path: String, SystemError) -> String,
        ask: @escaping (_ command: String, _ members: [String: JSONValue]) throws -> JSONValue, controlPath: String? = nil,
        metrics: ServiceAddress? = nil,
        shutdownTimeout: Duration = .seconds(10), workerTimeout: Duration? = .seconds(30), quarantine: QuarantineLimits = QuarantineLimits(),
        watchesDirectory: Bool = true, endsWithParent: Bool = true
    ) {
        self.version = version
        self.workerProgram = workerProgram
        self.workerCommand = workerCommand
        self.pluginsDirectory = pluginsDirectory
        self.sockets = sockets
        self.makeRecorder = makeRecorder
        self.handlerLimits = handlerLimits
        self.explain = explain
        self.ask = ask
        self.controlPath = controlPath
        self.metrics = metrics
        self.shutdownTimeout = shutdownTimeout
        self.workerTimeout = workerTimeout
        self.quarantine = quarantine
        self.watchesDirectory = watchesDirectory
        self.endsWithParent = endsWithParent
    }
}

/// What Kong starts: it owns the sockets, and starts, replaces and ends the workers that serve them. It runs no plugin, and
/// does nothing for an event. Everything is [loop], on the thread that calls `run`: workers end with it.
public final class Supervisor {
    let configuration: SupervisorConfiguration
    let logger: Logger
    let loop: EventLoop
    let launch: WorkerProcess.Launch
    let onLine: (String) -> Void
    private let onReopen: () -> Void
    private let witness: any CrashWitness
    /// Who has started this process. Asked before anything that takes time.
    private let parent = getppid()

    private(set) var slots: [WorkerSlot] = []
    private(set) var quarantine: Quarantine
    private var releaseTimer: TimerID?
    private(set) var isShuttingDown = false
    private var hasFailed = false
    private var services: StatusServices?
    /// What Kong has ids for from the server whose socket this one takes; nil: it has not been asked.
    var inheritance: [KeptInstance]?
    let started = EventLoop.now
    /// Seconds since 1970.
    let startedAt = Int64(time(nil))
    /// What the workers have done.
    var ledger = WorkerLedger()
    private var lastQuery: Int64 = 0
    private var queries: [Int64: () -> Void] = [:]

    /// Beyond what it may take to finish its events.
    private static let endAllowance: Duration = .seconds(5)
    /// What a process that has to end takes for its last words, and for a core.
    private static let lastWordsLimit: Duration = .seconds(30)
    /// A file is copied, and others with it: what changes within this time is one change. What has been removed may be about
    /// to come again: some copy so.
    private static let changePauses = DirectoryWatch.Pauses(change: .milliseconds(300), removal: .seconds(2))

    /// - Parameters:
    ///   - onLine: takes each line that a worker writes to standard error.
    ///   - onReopen: logs have been moved.
    public init(
        _ configuration: SupervisorConfiguration, logger: Logger, witness: any CrashWitness = FlightWitness(),
        onLine: @escaping (String) -> Void, onReopen: @escaping () -> Void
    ) throws(SystemError) {
        self.configuration = configuration
        self.logger = logger
        self.witness = witness
        self.onLine = onLine
        self.onReopen = onReopen
        quarantine = Quarantine(configuration.quarantine)
        loop = try EventLoop(index: 0)
        launch = WorkerProcess.Launch(
            program: configuration.workerProgram, command: configuration.workerCommand, counter: try SharedCounter(),
            makeRecorder: {
                do throws(FlightRecorderError) {
                    return try configuration.makeRecorder()
                } catch {
                    logger.warning("\(error); workers that crash say so themselves")
                    return nil
                }
            },
            limits: configuration.handlerLimits)
    }

    /// Serves until SIGTERM, SIGINT, or the end of the process that started it. Returns the exit status.
    public func run() throws(SystemError) -> Int32 {
        for signal in [SIGTERM, SIGINT] {
            try SignalWatch.start(signal, on: loop) { [unowned self] in shutDown("signal \(signal)") }
        }
        try SignalWatch.start(SIGUSR1, on: loop) { [unowned self] in reopenLogs() }
        try SignalWatch.start(SIGHUP, on: loop) { [unowned self] in
            reopenLogs()
            reload(nil, because: "SIGHUP") { _ in }
        }
        if configuration.endsWithParent {
            try ProcessEndWatch.start(forParent: parent, on: loop) { [unowned self] in shutDown("the process that started this one (\(parent)) has ended") }
        }
        makeSlots()
        watchDirectory()
        for slot in slots { slot.open() }
        // Another server is still asked at its own control socket.
        if !slots.contains(where: \.takesOver) { startServices() }
        lookForHeldLoops()
        keepFigures()
        loop.run()
        logger.notice("swift-pluginserver has ended")
        return hasFailed ? 1 : 0
    }

    private func makeSlots() {
        switch configuration.sockets {
        case .shared(let path):
            if slots.isEmpty { slots = [WorkerSlot(nil, socketPath: path, self)] }
        case .perPlugin(let path, let plugins):
            for plugin in plugins() where !slots.contains(where: { $0.plugin == plugin }) {
                slots.append(WorkerSlot(plugin, socketPath: path(plugin), self))
            }
        }
    }

    /// Is asked and tells, from the time on when no other server has to.
    func startServices() {
        guard services == nil, !isShuttingDown else { return }
        let services = StatusServices(
            controlPath: configuration.controlPath, metrics: configuration.metrics,
            commands: [
                "release": { [unowned self] in release($0, $1) }, "reload": { [unowned self] in reload($0, $1) },
                "instances": { [unowned self] in tellInstances($0, $1) }, "inherit": { [unowned self] in inherit($0, $1) },
            ],
            on: loop, logger: logger
        ) { [unowned self] done in status(done) }
        services.start()
        self.services = services
    }

    private func watchDirectory() {
        guard configuration.watchesDirectory else { return }
        do throws(SystemError) {
            try DirectoryWatch.start(
                configuration.pluginsDirectory, on: loop, pauses: Self.changePauses,
                onGone: { [unowned self] in
                    logger.warning(
                        "the plugins directory \(configuration.pluginsDirectory) is gone; plugins run on as they are\n  fix: put it back")
                },
                onChange: { [unowned self] change in changed(change) })
        } catch {
            logger.warning("changed plugins are not noticed: \(error)")
        }
    }

    // MARK: Workers

    /// How a new worker of a slot is to be.
    func task(for slot: WorkerSlot, epoch: Int) -> WorkerTask {
        WorkerTask(
            serverPid: getpid(), epoch: epoch, replacesAnother: slot.current != nil, only: slot.plugin, quarantined: quarantine.plugins,
            deadlyStarts: quarantine.deadlyStarts)
    }

    /// A worker has ended, and was not asked to. Its figures remain.
    func crashed(_ worker: WorkerProcess, _ end: WorkerEnd, in slot: WorkerSlot) {
        let starts = worker.unfinishedStarts.sorted { $0.key < $1.key }.map(\.value)
        let report = worker.recorder?.crash
        let scene = CrashScene(
            pid: worker.pid, end: end, report: report, plugins: worker.loaded, starts: starts, lastLines: worker.lastLines)
        let culprit = end.isOwnDoing ? witness.culprit(scene) : nil
        ledger.end(
            worker.pid, crashedIn: culprit.flatMap { culprit in culprit.phase.map { .init(plugin: culprit.plugin, phase: $0) } })
        logger.error("\(slot.name) \(worker.pid) has ended with \(end)\(worker.account(of: end))\(Self.account(report, culprit, worker))")
        guard let culprit else { return }
        if culprit.activity == .start {
            if report?.isAnswered == true, let instance = culprit.instance.flatMap({ worker.startingInstance($0) }) { slot.keep(instance) }
            for start in worker.suspectedStarts(of: culprit) {
                quarantine.addDeadly(start)
                let ids = slot.instances.ids(of: start).map { "\($0)" }.joined(separator: ", ")
                logger.error(
                    "an instance of \(start.plugin) is not started again: its start has ended a worker; \(start.account)\(ids.isEmpty ? "" : ", instance \(ids)")")
            }
        }
        switch quarantine.crashed(culprit.plugin, at: EventLoop.now) {
        case .counted(let count):
            logger.warning(
                "plugin \(culprit.plugin) has ended \(count) worker\(count == 1 ? "" : "s") within \(configuration.quarantine.window); \(configuration.quarantine.crashes) are the limit")
        case .quarantined(let time):
            logger.error(
                "plugin \(culprit.plugin) is quarantined for \(time): it has ended too many workers\n  fix: replace its file; or let it try again with: swift-pluginserver release \(culprit.plugin)")
            scheduleRelease()
        }
    }

    /// What there is to say of a crash: who, why, for whom, and where.
    private static func account(_ report: CrashReport?, _ culprit: Culprit?, _ worker: WorkerProcess) -> String {
        guard let report else { return culprit.map { ": plugin \($0.plugin), \($0.activity)" } ?? "" }
        // What is at a plugin's path by now may be another file.
        var substitutes: [String: Symboliser.Substitute] = [:]
        for facts in worker.loaded {
            guard let image = worker.images[facts.plugin] else { continue }
            substitutes[facts.mappedPath] = .init(
                name: facts.isKept ? "\(facts.path) (as it was)" : facts.mappedPath, path: "/proc/self/fd/\(image.descriptor)")
        }
        var symboliser = Symboliser(substitutes)
        return ([": \(report.summary)"] + symboliser.lines(of: report.frames).map { "  \($0)" }).joined(separator: "\n")
    }

    /// Names plugins that hold a loop, and ends the workers of those that hold it for too long.
    private func lookForHeldLoops() {
        for place in slots {
            for worker in place.workers {
                for finding in worker.lookForHeldLoops() { act(on: finding, of: worker, in: place) }
            }
        }
        loop.schedule(after: configuration.handlerLimits.interval) { [unowned self] in lookForHeldLoops() }
    }

    private func act(on finding: HeldLoops.Finding, of worker: WorkerProcess, in place: WorkerSlot) {
        switch finding {
        case .warning(_, let activity, let held):
            logger.warning("\(activity.name) has held its loop for \(held.inSeconds); other events wait")
        case .limit(let slot, let activity, let held):
            logger.error("\(activity.name) does not let go of its loop (--handler-limit); worker \(worker.pid) ends")
            if worker.recorder?.end(process: worker.pid, bySlot: slot, heldFor: held) != true { worker.kill(SIGKILL) }
            // The kernel may not let go of the thread, or the plugin has blocked the signal.
            loop.schedule(after: Self.lastWordsLimit) { [unowned self, weak worker] in
                guard let worker, place.workers.contains(where: { $0 === worker }) else { return }
                logger.error("\(place.name) \(worker.pid) has not ended; it is killed and replaced")
                place.abandon(worker)
            }
        }
    }

    /// A worker is gone.
    func workerEnded() {
        guard isShuttingDown, slots.allSatisfy({ $0.workers.isEmpty }) else { return }
        loop.stop()
    }

    // MARK: Quarantine

    private func scheduleRelease() {
        if let releaseTimer { loop.cancel(releaseTimer) }
        releaseTimer = nil
        guard let next = quarantine.nextRelease else { return }
        releaseTimer = loop.schedule(after: max(.zero, next - EventLoop.now)) { [unowned self] in
            for plugin in quarantine.releaseDue(at: EventLoop.now) {
                logger.notice("plugin \(plugin) is tried again after its quarantine; one crash, and it is quarantined again")
                reload(plugin, because: "its quarantine is over") { _ in }
            }
            scheduleRelease()
        }
    }

    // MARK: Reload

    private func changed(_ change: DirectoryWatch.Change) {
        let names = Set(change.files.compactMap { PluginName(fileName: $0)?.description }).sorted()
        guard !names.isEmpty || change.isWhole, !isShuttingDown else { return }
        var isReleased = false
        for name in names where quarantine.forget(name) { isReleased = true }
        scheduleRelease()
        startNewSlots()
        switch configuration.sockets {
        case _ where change.isWhole: reload(nil, because: "the plugins directory has changed", asRestart: isReleased) { _ in }
        case .shared: reload(nil, because: "changed: \(names.joined(separator: ", "))", asRestart: isReleased) { _ in }
        case .perPlugin:
            for name in names { reload(name, because: "its file has changed", asRestart: isReleased) { _ in } }
        }
    }

    /// Plugins that have come to the directory since.
    private func startNewSlots() {
        let count = slots.count
        makeSlots()
        for slot in slots.dropFirst(count) { slot.open() }
    }

    /// Replaces the workers that host a plugin, if there is something better; all, if none is named.
    /// - Parameter isRestart: replaces them by the same, too.
    private func reload(
        _ plugin: String?, because reason: String, asRestart isRestart: Bool = false, _ done: @escaping ([ReloadOutcome]) -> Void
    ) {
        guard !isShuttingDown else { return done([]) }
        let concerned = slots.filter { $0.plugin == nil || plugin == nil || $0.plugin == plugin }
        guard !concerned.isEmpty else { return done([]) }
        logger.notice("reloading \(plugin ?? "plugins") (\(reason))")
        var outcomes: [ReloadOutcome] = []
        for slot in concerned {
            slot.reload(asRestart: isRestart) { outcome in
                outcomes.append(outcome)
                if outcomes.count == concerned.count { done(outcomes) }
            }
        }
    }

    private func reopenLogs() {
        onReopen()
        for worker in slots.flatMap(\.workers) { worker.send(.reopenLogs) }
    }

    // MARK: The end

    var endLimit: Duration { configuration.shutdownTimeout + Self.endAllowance }

    /// Ends the workers when their events are over, and then this. A second time: ends at once.
    func shutDown(_ reason: String) {
        guard !isShuttingDown else {
            for worker in slots.flatMap(\.workers) { worker.kill(SIGKILL) }
            return
        }
        logger.notice("\(reason); shutting down")
        isShuttingDown = true
        services?.stop()
        for slot in slots { slot.shutDown() }
        loop.schedule(after: endLimit) { [unowned self] in
            for worker in slots.flatMap(\.workers) {
                logger.error("worker \(worker.pid) has not ended in time; it is killed")
                worker.kill(SIGKILL)
            }
        }
        workerEnded()
    }

    /// There is nothing to serve; why has been said.
    func fail() {
        hasFailed = true
        shutDown("cannot serve")
    }

    // MARK: Requests

    private func release(_ request: JSONValue, _ reply: @escaping @Sendable (JSONValue) -> Void) {
        guard let plugin = request["plugin"]?.asString else { return reply(Self.failure("release needs a plugin")) }
        guard quarantine.forget(plugin) else { return reply(Self.failure("plugin \(plugin) is not quarantined")) }
        scheduleRelease()
        logger.notice("plugin \(plugin) is released from its quarantine")
        reload(plugin, because: "released", asRestart: true) { reply(Self.reply(to: $0, of: plugin, asRestart: true)) }
    }

    private func reload(_ request: JSONValue, _ reply: @escaping @Sendable (JSONValue) -> Void) {
        let plugin = request["plugin"]?.asString
        if let plugin, !isKnown(plugin) {
            return reply(Self.failure("there is no plugin \(plugin.debugDescription), nor a file of it in \(configuration.pluginsDirectory)"))
        }
        startNewSlots()
        let isReleased = plugin.map { quarantine.forget($0) } ?? false
        if isReleased, let plugin { logger.notice("plugin \(plugin) is released from its quarantine") }
        scheduleRelease()
        reload(plugin, because: "asked for", asRestart: isReleased) { outcomes in
            reply(
                outcomes.isEmpty
                    ? Self.failure("there is no worker for \(plugin ?? "any plugin")") : Self.reply(to: outcomes, of: plugin, asRestart: isReleased))
        }
    }

    /// Whether a worker has the plugin, or there is a file of that name.
    private func isKnown(_ plugin: String) -> Bool {
        guard PluginName(plugin) != nil else { return false }
        if slots.contains(where: { $0.current?.loaded.contains { $0.plugin == plugin } == true }) { return true }
        return ["", "lib"].contains { access("\(configuration.pluginsDirectory)/\($0)\(plugin).so", F_OK) == 0 }
    }

    /// - Parameter plugin: the one that was named; nil: all are meant.
    private static func reply(to outcomes: [ReloadOutcome], of plugin: String?, asRestart: Bool) -> JSONValue {
        let changes = outcomes.flatMap(\.changes).sorted { $0.plugin < $1.plugin }.map(\.json)
        let failures = outcomes.compactMap { $0.failure(of: plugin, asRestart: asRestart) }
        let result: (String, JSONValue) = failures.isEmpty ? ("ok", .boolean(true)) : ("error", .string(failures.joined(separator: "; ")))
        return .object([result.0: result.1, "taken": .boolean(outcomes.allSatisfy { $0.reason == nil }), "plugins": .array(changes)])
    }

    private static func failure(_ reason: String) -> JSONValue { .object(["error": .string(reason)]) }

    /// The number of a question to a worker; `done` is called once, by `finishQuery`.
    func nextQuery(_ done: @escaping () -> Void) -> Int64 {
        lastQuery += 1
        queries[lastQuery] = done
        return lastQuery
    }

    func finishQuery(_ number: Int64) { queries.removeValue(forKey: number)?() }
}
