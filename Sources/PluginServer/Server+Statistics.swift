import EventLoop
import Glibc
import Monitoring
import PluginLoader
import Statistics

/// What the server tells of itself, beside Kong: `swift-pluginserver status`, and Prometheus. Everything is [loop 0].
extension Server {
    /// The control socket, and the metrics, as far as they are wanted.
    func makeServices(on loop: EventLoop) -> StatusServices {
        StatusServices(
            controlPath: configuration.controlPath, metrics: configuration.metrics, on: loop, logger: logger
        ) { [unowned self] done in
            collectStatistics { [unowned self] statistics in done(status(with: statistics)) }
        }
    }

    /// Has each loop say what it has counted; who asks meanwhile gets the same. A loop that is held up is not waited for:
    /// what it said last counts.
    public func collectStatistics(_ done: @escaping @Sendable (ServerStatistics) -> Void) {
        guard collection.begin(done) else { return }
        let number = collection.number
        for context in contexts {
            context.loop.schedule { [self] in
                let statistics = context.statistics
                contexts[0].loop.schedule { [self] in
                    collection.take(statistics, of: context.loop.index)
                    if collection.known == contexts.count { finishCollection(number) }
                }
            }
        }
        collection.deadline = contexts[0].loop.schedule(after: StatisticsCollection.patience) { [self] in finishCollection(number) }
    }

    private func finishCollection(_ number: UInt64) {
        guard let waiters = collection.end(number) else { return }
        if let deadline = collection.deadline { contexts[0].loop.cancel(deadline) }
        let sum = completed(collection.sum)
        for waiter in waiters { waiter(sum) }
    }

    /// Adds what belongs to no loop.
    private func completed(_ statistics: ServerStatistics) -> ServerStatistics {
        var statistics = statistics
        for name in plugins.loaded.keys where statistics.instances[name] == nil { statistics.instances[name] = InstanceCounts() }
        for (name, counts) in instances.counts() {
            let isKnown = plugins.loaded[name] != nil || plugins.quarantined.contains(name)
            let name = isKnown ? name : LoopContext.notLoaded
            statistics.instances[name, default: InstanceCounts()].running += counts.running
            statistics.instances[name, default: InstanceCounts()].failed += counts.failed
        }
        statistics.blocking = blockingPool.counts
        return statistics
    }

    /// The whole status, for a server without a supervisor.
    private func status(with statistics: ServerStatistics) -> ServerStatus {
        let uptime = started.duration(to: EventLoop.now).components.seconds
        var status = ServerStatus(
            version: serverVersion, pid: getpid(), startedAt: startedAt, uptime: uptime, isSupervised: false)
        status.workers = [WorkerStatus(name: "", pid: getpid(), uptime: uptime, restarts: 0)]
        status.plugins = pluginStatuses
        status.statistics = statistics
        return status
    }

    /// The plugins of this process, and those that it has refused.
    public var pluginStatuses: [PluginStatus] {
        let loaded = plugins.loaded.values.map { plugin in
            var status = PluginStatus(name: plugin.name, state: .loaded)
            status.version = plugin.description.version
            status.path = plugin.path
            status.sha256 = plugin.sha256
            status.place = PluginStatus.Place(plugin.file.place)
            status.refusal = plugin.keptBecause.map { "\($0.code.rawValue): \($0.reason)" } ?? ""
            status.phases = plugin.description.phases
            return status
        }
        let refused = plugins.refusals.filter { plugins.loaded[$0.key] == nil }.map { name, error in
            var status = PluginStatus(name: name, state: .refused)
            status.path = error.subject.path
            status.reason = "\(error.code.rawValue): \(error.reason)"
            return status
        }
        return (loaded + refused).sorted { $0.name < $1.name }
    }
}

extension PluginStatus.Place {
    fileprivate init(_ place: PluginFile.Place) {
        self =
            switch place {
            case .same: .same
            case .changed: .changed
            case .missing: .missing
            }
    }
}

extension LoopContext {
    /// In place of the name of a plugin that is not there.
    static let notLoaded = "(not loaded)"

    /// What this loop has counted. [loop]
    var statistics: ServerStatistics {
        var statistics = ServerStatistics()
        let plugins = server.plugins
        for plugin in plugins.loaded.values {
            for phase in Phase.allCases {
                let counts = meter.counts(plugin.meterNumber(phase))
                guard counts != nil || plugin.handles(phase) else { continue }
                statistics.events[.init(plugin: plugin.name, phase: "\(phase)")] = counts ?? EventCounts()
            }
        }
        for phase in Phase.allCases {
            guard let counts = meter.counts(plugins.meterNumberOfOthers(phase)) else { continue }
            statistics.events[.init(plugin: Self.notLoaded, phase: "\(phase)")] = counts
        }
        for (index, name) in plugins.quarantined.enumerated() {
            for phase in Phase.allCases {
                guard let counts = meter.counts(plugins.meterNumber(ofQuarantined: index, phase)) else { continue }
                statistics.events[.init(plugin: name, phase: "\(phase)")] = counts
            }
        }
        statistics.instances = instanceCounts
        statistics.connections = connectionCounts
        statistics.connections.open = UInt64(connections.count)
        statistics.unfinishedEvents = UInt64(events.count)
        return statistics
    }
}
