/// How long a loop polls before it sleeps: about as long as it has lately taken until something came.
///
/// To be woken costs a thread 25 to 50 µs, and whoever wakes it about as much as a system call; what comes within a few
/// microseconds is cheaper to wait for awake. But whoever polls keeps a processor from others. So it polls
/// - never longer than `budget`, and no longer than twice what it has lately taken;
/// - after polling in vain, only every second time, then every fourth, … until it is every 1024th: a loop whose client
///   answers slowly, or has no processor to answer on, sleeps as if there were no polling.
struct AdaptiveSpin {
    /// Nanoseconds; 0: never.
    let budget: UInt64
    /// What it has lately taken, as a moving average, in nanoseconds.
    private(set) var expected: UInt64
    /// How often in a row it has polled in vain.
    private var misses = 0
    /// How many times it sleeps at once before it polls again.
    private var rest = 0

    private static let mostMisses = 10
    /// So that answers that come at once do not shrink the average to nothing.
    private static let allowance: UInt64 = 2000

    init(budget: UInt64) {
        self.budget = budget
        expected = budget / 2
    }

    /// For how many nanoseconds to poll now; 0: not at all.
    mutating func limit() -> UInt64 {
        guard budget > 0 else { return 0 }
        if rest > 0 {
            rest -= 1
            return 0
        }
        return min(budget, 2 * expected + Self.allowance)
    }

    /// Something came after so many nanoseconds of polling.
    mutating func hit(after nanoseconds: UInt64) {
        expected = (7 * expected + min(nanoseconds, budget)) / 8
        misses = 0
    }

    /// Nothing came.
    mutating func miss() {
        misses = min(misses + 1, Self.mostMisses)
        rest = 1 << misses - 1
        expected = min(budget, expected + expected / 2 + Self.allowance)
    }
}
