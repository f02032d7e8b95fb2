/// What the workers of a supervisor have done, those included that are gone: counters that never shrink, whichever worker
/// ends, and begins at 0 again in another process.
///
/// A worker that crashes can tell nothing any more, so what it did since it was asked last is lost: ask often.
public struct WorkerLedger: Sendable {
    /// By pid, of those that run.
    private var workers: [Int32: ServerStatistics] = [:]
    /// Those whose instances another one has, too.
    private var replaced: Set<Int32> = []
    private var ended = ServerStatistics()

    public init() {}

    /// A worker has said what it has done in all.
    public mutating func record(_ statistics: ServerStatistics, of worker: Int32) {
        workers[worker] = statistics
    }

    /// What a worker that runs has said last.
    public func statistics(of worker: Int32) -> ServerStatistics { workers[worker] ?? ServerStatistics() }

    /// Another worker has taken over from this one, which finishes its events: Kong's instances are the other's.
    public mutating func replace(_ worker: Int32) {
        replaced.insert(worker)
    }

    /// A worker's process has ended.
    /// - Parameters:
    ///   - result: what the events count as that had not.
    ///   - kind: of an event that has ended it, which may have begun after the worker was asked last.
    public mutating func end(
        _ worker: Int32, unfinishedAs result: EventResult = .crashed, crashedIn kind: ServerStatistics.EventKind? = nil
    ) {
        replaced.remove(worker)
        var statistics = workers.removeValue(forKey: worker) ?? ServerStatistics()
        let isCounted = kind.map { statistics.events[$0]?.running ?? 0 > 0 } ?? true
        statistics.retire(unfinishedAs: result)
        if let kind, !isCounted { statistics.events[kind, default: EventCounts()].countCrash() }
        ended.merge(statistics)
    }

    /// Of all, running and gone.
    public var sum: ServerStatistics {
        var sum = ended
        for (worker, statistics) in workers {
            var statistics = statistics
            if replaced.contains(worker) { statistics.leaveInstances() }
            sum.merge(statistics)
        }
        return sum
    }
}
