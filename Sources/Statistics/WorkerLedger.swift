/// What the workers of a supervisor have done, those included that are gone: counters that never shrink, whichever worker
/// ends, and begins at 0 again in another process.
///
/// A worker that crashes can tell nothing any more, so what it did since it was asked last is lost: ask often.
public struct WorkerLedger: Sendable {
    /// By pid, of those that run.
    private var workers: [Int32: ServerStatistics] = [:]
    private var ended = ServerStatistics()

    public init() {}

    /// A worker has said what it has done in all.
    public mutating func record(_ statistics: ServerStatistics, of worker: Int32) {
        workers[worker] = statistics
    }

    /// A worker's process has ended.
    /// - Parameter result: what the events count as that had not.
    public mutating func end(_ worker: Int32, unfinishedAs result: EventResult = .crashed) {
        guard var statistics = workers.removeValue(forKey: worker) else { return }
        statistics.retire(unfinishedAs: result)
        ended.merge(statistics)
    }

    /// Of all, running and gone.
    public var sum: ServerStatistics {
        workers.values.reduce(into: ended) { $0.merge($1) }
    }
}
