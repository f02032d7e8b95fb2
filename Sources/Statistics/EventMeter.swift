// Unsafe pointers: counters lie in memory of their own, so that counting is an addition and nothing else.

/// The counters of one loop: for each plugin and phase the events, how they ended and how long they took. Nothing here is
/// shared, so nothing needs a lock; whoever wants the sum of several loops asks each on its own thread, and merges.
public final class EventMeter {
    private var cells: [EventCell?] = []

    public init() {}

    deinit {
        for cell in cells { cell?.deallocate() }
    }

    /// The counters with a number, which are made when they are first asked for.
    @inline(__always)
    public func cell(_ number: Int) -> EventCell {
        if number < cells.count, let cell = cells[number] { return cell }
        return make(number)
    }

    private func make(_ number: Int) -> EventCell {
        if number >= cells.count { cells += [EventCell?](repeating: nil, count: number + 1 - cells.count) }
        let cell = EventCell()
        cells[number] = cell
        return cell
    }

    /// What has been counted so far; nil: nothing.
    public func counts(_ number: Int) -> EventCounts? {
        number < cells.count ? cells[number]?.counts : nil
    }
}

/// The counters of one plugin and phase on one loop. They live as long as their meter.
public struct EventCell {
    private let words: UnsafeMutablePointer<UInt64>

    private static let begun = 0
    private static let calls = 1
    private static let sum = 2
    private static let results = 3
    private static let buckets = results + EventResult.allCases.count
    private static let size = buckets + HistogramBuckets.count

    fileprivate init() {
        words = .allocate(capacity: Self.size)
        words.initialize(repeating: 0, count: Self.size)
    }

    fileprivate func deallocate() { words.deallocate() }

    public func begin() { words[Self.begun] &+= 1 }

    public func countCall() { words[Self.calls] &+= 1 }

    public func end(_ result: EventResult, after nanoseconds: UInt64) {
        words[Self.results + result.index] &+= 1
        words[Self.sum] &+= nanoseconds
        words[Self.buckets + HistogramBuckets.index(of: nanoseconds)] &+= 1
    }

    fileprivate var counts: EventCounts {
        EventCounts(
            begun: words[Self.begun],
            results: Dictionary(uniqueKeysWithValues: EventResult.allCases.map { ($0, words[Self.results + $0.index]) }),
            calls: words[Self.calls],
            latency: LatencyHistogram(
                counts: UnsafeBufferPointer(start: words + Self.buckets, count: HistogramBuckets.count),
                sum: words[Self.sum]))
    }
}
