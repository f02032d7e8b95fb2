import Testing

@testable import Supervision

/// What the kernel tells of processes that it has killed for want of memory.
@Suite struct MemoryKillsTests {
    @Test(arguments: [
        ("nr_free_pages 12\noom_kill 3\nnuma_hit 7\n", 3), ("oom_kill 0", 0), ("oom_kill_disable 1\nnr_oom_kill 2\n", nil), ("", nil),
        ("oom_kill\n", nil), ("oom_kill -1\n", nil), ("oom_kill many\n", nil), ("oom_kill 99999999999999999999999\n", nil),
    ] as [(String, UInt64?)])
    func theNumberIsFound(_ table: String, _ count: UInt64?) {
        #expect(MemoryKills.count(in: Array(table.utf8)) == count)
    }

    @Test func whoMayHaveKilledIsTold() {
        #expect(MemoryKills.account(before: 2, now: 2).contains("the kernel has killed nobody"))
        #expect(MemoryKills.account(before: 2, now: 3).contains("the kernel has killed a process of this machine"))
        #expect(MemoryKills.account(before: 2, now: 5).contains("the kernel has killed 3 processes of this machine"))
        for (before, now) in [(nil, 3), (3, nil), (nil, nil)] as [(UInt64?, UInt64?)] {
            #expect(MemoryKills.account(before: before, now: now).contains("or the kernel"))
        }
        // A number that shrinks is none.
        #expect(MemoryKills.account(before: 3, now: 2).contains("nobody"))
    }

    /// Where there is a /proc, it says so since Linux 4.13.
    @Test func thisKernelTells() { #expect(MemoryKills.count() != nil) }
}
