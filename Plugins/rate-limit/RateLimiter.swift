import Synchronization

/// Counts requests by whoever has sent them, in memory, for all threads.
///
/// The window slides: of the requests that were counted in the window before this one, as many still count as that has in common
/// with the time from now back. Two numbers for each window are enough for that, and it lets no more through at the
/// turn of a minute than within it. Requests that are refused are not counted.
final class RateLimiter: Sendable {
    /// So that all products of a count and a time in microseconds fit into 64 bits.
    static let highestLimit = 1_000_000_000

    enum Window: Int {
        case second = 1_000_000
        case minute = 60_000_000
        case hour = 3_600_000_000

        var microseconds: Int { rawValue }

        /// As it is in the names of headers.
        var name: String {
            switch self {
            case .second: "Second"
            case .minute: "Minute"
            case .hour: "Hour"
            }
        }
    }

    struct Limit {
        let count: Int
        let window: Window

        init(_ count: Int, per window: Window) {
            self.count = min(max(count, 1), RateLimiter.highestLimit)
            self.window = window
        }
    }

    struct Verdict {
        struct State {
            var isExceeded: Bool
            /// How many requests more there may be now.
            var remaining: Int
            /// In seconds, rounded up: until the next request may come, if the limit is exceeded; else to the end of the window.
            var reset: Int
        }

        /// In the order of the limits.
        var states: [State]
        var isAllowed: Bool { !states.contains(where: \.isExceeded) }

        /// The limit that a client must care for: the exceeded one that it waits for longest, or the one with the fewest requests
        /// left, of several the one with the longest window. Nil if there are no limits.
        var decisive: Int? {
            states.indices.max { one, other in
                let (one, other) = (states[one], states[other])
                if one.isExceeded || other.isExceeded {
                    return one.isExceeded == other.isExceeded ? one.reset < other.reset : other.isExceeded
                }
                return one.remaining == other.remaining ? one.reset < other.reset : one.remaining > other.remaining
            }
        }
    }

    private final class Shard: Sendable {
        let table: Mutex<CounterTable>

        init(limits: Int, capacity: Int) { table = Mutex(CounterTable(limits: limits, capacity: capacity)) }
    }

    private let limits: [Limit]
    private let shards: [Shard]

    /// - Parameter maxKeys: of no more than so many the requests are counted. What is over is forgotten, of those first whose
    ///   requests came only once.
    init(_ limits: [Limit], maxKeys: Int) {
        self.limits = limits
        // Threads seldom meet in one of 16; and few keys are not worth dividing.
        let count = maxKeys < 1024 ? 1 : 16
        shards = (0..<count).map { _ in Shard(limits: limits.count, capacity: max(1, maxKeys / count)) }
    }

    /// Whether a request is allowed; if so, it is counted.
    /// - Parameters:
    ///   - key: kept as a hash of 64 bits, with a seed that nobody can know, so that it does not matter how long it is.
    ///   - time: since the start.
    func check(_ key: some Hashable, at time: Duration) -> Verdict {
        var hasher = Hasher()
        hasher.combine(key)
        let hash = hasher.finalize()
        let now = Int(time.components.seconds) * 1_000_000 + Int(time.components.attoseconds / 1_000_000_000_000)
        return shards[Int(hash.magnitude % UInt(shards.count))].table.withLock { table in
            let place = table.place(of: hash)
            var verdict = Verdict(
                states: limits.indices.map { table[place, $0].state(limits[$0], at: now) })
            if verdict.isAllowed {
                for index in limits.indices {
                    table[place, index].current += 1
                    verdict.states[index].remaining -= 1
                }
            }
            return verdict
        }
    }
}
