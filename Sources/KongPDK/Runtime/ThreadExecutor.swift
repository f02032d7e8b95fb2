// Unsafe pointers: a semaphore of C's library lives in memory of its own.

import Glibc
import Synchronization

/// Runs one handler of a blocking plugin on the thread that the host has called it on, which is the handler's until it
/// returns.
// @unchecked Sendable: the semaphore is made to be shared; the rest is behind a lock.
final class ThreadExecutor: HandlerExecutor, @unchecked Sendable {
    private enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }

    private struct State {
        var work: [Work] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let hasWork: UnsafeMutablePointer<sem_t> = {
        let memory = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        // It fails only for a value that is too large.
        sem_init(memory, 0, 0)
        return memory
    }()

    deinit {
        sem_destroy(hasWork)
        hasWork.deallocate()
    }

    override func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // What a handler has left behind and not waited for has no thread any more.
        if !add(.job(job)) { globalConcurrentExecutor.enqueue(job) }
    }

    @discardableResult
    override func run(_ body: @escaping @Sendable () -> Void) -> Bool { add(.body(body)) }

    private func add(_ work: Work) -> Bool {
        let accepted = state.withLock { state in
            if !state.hasEnded { state.work.append(work) }
            return !state.hasEnded
        }
        if accepted { sem_post(hasWork) }
        return accepted
    }

    /// The handler has returned. On its thread.
    func end() {
        state.withLock { $0.hasEnded = true }
        sem_post(hasWork)
    }

    /// Runs what there is to run until the handler has returned.
    func runUntilEnd() {
        let executor = asUnownedTaskExecutor()
        while true {
            // The only error of a good semaphore is EINTR.
            while sem_wait(hasWork) != 0 {}
            let (work, hasEnded) = state.withLock { state in
                let work = state.work
                state.work = []
                return (work, state.hasEnded)
            }
            for work in work {
                switch work {
                case .job(let job): job.runSynchronously(on: executor)
                case .body(let body): body()
                }
            }
            if hasEnded { return }
        }
    }
}
