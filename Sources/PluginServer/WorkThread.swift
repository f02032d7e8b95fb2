// Unsafe pointers: a thread is handed its work.

import EventLoop
import Glibc

/// A thread that does one thing, and ends.
struct WorkThread {
    private let thread: pthread_t

    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let result = pthread_create(
            &thread, nil,
            { work in
                if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        guard result == 0 else {
            work.release()
            throw SystemError("pthread_create", code: result)
        }
        self.thread = thread
    }

    /// Waits until it has ended. Once.
    func join() { pthread_join(thread, nil) }
}
