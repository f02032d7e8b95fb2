import Glibc

/// The time of day.
enum WallClock {
    /// Seconds since 1970, to the millisecond, as nginx has them.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return (Double(time.tv_sec) * 1000 + (Double(time.tv_nsec) / 1e6).rounded(.down)) / 1000
    }
}
