import EventLoop

/// Lines that each event, or each connection, may bring about: of one kind one a second is said, and with the next how many were
/// left out. A state machine without a clock.
struct LogPace {
    private struct Kind {
        var said: ContinuousClock.Instant
        var leftOut = 0
    }

    private var kinds: [String: Kind] = [:]

    private static let interval: Duration = .seconds(1)
    /// Kinds may have names that clients choose.
    private static let mostKinds = 256

    /// How many lines of this kind have been left out since the last one; nil: this one is to be, too.
    mutating func admit(_ kind: String, at now: ContinuousClock.Instant) -> Int? {
        if let known = kinds[kind], known.said.duration(to: now) < Self.interval {
            kinds[kind]?.leftOut += 1
            return nil
        }
        if kinds.count >= Self.mostKinds { kinds = kinds.filter { $0.value.said.duration(to: now) < Self.interval } }
        // So many within a second: all of them begin anew.
        if kinds.count >= Self.mostKinds { kinds = [:] }
        let leftOut = kinds[kind]?.leftOut ?? 0
        kinds[kind] = Kind(said: now)
        return leftOut
    }
}
