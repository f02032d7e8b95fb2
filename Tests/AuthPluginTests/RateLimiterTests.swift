import Dispatch
import Synchronization
import Testing

@testable import rate_limit

@Suite struct RateLimiterTests {
    @Test func noMoreAreLetThroughThanTheLimit() {
        let limiter = RateLimiter([.init(3, per: .minute)], maxKeys: 10)
        let verdicts = (0..<5).map { limiter.check("a", at: .seconds($0)) }
        #expect(verdicts.map(\.isAllowed) == [true, true, true, false, false])
        #expect(verdicts.map { $0.states[0].remaining } == [2, 1, 0, 0, 0])
        #expect(limiter.check("b", at: .seconds(4)).isAllowed)
    }

    /// At 90 % of the way to the next minute ten came; half way through that one, half of them still count.
    @Test func theWindowSlides() {
        let limiter = RateLimiter([.init(10, per: .minute)], maxKeys: 10)
        for _ in 0..<10 { #expect(limiter.check("a", at: .seconds(54)).isAllowed) }
        #expect(!limiter.check("a", at: .seconds(60)).isAllowed)
        #expect(!limiter.check("a", at: .seconds(65)).isAllowed)
        #expect((0..<10).count { _ in limiter.check("a", at: .seconds(90)).isAllowed } == 5)
        #expect((0..<20).count { _ in limiter.check("a", at: .seconds(240)).isAllowed } == 10)
    }

    @Test func inAnyWindowThereAreNoMoreThanAWholeOneAndWhatThePastIsWeighted() {
        let limiter = RateLimiter([.init(20, per: .second)], maxKeys: 10)
        let times = stride(from: 0, to: 5_000, by: 7).filter { limiter.check("a", at: .milliseconds($0)).isAllowed }
        // The estimate takes the past window for even, so that at its turn a few more fit, never twice as many.
        for time in times { #expect(times.count { (time..<time + 1000).contains($0) } <= 30) }
        #expect((95...125).contains(times.count))
    }

    @Test(arguments: [(1, RateLimiter.Window.second), (3, .minute), (100, .minute), (7, .hour), (1_000, .hour)])
    func afterTheTimeThatTheClientIsToldTheNextRequestMayCome(_ count: Int, _ window: RateLimiter.Window) {
        let limiter = RateLimiter([.init(count, per: window)], maxKeys: 10)
        let length = Duration.microseconds(window.microseconds)
        var now = length / 3
        for round in 0..<20 {
            var refused: RateLimiter.Verdict?
            while refused == nil {
                let verdict = limiter.check("a", at: now)
                if !verdict.isAllowed { refused = verdict }
                now += length / (count * 7)
            }
            let wait = refused?.states[0].reset ?? 0
            #expect(wait >= 1)
            // Not much too long either: a request is refused until the second before.
            if wait > 1 {
                #expect(!limiter.check("a", at: now - length / (count * 7) + .seconds(wait - 1)).isAllowed, "round \(round)")
            }
            now += .seconds(wait)
            #expect(limiter.check("a", at: now).isAllowed, "round \(round)")
        }
    }

    @Test func theTightestLimitDecides() {
        let limiter = RateLimiter([.init(2, per: .second), .init(3, per: .minute), .init(1000, per: .hour)], maxKeys: 10)
        #expect(limiter.check("a", at: .zero).decisive == 0)
        _ = limiter.check("a", at: .zero)
        let second = limiter.check("a", at: .milliseconds(1))
        #expect(!second.isAllowed && second.decisive == 0 && second.states.map(\.remaining) == [0, 1, 998])
        #expect(limiter.check("a", at: .seconds(3)).isAllowed)
        let minute = limiter.check("a", at: .seconds(6))
        #expect(!minute.isAllowed && minute.decisive == 1 && minute.states.map(\.isExceeded) == [false, true, false])
        // What was refused was not counted against the hour.
        #expect(minute.states[2].remaining == 997)
    }

    @Test func ofTwoWithAsManyLeftTheLongerWindowDecides() {
        let limiter = RateLimiter([.init(5, per: .second), .init(5, per: .minute)], maxKeys: 10)
        #expect(limiter.check("a", at: .zero).decisive == 1)
    }

    @Test func hugeLimitsAndTimesAreNoTrouble() {
        let limiter = RateLimiter([.init(.max, per: .hour), .init(-5, per: .second)], maxKeys: 1)
        #expect(limiter.check("a", at: .seconds(300 * 365 * 86400)).isAllowed)
        #expect(!limiter.check("a", at: .seconds(300 * 365 * 86400)).isAllowed)
        // A thread that comes with an earlier time.
        #expect(!limiter.check("a", at: .zero).isAllowed)
    }

    // MARK: Room

    @Test func noMoreKeysAreKeptThanThereIsRoomForAndTheBusyOnesStay() {
        let limiter = RateLimiter([.init(100, per: .hour)], maxKeys: 8)
        for number in 0..<1000 {
            #expect(limiter.check("busy", at: .zero).isAllowed == (number < 100))
            _ = limiter.check(number, at: .zero)
        }
        // One that came once is forgotten, and starts anew.
        #expect(limiter.check(1, at: .zero).states[0].remaining == 99)
        #expect(!limiter.check("busy", at: .zero).isAllowed)
    }

    @Test func aTableNeverGrowsBeyondItsRoom() {
        var table = CounterTable(limits: 2, capacity: 3)
        var places: Set<Int> = []
        for hash in 0..<100 { places.insert(table.place(of: hash)) }
        #expect(places == [0, 1, 2])
        let place = table.place(of: 99)
        table[place, 1].current = 7
        #expect(table[table.place(of: 99), 1].current == 7)
        #expect(table[table.place(of: 5), 1].current == 0)
    }

    @Test func threadsCountTogether() async {
        let limiter = RateLimiter([.init(10_000, per: .hour)], maxKeys: 100_000)
        let allowed = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for number in 0..<5_000 {
                if limiter.check(number % 2, at: .zero).isAllowed { allowed.add(1, ordering: .relaxed) }
            }
        }
        #expect(allowed.load(ordering: .relaxed) == 20_000)
    }
}
