import Glibc

/// Seconds since 1970, as the system's clock has them.
func wallClockSeconds() -> time_t { time(nil) }
