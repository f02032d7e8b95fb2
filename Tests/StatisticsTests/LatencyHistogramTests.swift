import Testing

@testable import Statistics

@Suite struct LatencyHistogramTests {
    @Test func bucketsFollowEachOtherWithoutGaps() {
        var last: UInt64 = 0
        for index in 0..<HistogramBuckets.count {
            let bound = HistogramBuckets.upperBound(of: index)
            #expect(bound > last)
            #expect(HistogramBuckets.index(of: bound) == index)
            #expect(HistogramBuckets.index(of: last + 1) == index)
            // As wide as is promised.
            #expect(bound - last <= max(1, last / 16))
            last = bound
        }
        #expect(last == 1 << UInt64(HistogramBuckets.lastPower))
    }

    @Test func whatIsTooLongCountsAsTheLongest() {
        #expect(HistogramBuckets.index(of: .max) == HistogramBuckets.count - 1)
        #expect(HistogramBuckets.index(of: 0) == 0)
    }

    @Test func quantilesAreNeverTooLowAndHardlyTooHigh() throws {
        var histogram = LatencyHistogram()
        for value in 1...100_000 as ClosedRange<UInt64> { histogram.record(value * 37) }
        #expect(histogram.count == 100_000)
        #expect(histogram.sum == (1...100_000).reduce(0) { $0 + $1 * 37 })
        for share in [0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = Double(100_000 * share).rounded(.up) * 37
            let quantile = Double(try #require(histogram.quantile(share)))
            #expect(quantile >= exact && quantile <= exact * 1.0625 + 1, "\(share): \(quantile), not \(exact)")
        }
        #expect(histogram.quantile(0) == HistogramBuckets.upperBound(of: HistogramBuckets.index(of: 37)))
        #expect(LatencyHistogram().quantile(0.5) == nil)
    }

    @Test func countsWithinAPowerOfTwoAreExact() {
        var histogram = LatencyHistogram()
        for value in [1, 1023, 1024, 1025, 2048, 1 << 36, (1 << 36) + 1] as [UInt64] { histogram.record(value) }
        #expect(histogram.count(within: 10) == 3)
        #expect(histogram.count(within: 11) == 5)
        #expect(histogram.count(within: 36) == 6)
        #expect(histogram.count == 7)
        #expect(LatencyHistogram().count(within: 20) == 0)
    }

    @Test func mergingIsAddingValues() {
        var (one, other, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in 0..<2000 as Range<UInt64> {
            let nanoseconds = value * value * 7
            if value % 3 == 0 { one.record(nanoseconds) } else { other.record(nanoseconds) }
            both.record(nanoseconds)
        }
        var (ahead, behind) = (one, other)
        ahead.merge(other)
        behind.merge(one)
        #expect(ahead == both)
        #expect(behind == both)
        both.merge(LatencyHistogram())
        #expect(ahead == both)
        var empty = LatencyHistogram()
        empty.merge(both)
        #expect(empty == both)
    }

    @Test func whatIsFullStaysFull() {
        var histogram = LatencyHistogram()
        histogram.record(.max)
        histogram.record(.max)
        histogram.add(.max, to: 3)
        histogram.merge(histogram)
        #expect(histogram.count == .max)
        #expect(histogram.sum == .max)
    }

    @Test func aMeterCountsWhatItIsTold() throws {
        let meter = EventMeter()
        #expect(meter.counts(7) == nil)
        let cell = meter.cell(7)
        #expect(meter.counts(6) == nil)
        for _ in 0..<EventResult.allCases.count + 2 { cell.begin() }
        var expected = LatencyHistogram()
        for (index, result) in EventResult.allCases.enumerated() {
            cell.end(result, after: UInt64(index) * 1000)
            expected.record(UInt64(index) * 1000)
        }
        meter.cell(7).countCall()
        let counts = try #require(meter.counts(7))
        #expect(counts.begun == UInt64(EventResult.allCases.count + 2))
        #expect(counts.running == 2)
        #expect(counts.calls == 1)
        for result in EventResult.allCases { #expect(counts[result] == 1) }
        #expect(counts.latency == expected)
    }
}
