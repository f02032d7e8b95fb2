import Glibc

extension EventLoop {
    /// Nanoseconds of a clock that only goes forward: for measuring what takes microseconds. To ask costs 20 ns. [any]
    public static var nanoseconds: UInt64 {
        var time = timespec()
        // It cannot fail for this clock.
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
