import EventLoop
import Glibc
import Logging
import PluginLoader
import Statistics

/// One socket that Kong connects to, and the workers that serve it: as a rule one; while it is being replaced, two or more.
/// Everything is [loop].
final class WorkerSlot {
    /// The only plugin of its workers; nil: all.
    let plugin: String?
    let socketPath: String
    private unowned let supervisor: Supervisor
    private var loop: EventLoop { supervisor.loop }
    private var logger: Logger { supervisor.logger }

    /// Made at once where nobody listens, so that what Kong has to say meanwhile waits rather than fails. Where another server does,
    /// made when there is a worker, so that a Kong that is being reloaded uses the old server until then.
    private var listener: UnixListener?
    /// Serves.
    private(set) var current: WorkerProcess?
    /// Is about to.
    private(set) var next: WorkerProcess?
    /// Hand their connections over, and end.
    private(set) var retiring: [WorkerProcess] = []
    /// Did not answer, and has been killed; the kernel may take its time with that.
    private(set) var abandoned: WorkerProcess?
    private(set) var instances = InstanceTable()
    /// As the worker that serves has told, and those that it does not open for now.
    private(set) var plugins: [PluginStatus] = []
    private var backoff = Backoff()
    /// What a worker that has ended had, or another server, and where: the next worker is to have it too.
    private var expected: [(plugin: String, path: String)] = []
    /// How often it has been tried to get back what is missing of that.
    private var recoveries = 0
    private var waitsToStart = false
    private(set) var restarts = 0
    /// The files of the plugins that have served last: what a worker opens whose plugin's file is refused.
    private var images: [String: KeptImage] = [:]
    /// What the worker that has looked last has not taken, even if it did not take over.
    private(set) var refused: [RefusedFacts] = []
    private(set) var lastReload: WorkerStatus.LastReload?
    /// Whether the next worker takes over even if nothing has changed.
    private var isRestart = false
    private var epoch = 0
    /// Connections that came from a worker while there was none to take them.
    private var parked: [(MovedConnection, ReceivedMessage)] = []
    /// Who wants to know how the reload that is under way ends.
    private var reloadWaiters: [(ReloadOutcome) -> Void] = []
    /// Who has asked for another one meanwhile.
    private var laterReloads: [(ReloadOutcome) -> Void] = []

    private static let epochs = 16
    /// After 2, 4, 8 … s, some ten minutes in all.
    private static let mostRecoveries = 8
    /// How long a worker that is being replaced may take to finish its events before it has to end.
    private static let retirementLimit: Duration = .seconds(65)

    init(_ plugin: String?, socketPath: String, _ supervisor: Supervisor) {
        self.plugin = plugin
        self.socketPath = socketPath
        self.supervisor = supervisor
    }

    /// For the log.
    var name: String { plugin.map { "worker of \($0)" } ?? "worker" }

    /// All that run.
    var workers: [WorkerProcess] { [current, next].compactMap { $0 } + retiring }

    /// Those that can be asked something: one that opens its plugins does not listen.
    var asked: [WorkerProcess] { [current].compactMap { $0 } + retiring }

    /// The worker that serves tells of its plugins.
    func hosts(_ statuses: [PluginStatus]) {
        let names = Set(statuses.map(\.name))
        plugins = statuses + plugins.filter { supervisor.quarantine.contains($0.name) && !names.contains($0.name) }
    }

    private(set) var hasServed = false
    /// Another server listens at the socket until there is a worker.
    var takesOver: Bool { listener == nil }

    /// Kong has been told the id of an instance by a worker's last words. No worker that runs is told: its start is deadly.
    func keep(_ instance: KeptInstance) { instances.add(instance) }

    // MARK: Starting

    /// Starts the first worker.
    func open() {
        switch UnixListener.occupant(of: socketPath) {
        // What is wrong with a path is said by `takeOver`, which tries it again.
        case .nothing, .stale: try? listen()
        case .listener, .other, .unknown: break
        }
        start()
    }

    private func listen() throws(SystemError) {
        guard listener == nil else { return }
        let hasPredecessor = tellOfOther()
        listener = try UnixListener(path: socketPath, onAccept: { _ in }, onTrouble: { _ in })
        logger.notice("swift-pluginserver listens on \(socketPath), pid \(getpid())")
        // Whatever Kong asks for from now on comes here.
        guard hasPredecessor else { return }
        let inherited = supervisor.inheritance(for: self)
        inherited.forEach(inherit)
        expected = Set(inherited.map(\.plugin)).sorted().map {
            (plugin: $0, path: "\(supervisor.configuration.pluginsDirectory)/\($0).so")
        }
    }

    /// Starts a worker. It takes over when it is ready.
    func start() {
        guard next == nil, !supervisor.isShuttingDown else { return }
        waitsToStart = false
        epoch = (epoch + 1) % Self.epochs
        let worker: WorkerProcess
        do throws(WorkerStartError) {
            worker = try WorkerProcess(
                supervisor.launch, epoch: epoch, on: loop, onLine: supervisor.onLine,
                onMessage: { [unowned self] worker, received in take(received, from: worker) },
                onEnd: { [unowned self] worker, end in ended(worker, end) })
        } catch {
            logger.error("cannot start a \(name): \(error)")
            return startLater(after: backoff.next(after: nil))
        }
        next = worker
        worker.isRestart = isRestart
        isRestart = false
        for image in images.values { send(image, to: worker) }
        worker.send(.begin(supervisor.task(for: self, epoch: epoch)))
    }

    private func send(_ image: KeptImage, to worker: WorkerProcess) {
        let file = fcntl(image.descriptor, F_DUPFD_CLOEXEC, 10)
        guard file >= 0 else { return logger.warning("plugin \(image.plugin) is not kept for \(name) \(worker.pid): \(SystemError("fcntl"))") }
        let facts = KeptFacts(plugin: image.plugin.description, path: image.path, sha256: image.sha256, edition: image.edition)
        worker.send(.image(facts), with: OwnedDescriptor(owning: file))
    }

    private func startLater(after delay: Duration) {
        guard !waitsToStart else { return }
        waitsToStart = true
        if delay == .zero { return start() }
        logger.notice("the next \(name) is started in \(delay)")
        loop.schedule(after: delay) { [weak self] in
            guard let self, waitsToStart else { return }
            start()
        }
    }

    /// Replaces the worker, if there is something better.
    /// - Parameter isRestart: replaces it by the same, too.
    func reload(asRestart isRestart: Bool, _ done: @escaping (ReloadOutcome) -> Void) {
        if isRestart { self.isRestart = true }
        // The one that is being started may have looked at the files too early.
        if next != nil || waitsToStart {
            laterReloads.append(done)
        } else {
            reloadWaiters.append(done)
            start()
        }
    }

    private func finishReload(_ reason: String?, _ comparison: WorkerComparison?) {
        let outcome = ReloadOutcome(reason: reason, changes: comparison?.changes ?? [])
        let waiters = reloadWaiters
        reloadWaiters = laterReloads
        laterReloads = []
        for waiter in waiters { waiter(outcome) }
        if !reloadWaiters.isEmpty { start() }
    }

    // MARK: Messages

    private func take(_ received: ReceivedMessage, from worker: WorkerProcess) {
        switch received.message {
        case .opened: if worker === next { hasOpened(worker) }
        case .ready: if worker === next { takeOver(worker) }
        case .started(let instance):
            instances.add(instance)
            for other in workers where other !== worker && other.knowsInstances { other.send(.restore(instance)) }
            // Kong's old worker, after a reload: its connections and the new server's would go by turns, each with ids that the
            // other does not know, for as long as this server is there and says that it has started something.
            if listener?.isReplaced == true {
                supervisor.bequeath(instance)
                supervisor.shutDown("another server has taken \(socketPath), as when Kong reloads")
            }
        case .closed(let id):
            instances.remove(id)
            for other in workers where other !== worker { other.send(.closed(id: id)) }
        case .inquire(let id):
            // What another has said before the id came to Kong.
            for other in workers where other !== worker { other.receive() }
            worker.send(.inquire(id: id))
        case .moved(let connection, let epoch): move(connection, received, to: epoch)
        case .report(let number, let value): supervisor.reported(number, value, by: worker, in: self)
        // The rest is what a supervisor says.
        default: break
        }
    }

    /// A worker has opened what there is. Before any instance is started, it is known whether it is to take over.
    private func hasOpened(_ worker: WorkerProcess) {
        refused = worker.refused
        if let current {
            let comparison = WorkerComparison(
                old: (current.loaded, current.refused), new: (worker.loaded, worker.refused), isQuarantined: supervisor.quarantine.contains)
            guard comparison.isFit(asRestart: worker.isRestart) else { return reject(worker, comparison, inFavourOf: current) }
            worker.comparison = comparison
        } else {
            tellOfKept(worker)
        }
        for instance in instances.all { worker.send(.restore(instance)) }
        worker.knowsInstances = true
        worker.send(.restored)
    }

    private func reject(_ worker: WorkerProcess, _ comparison: WorkerComparison, inFavourOf old: WorkerProcess) {
        let objection = comparison.objection
        logger.error("\(objection); the old \(name) stays, pid \(old.pid)")
        next = nil
        worker.kill(SIGKILL)
        lastReload = .init(at: Int64(time(nil)), isTaken: false, summary: objection)
        finishReload(objection, comparison)
    }

    /// A worker in place of one that has ended has what that one had, as far as it can be had.
    private func tellOfKept(_ worker: WorkerProcess) {
        for refusal in worker.refused {
            guard let plugin = refusal.plugin, let image = images[plugin], !supervisor.quarantine.contains(plugin) else { continue }
            let what = "\(refusal.path) is \(refusal.isMissing ? "gone" : "refused (\(refusal.code): \(refusal.reason))")"
            // Of the directory has been said what is to be done.
            let replace = refusal.path == image.path ? "put a good file there: \(image.path.replaceCommand)" : "mend what is said above of \(refusal.path)"
            if let facts = worker.loaded.first(where: { $0.plugin == plugin }) {
                let fix = refusal.isMissing ? "\(replace); or do without it: swift-pluginserver reload \(plugin)" : replace
                logger.error("plugin \(plugin) runs on as it was, \(facts.version), \(facts.digest): \(what)\n  fix: \(fix)")
            } else {
                logger.error(
                    "plugin \(plugin) is lost to \(name) \(worker.pid): \(what), and what ran before cannot be opened again\n  fix: \(replace)")
            }
        }
    }

    /// Keeps what serves from now on. What a worker could not open may be good another time; what is gone is not.
    private func keepImages(of worker: WorkerProcess) {
        images.merge(worker.images) { $1 }
        for change in worker.comparison?.changes ?? [] where change.kind == .unloaded { images[change.plugin] = nil }
    }

    /// A worker is ready to serve.
    private func takeOver(_ worker: WorkerProcess) {
        do throws(SystemError) {
            try listen()
            guard let socket = try listener?.duplicate() else { return }
            worker.send(.serve, with: socket)
        } catch {
            logger.critical("\(supervisor.configuration.explain(socketPath, error))")
            return supervisor.fail()
        }
        let old = current
        next = nil
        current = worker
        hasServed = true
        worker.servesSince = EventLoop.now
        keepImages(of: worker)
        if let old {
            reportChangedSchemas(from: old, to: worker)
            let summary = worker.comparison?.summary ?? ""
            logger.notice("\(name) \(worker.pid) takes over from \(old.pid): \(summary)")
            lastReload = .init(at: Int64(time(nil)), isTaken: true, summary: summary)
            retire(old)
        }
        let waiting = parked
        parked = []
        for (connection, received) in waiting { move(connection, received, to: nil) }
        finishReload(nil, worker.comparison)
        supervisor.startServices()
        recoverMissing(in: worker)
    }

    /// A plugin that the worker before had, and this one could not open: on a busy machine that takes longer than it may, and
    /// nobody would look at it again.
    private func recoverMissing(in worker: WorkerProcess) {
        let missing = missing(in: worker)
        guard !missing.isEmpty else {
            expected = []
            recoveries = 0
            return
        }
        let names = missing.joined(separator: ", ")
        guard recoveries < Self.mostRecoveries else {
            logger.error("plugin \(names) is not tried again\n  fix: see above why it could not be opened; then swift-pluginserver reload")
            expected = []
            recoveries = 0
            return
        }
        recoveries += 1
        let pause = Duration.seconds(1 << recoveries)
        logger.error("plugin \(names) ran before and is missing in this \(name); it is tried again in \(pause)")
        loop.schedule(after: pause) { [weak self, weak worker] in
            // Another one has looked at the files since.
            guard let self, let worker, current === worker, !supervisor.isShuttingDown else { return }
            reload(asRestart: false) { _ in }
        }
    }

    /// What is not in a worker and should be: its file is there, and it is not quarantined.
    private func missing(in worker: WorkerProcess) -> [String] {
        let names = Set(worker.loaded.map(\.plugin))
        return expected.filter {
            !names.contains($0.plugin) && !supervisor.quarantine.contains($0.plugin) && access($0.path, F_OK) == 0
        }.map(\.plugin)
    }

    /// A reload of Kong's goes so. If it is none, there are two servers for one Kong, or two Kongs with one prefix.
    private func tellOfOther() -> Bool {
        guard case .listener(let pid, let user) = UnixListener.occupant(of: socketPath) else { return false }
        logger.warning(
            "\(socketPath) is taken from process \(pid) of user \(user), which still listens there: it keeps its connections, and gets no new ones")
        return true
    }

    /// Goes on with an instance of another server's.
    func inherit(_ instance: KeptInstance) {
        guard instances.add(instance) else { return }
        for worker in workers { worker.send(.restore(instance)) }
    }

    /// Forgets an instance that nobody asks for any more.
    func forget(_ id: Int32) {
        guard instances.remove(id) else { return }
        for worker in workers { worker.send(.closed(id: id)) }
    }

    private func reportChangedSchemas(from old: WorkerProcess, to new: WorkerProcess) {
        for facts in new.loaded {
            guard let before = old.loaded.first(where: { $0.plugin == facts.plugin }), before.schema != facts.schema else { continue }
            logger.warning("the schema of plugin \(facts.plugin) has changed: Kong reads it only when it starts")
        }
    }

    private func retire(_ worker: WorkerProcess) {
        retiring.append(worker)
        supervisor.ledger.replace(worker.pid)
        worker.send(.retire)
        worker.endsBy = EventLoop.now + Self.retirementLimit
        loop.schedule(after: Self.retirementLimit) { [weak self, weak worker] in
            guard let self, let worker, retiring.contains(where: { $0 === worker }) else { return }
            logger.warning("\(name) \(worker.pid) has not finished its events; it has to end")
            worker.send(.shutDown)
            loop.schedule(after: supervisor.endLimit) { [weak self, weak worker] in
                guard let self, let worker, retiring.contains(where: { $0 === worker }) else { return }
                worker.kill(SIGKILL)
            }
        }
    }

    /// Hands a connection to another worker.
    private func move(_ connection: MovedConnection, _ received: ReceivedMessage, to epoch: Int?) {
        var connection = connection
        var target = current
        if let epoch {
            let worker = workers.first { $0.epoch == epoch }
            connection.isReturned = worker == nil
            target = worker ?? current
        }
        guard let target else {
            if !supervisor.isShuttingDown { parked.append((connection, received)) }
            return
        }
        guard let socket = received.takeDescriptor() else { return }
        target.send(.adopt(connection), with: socket)
    }

    // MARK: Ends

    /// Kills a worker that does not answer. Another one takes its place at once, whenever it ends: what the kernel holds does not
    /// even end by SIGKILL. Kong sees its connections close with its end, as after a crash.
    func abandon(_ worker: WorkerProcess) {
        worker.kill(SIGKILL)
        // One that has not ended is enough: the next one would be held by the same.
        guard abandoned == nil else { return }
        if worker === current {
            current = nil
            restarts += 1
            abandoned = worker
            if next == nil { startLater(after: backoff.next(after: worker.servesSince.map { EventLoop.now - $0 }, isOwnDoing: false)) }
        } else if let index = retiring.firstIndex(where: { $0 === worker }) {
            retiring.remove(at: index)
            abandoned = worker
        }
    }

    private func ended(_ worker: WorkerProcess, _ end: WorkerEnd) {
        defer {
            // Unless it has crashed.
            supervisor.ledger.end(worker.pid, unfinishedAs: .cancelled)
            supervisor.workerEnded()
        }
        if worker === abandoned {
            abandoned = nil
            return supervisor.crashed(worker, end, in: self)
        }
        if let index = retiring.firstIndex(where: { $0 === worker }) {
            retiring.remove(at: index)
            if end == .exited(0) || supervisor.isShuttingDown {
                logger.info("\(name) \(worker.pid) has ended")
            } else {
                supervisor.crashed(worker, end, in: self)
            }
            return
        }
        guard worker === current || worker === next else { return }
        let hasFailedToStart = worker === next
        if worker === current {
            current = nil
            let names = Set(worker.loaded.map(\.plugin))
            expected = worker.loaded.map { ($0.plugin, $0.path) } + expected.filter { !names.contains($0.plugin) }
        } else {
            next = nil
        }
        if supervisor.isShuttingDown { return }
        if hasFailedToStart, !hasServed, case .exited(let status) = end, status != 0 {
            // It has said why. Kong starts the server again.
            return supervisor.fail()
        }
        supervisor.crashed(worker, end, in: self)
        if hasFailedToStart, current != nil {
            let directory = worker.refused.first { $0.plugin == nil }
            let reason = directory.map { "\($0.path) is refused, \($0.code): \($0.reason)" } ?? "the new \(name) ended before it was ready: \(end)"
            logger.error("\(reason); the old \(name) stays\(current.map { ", pid \($0.pid)" } ?? "")")
            lastReload = .init(at: Int64(time(nil)), isTaken: false, summary: reason)
            return finishReload(reason, worker.comparison)
        }
        restarts += 1
        guard next == nil else { return }
        let service = worker.servesSince.map { EventLoop.now - $0 }
        startLater(after: backoff.next(after: service, isOwnDoing: end.isOwnDoing))
    }

    /// Lets the workers finish, and removes the socket.
    func shutDown() {
        listener?.stop()
        listener = nil
        parked = []
        waitsToStart = false
        next?.kill(SIGKILL)
        for worker in [current].compactMap({ $0 }) + retiring { worker.send(.shutDown) }
    }
}
