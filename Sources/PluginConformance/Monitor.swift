// Unsafe pointers: a mutex and a condition of C's library live in memory of their own.

import Glibc

/// The one lock of an examination, and the one condition that all wait for: something has changed.
// @unchecked Sendable: mutexes and conditions are made to be shared.
final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Tells all who wait to look again.
    func changed() { pthread_cond_broadcast(condition) }

    /// Waits, with the lock, until something has changed.
    func waitForChange() { pthread_cond_wait(condition, mutex) }

    /// Waits until something is so. False: it is not, after that time.
    func wait(_ limit: Duration, until isSo: () -> Bool) -> Bool {
        let deadline = Self.now + limit
        return locked {
            while !isSo() {
                if Self.now >= deadline { return false }
                var time = timespec(deadline)
                pthread_cond_timedwait(condition, mutex, &time)
            }
            return true
        }
    }

    /// Of the clock that the condition waits by.
    private static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension timespec {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    }
}
