import EventLoop
import Statistics

/// What the loops have said of themselves, and who waits for their sum. [loop 0]
struct StatisticsCollection {
    /// For how long a loop is waited for: less than a supervisor waits for all of them.
    static let patience: Duration = .milliseconds(500)

    /// Of this collection, or the next one: answers may come after it.
    private(set) var number: UInt64 = 0
    /// When it ends with what there is.
    var deadline: TimerID?
    private var waiters: [@Sendable (ServerStatistics) -> Void] = []
    /// By loop; those of loops that are late are of an earlier collection, so that no counter ever shrinks.
    private var last: [Int: ServerStatistics] = [:]
    private var fresh: Set<Int> = []

    /// False: one is under way, and will do.
    mutating func begin(_ done: @escaping @Sendable (ServerStatistics) -> Void) -> Bool {
        waiters.append(done)
        return waiters.count == 1
    }

    mutating func take(_ statistics: ServerStatistics, of loop: Int) {
        last[loop] = statistics
        fresh.insert(loop)
    }

    /// How many loops have answered.
    var known: Int { fresh.count }

    /// Who has waited for this one; nil: it has ended before.
    mutating func end(_ number: UInt64) -> [@Sendable (ServerStatistics) -> Void]? {
        guard number == self.number, !waiters.isEmpty else { return nil }
        self.number += 1
        fresh = []
        defer { waiters = [] }
        return waiters
    }

    var sum: ServerStatistics { last.values.reduce(into: ServerStatistics()) { $0.merge($1) } }
}
