/// The events of one plugin in one phase.
public struct EventCounts: Hashable, Sendable {
    /// In the order of `EventResult`'s cases.
    private var results = [UInt64](repeating: 0, count: EventResult.allCases.count)
    public private(set) var begun: UInt64 = 0
    /// Calls of Kong's PDK that the server took from the handlers.
    public internal(set) var calls: UInt64 = 0
    /// From the beginning of an event until its handler has returned: of all that have ended but the crashed.
    public internal(set) var latency = LatencyHistogram()

    public init() {}

    init(begun: UInt64, results: [EventResult: UInt64], calls: UInt64, latency: LatencyHistogram) {
        self.begun = begun
        for (result, count) in results { self.results[result.index] = count }
        self.calls = calls
        self.latency = latency
    }

    public subscript(result: EventResult) -> UInt64 { results[result.index] }

    /// Events that have ended, in whatever way.
    public var ended: UInt64 { results.reduce(0) { $0.saturatingAdding($1) } }
    /// Events that have begun and not ended.
    public var running: UInt64 { begun > ended ? begun - ended : 0 }
    /// Events that have ended in another way than they should.
    public var unsuccessful: UInt64 { ended - self[.done] }

    public mutating func merge(_ other: EventCounts) {
        begun = begun.saturatingAdding(other.begun)
        for index in results.indices { results[index] = results[index].saturatingAdding(other.results[index]) }
        calls = calls.saturatingAdding(other.calls)
        latency.merge(other.latency)
    }

    /// One more has begun, and has ended the process.
    mutating func countCrash() {
        begun = begun.saturatingAdding(1)
        results[EventResult.crashed.index] = results[EventResult.crashed.index].saturatingAdding(1)
    }

    /// What runs will never end otherwise: its process is gone.
    mutating func endRunning(as result: EventResult) {
        results[result.index] = results[result.index].saturatingAdding(running)
    }
}
