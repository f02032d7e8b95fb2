// Unsafe pointers: a thread of POSIX takes its work as a pointer.

import Glibc
import Synchronization

/// A thread of its own for an actor whose methods block: on a file, a socket, or a library in C.
///
/// ```swift
/// actor Mailer {
///     private nonisolated let thread: BlockingThread
///     nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
///
///     init() throws { thread = try BlockingThread() }
///
///     func send(_ mail: String) throws { … }          // takes as long as it takes
/// }
/// ```
///
/// Handlers run on the server's event loops, where whoever blocks keeps all other requests waiting. A handler that awaits a
/// method of such an actor is suspended, and its loop goes on.
///
/// Calls are done one after the other. The thread ends when the actor is gone and all is done.
public final class BlockingThread: SerialExecutor {
    private let work: BlockingThreadWork

    /// Starts the thread. Throws if the system has none to give.
    public init() throws {
        work = BlockingThreadWork()
        try work.start()
    }

    deinit { work.close() }

    public func enqueue(_ job: consuming ExecutorJob) {
        work.append(BlockingThreadWork.Item(job: UnownedJob(job), executor: self))
    }
}

/// What a thread has to do. The thread keeps this, not the executor, which can so go while the thread waits.
private final class BlockingThreadWork: Sendable {
    struct Item: Sendable {
        let job: UnownedJob
        /// Stays until the job is done.
        let executor: BlockingThread
    }

    private struct State {
        var items: [Item] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    // nonisolated(unsafe): a semaphore is made to be shared.
    private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func append(_ item: Item) {
        state.withLock { $0.items.append(item) }
        sem_post(semaphore)
    }

    func close() {
        state.withLock { $0.isClosed = true }
        sem_post(semaphore)
    }

    func start() throws {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        // Signals are the server's.
        var all = sigset_t(), before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<BlockingThreadWork>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard status == 0 else {
            context.release()
            throw BlockingThreadError(description: "the system gives no thread: \(String(cString: strerror(status)))")
        }
        pthread_detach(thread)
    }

    private func run() {
        while true {
            while sem_wait(semaphore) != 0 {}
            let (items, isClosed) = state.withLock { state in
                defer { state.items = [] }
                return (state.items, state.isClosed)
            }
            for item in items { item.job.runSynchronously(on: item.executor.asUnownedSerialExecutor()) }
            // Nothing comes after closing: only the executor's end closes, and each job keeps it.
            if isClosed { return }
        }
    }
}

/// Why there is no thread.
struct BlockingThreadError: Error, CustomStringConvertible {
    let description: String
}
