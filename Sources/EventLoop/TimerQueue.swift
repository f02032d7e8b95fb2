/// A timer that has been set, for cancelling it.
public struct TimerID: Hashable, Sendable {
    fileprivate let number: UInt64
}

/// The timers of one loop. There are few (one for all running events, one for shutting down …), so a scan is
/// cheaper than a heap, and there is nothing in it to get wrong.
struct TimerQueue {
    private struct Entry {
        let id: TimerID
        let due: ContinuousClock.Instant
        let body: () -> Void
    }

    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0
    private(set) var nextDue: ContinuousClock.Instant?

    mutating func add(due: ContinuousClock.Instant, _ body: @escaping () -> Void) -> TimerID {
        lastNumber += 1
        let id = TimerID(number: lastNumber)
        entries.append(Entry(id: id, due: due, body: body))
        nextDue = nextDue.map { min($0, due) } ?? due
        return id
    }

    mutating func cancel(_ id: TimerID) {
        entries.removeAll { $0.id == id }
        nextDue = entries.map(\.due).min()
    }

    /// Takes out the timers that are due, oldest first.
    mutating func takeDue(at now: ContinuousClock.Instant) -> [() -> Void] {
        guard let nextDue, nextDue <= now else { return [] }
        let due = entries.filter { $0.due <= now }.sorted { $0.due < $1.due }
        entries.removeAll { $0.due <= now }
        self.nextDue = entries.map(\.due).min()
        return due.map(\.body)
    }
}
