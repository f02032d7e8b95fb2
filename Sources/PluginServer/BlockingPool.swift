// Unsafe pointers: a semaphore of C's library lives in memory of its own, and a thread is handed the pool.

import CFlightRecorder
import DequeModule
import Glibc
import Logging
import Statistics
import Synchronization

/// Threads for plugins that may block: they do one thing after the other, and event loops never wait for them.
///
/// Threads are started as they are needed, and stay.
// @unchecked Sendable: the semaphore is made to be shared; the rest is behind a lock or never changes.
final class BlockingPool: @unchecked Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var queue = Deque<Work>()
        var threads = 0
        var idleThreads = 0
        /// Threads that have places in the flight recorder.
        var enteredThreads = 0
    }

    private let state = Mutex(State())
    private let hasWork = Semaphore()
    private let threadLimit: Int
    private let queueLimit: Int
    private let logger: Logger
    /// The first place in the flight recorder that is for such a thread.
    private let firstSlot: Int

    init(threadLimit: Int, queueLimit: Int, firstSlot: Int, logger: Logger) {
        self.firstSlot = firstSlot
        self.threadLimit = threadLimit
        self.queueLimit = queueLimit
        self.logger = logger
    }

    /// Has a thread do something, soon.
    /// - Parameter isBounded: whether it may be refused when as much waits already as may wait.
    /// - Returns: false if it is refused.
    func submit(isBounded: Bool, _ work: @escaping Work) -> Bool {
        let (accepted, needsThread) = state.withLock { state -> (Bool, Bool) in
            // What idle threads are about to take does not wait.
            let waiting = state.queue.count - state.idleThreads - (threadLimit - state.threads)
            if isBounded, waiting >= queueLimit { return (false, false) }
            state.queue.append(work)
            let needsThread = state.queue.count > state.idleThreads && state.threads < threadLimit
            if needsThread { state.threads += 1 }
            return (true, needsThread)
        }
        guard accepted else { return false }
        if needsThread { startThread() }
        hasWork.signal()
        return true
    }

    var counts: BlockingCounts {
        let (threads, idle, queued) = state.withLock { ($0.threads, $0.idleThreads, $0.queue.count) }
        var counts = BlockingCounts()
        counts.threads = UInt64(threads)
        // What an idle thread is about to take does not wait for one.
        let taken = min(idle, queued)
        counts.idleThreads = UInt64(idle - taken)
        counts.queued = UInt64(queued - taken)
        return counts
    }

    private func startThread() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<BlockingPool>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard result != 0 else {
            pthread_detach(thread)
            return
        }
        context.release()
        let threads = state.withLock { state in
            state.threads -= 1
            return state.threads
        }
        // The work stays queued: a thread that there is will come to it, or the next submission starts one.
        logger.error("a thread for blocking plugins cannot be started (\(threads) run): error \(result)")
    }

    private func run() -> Never {
        let number = state.withLock { state in
            state.enteredThreads += 1
            return state.enteredThreads - 1
        }
        _ = flight_enter_thread(UInt32(firstSlot + number), UInt32(FLIGHT_BLOCKING_THREAD))
        while true {
            state.withLock { $0.idleThreads += 1 }
            hasWork.wait()
            let work = state.withLock { state -> Work? in
                state.idleThreads -= 1
                return state.queue.popFirst()
            }
            work?()
        }
    }
}

/// A semaphore of C's library: between threads one of which waits for the other.
// @unchecked Sendable: made to be shared.
final class Semaphore: @unchecked Sendable {
    private let memory = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        // It fails only for a value that is too large.
        sem_init(memory, 0, 0)
    }

    deinit {
        sem_destroy(memory)
        memory.deallocate()
    }

    func signal() { sem_post(memory) }

    func wait() {
        // The only error of a good semaphore is EINTR.
        while sem_wait(memory) != 0 {}
    }
}
