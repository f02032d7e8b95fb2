/// How long something took, as often as it was done: buckets that are exact about how many values each holds.
public struct LatencyHistogram: Hashable, Sendable {
    /// By bucket; empty as long as nothing is counted.
    private(set) var counts: [UInt64] = []
    /// Of all values, in nanoseconds.
    public internal(set) var sum: UInt64 = 0

    public init() {}

    /// - Parameter counts: as many as there are buckets.
    init(counts: UnsafeBufferPointer<UInt64>, sum: UInt64) {
        if counts.contains(where: { $0 > 0 }) { self.counts = Array(counts) }
        self.sum = sum
    }

    public var count: UInt64 { counts.reduce(0) { $0.saturatingAdding($1) } }

    public mutating func record(_ nanoseconds: UInt64) {
        add(1, to: HistogramBuckets.index(of: nanoseconds))
        sum = sum.saturatingAdding(nanoseconds)
    }

    mutating func add(_ count: UInt64, to bucket: Int) {
        if counts.isEmpty { counts = Array(repeating: 0, count: HistogramBuckets.count) }
        counts[bucket] = counts[bucket].saturatingAdding(count)
    }

    public mutating func merge(_ other: LatencyHistogram) {
        if counts.isEmpty {
            counts = other.counts
        } else if !other.counts.isEmpty {
            for index in counts.indices { counts[index] = counts[index].saturatingAdding(other.counts[index]) }
        }
        sum = sum.saturatingAdding(other.sum)
    }

    /// What so large a share of the values does not exceed, in nanoseconds, and is at most 6.25 % more than that; nil: there
    /// are no values.
    /// - Parameter share: 0 … 1.
    public func quantile(_ share: Double) -> UInt64? {
        let total = count
        guard total > 0 else { return nil }
        let wanted = max(1, (min(max(share, 0), 1) * Double(total)).rounded(.up))
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen = seen.saturatingAdding(count)
            if Double(seen) >= wanted { return HistogramBuckets.upperBound(of: index) }
        }
        return nil
    }

    /// How many values are no greater than two to the power, in nanoseconds.
    func count(within power: Int) -> UInt64 {
        if counts.isEmpty { return 0 }
        return counts[...HistogramBuckets.lastIndex(within: power)].reduce(0) { $0.saturatingAdding($1) }
    }
}

extension UInt64 {
    /// A counter that is full stays full: what others send is counted here, too.
    func saturatingAdding(_ other: UInt64) -> UInt64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}
