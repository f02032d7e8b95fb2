import Testing

@testable import Supervision

@Suite struct BackoffTests {
    @Test func whoeverFailsAtOnceWaitsLongerEachTime() {
        var backoff = Backoff()
        let delays = (0..<9).map { _ in backoff.next(after: .milliseconds(10)) }
        let expected: [Duration] = [.zero, .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600), .milliseconds(3200), .seconds(5), .seconds(5)]
        #expect(delays == expected)
        let before = backoff.next(after: nil)
        #expect(before == .seconds(5))
    }

    @Test(arguments: [(Duration.seconds(1), true), (.milliseconds(1), false), (.seconds(100), false)])
    func whoeverHasServedBeginsAnew(_ service: Duration, _ isOwnDoing: Bool) {
        var backoff = Backoff()
        for _ in 0..<9 { _ = backoff.next(after: nil) }
        let delay = backoff.next(after: service, isOwnDoing: isOwnDoing)
        #expect(delay == .zero)
        let delays = (0..<2).map { _ in backoff.next(after: nil) }
        #expect(delays == [.zero, .milliseconds(100)])
    }

    /// Such as by the kernel, for want of memory, while it starts.
    @Test func whoeverIsKilledBeforeItServesWaits() {
        var backoff = Backoff()
        let delays = (0..<3).map { _ in backoff.next(after: nil, isOwnDoing: false) }
        #expect(delays == [.zero, .milliseconds(100), .milliseconds(200)])
    }
}
