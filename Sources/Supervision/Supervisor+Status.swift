import EventLoop
import Glibc
import JSON
import Statistics

/// What a supervisor tells of its server: what its workers have told, and what it knows itself. Everything is [loop].
extension Supervisor {
    /// How long a worker is waited for; then what it has said last counts.
    private static let patience: Duration = .seconds(1)

    /// Asks the workers from time to time, from now on.
    func keepFigures() {
        lookForSilence()
        gather {}
        loop.schedule(after: Self.interval) { [unowned self] in keepFigures() }
    }

    /// Asks the workers that have served what they have done; `done` is called when all have answered, or have had their time.
    private func gather(_ done: @escaping () -> Void) {
        // Whoever is silent has the question still before it.
        let asked = slots.flatMap(\.asked).filter { $0.silence.looks == 0 }
        var missing = asked.count
        guard missing > 0 else { return done() }
        for worker in asked {
            let number = nextQuery {
                missing -= 1
                if missing == 0 { done() }
            }
            worker.send(.query(number: number, about: "statistics"))
            worker.silence.asked()
            loop.schedule(after: Self.patience) { [unowned self] in finishQuery(number) }
        }
    }

    /// A worker has told what it has done: asked, or by itself, which has the number 0. It runs plugins, so it may say anything.
    func reported(_ number: Int64, _ report: JSONValue, by worker: WorkerProcess, in slot: WorkerSlot) {
        heard(worker, in: slot)
        do throws(InvalidStatistics) {
            ledger.record(try ServerStatistics(report["statistics"] ?? .null), of: worker.pid)
            if case .array(let plugins)? = report["plugins"], worker === slot.current {
                var statuses: [PluginStatus] = []
                for plugin in plugins { statuses.append(try PluginStatus(plugin)) }
                slot.hosts(statuses)
            }
        } catch {
            logger.debug("worker \(worker.pid) tells what is no report: \(error)")
        }
        finishQuery(number)
    }

    /// The whole status.
    func status(_ done: @escaping @Sendable (ServerStatus) -> Void) {
        gather { [unowned self] in done(knownStatus) }
    }

    private var knownStatus: ServerStatus {
        let now = EventLoop.now
        var status = ServerStatus(
            version: configuration.version, pid: getpid(), startedAt: startedAt, uptime: started.duration(to: now).components.seconds,
            isSupervised: true)
        for slot in slots {
            guard let worker = slot.current else { continue }
            var workerStatus = WorkerStatus(
                name: slot.plugin ?? "", pid: worker.pid, uptime: worker.startedAt.duration(to: now).components.seconds,
                restarts: UInt64(slot.restarts))
            workerStatus.silence = silence(of: worker)
            workerStatus.retiring = slot.retiring.map { worker in
                let statistics = ledger.statistics(of: worker.pid)
                return RetiringStatus(
                    pid: worker.pid, events: statistics.unfinishedEvents, connections: statistics.connections.open,
                    secondsLeft: max(0, now.duration(to: worker.endsBy ?? now).components.seconds), silence: silence(of: worker))
            }
            workerStatus.lastReload = slot.lastReload
            status.workers.append(workerStatus)
        }
        status.quarantines = quarantine.plugins.map { plugin in
            let left = quarantine.release(of: plugin).map { max(0, now.duration(to: $0).components.seconds) }
            return QuarantineStatus(plugin: plugin, reason: Self.quarantineReason, secondsLeft: left)
        }
        for start in quarantine.deadlyStarts { status.deadlyStarts[start.plugin, default: 0] += 1 }
        status.plugins = plugins
        status.statistics = ledger.sum
        return status
    }

    private func silence(of worker: WorkerProcess) -> SilenceStatus? {
        guard worker.silence.looks > 0 else { return nil }
        return SilenceStatus(seconds: UInt64(worker.silence.looks), process: ProcessState(of: worker.pid).name)
    }

    private static let quarantineReason = "it has ended too many workers"

    private var plugins: [PluginStatus] {
        var plugins: [String: PluginStatus] = [:]
        for slot in slots {
            for status in slot.plugins where plugins[status.name]?.state != .loaded { plugins[status.name] = status }
            // A worker that was not taken has told why.
            for refusal in slot.refused {
                guard let name = refusal.plugin else { continue }
                var status = plugins[name] ?? PluginStatus(name: name, state: .refused)
                let reason = "\(refusal.code): \(refusal.reason)"
                if status.state == .loaded { status.refusal = reason } else { status.reason = reason }
                if status.path.isEmpty { status.path = refusal.path }
                plugins[name] = status
            }
        }
        for name in quarantine.plugins {
            var status = plugins[name] ?? PluginStatus(name: name, state: .quarantined)
            status.state = .quarantined
            status.reason = Self.quarantineReason
            plugins[name] = status
        }
        return plugins.values.sorted { $0.name < $1.name }
    }
}
