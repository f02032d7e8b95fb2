// Unsafe pointers: an executor is passed through C as the context of a scheduled task; and it owns the memory of what it lends.

import CKongPlugin

/// Runs a handler's tasks on the event loop of its event, so that handlers need no thread of their own and no lock.
// @unchecked Sendable: all that changes is used on the loop's thread only.
final class LoopExecutor: HandlerExecutor, @unchecked Sendable {
    private let host: UnsafePointer<kong_host>
    private let loop: kong_loop
    /// Those that wait, from `firstJob` on: one task of the loop for each, so that the host knows which event it is for.
    private var jobs: [UnownedJob] = []
    private var firstJob = 0
    /// Tasks that wait for an event.
    private var idleTasks: [HandlerTask] = []
    /// What synchronous handlers are given, one after the other.
    private let lending: UnsafeMutablePointer<Lending>
    /// While `resumeNow` waits for the job that it brings about, and that job.
    private var isResuming = false
    private var resumedJob: UnownedJob?

    /// As many tasks as that wait for events; more have been needed for events that ran at the same time, and end.
    private static let idleTaskLimit = 1024
    /// Jobs that have run are forgotten when there are as many, and more than those that wait.
    private static let mostDoneJobs = 256

    init(host: UnsafePointer<kong_host>, loop: kong_loop) {
        self.host = host
        self.loop = loop
        lending = .allocate(capacity: 1)
        lending.initialize(to: Lending())
    }

    deinit {
        lending.deinitialize(count: 1)
        lending.deallocate()
    }

    override func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if host.pointee.current_loop(host) == loop {
            if isResuming {
                isResuming = false
                resumedJob = job
            } else {
                enqueueOnLoop(job)
            }
        } else {
            // From a thread of Dispatch, as after Task.sleep.
            run { [self] in enqueueOnLoop(job) }
        }
    }

    @discardableResult
    override func run(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Box(body))
        let status = host.pointee.schedule(
            host, loop,
            { context in
                guard let context else { return }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            }, box.toOpaque())
        if status != kong_status(KONG_OK) { box.release() }
        return status == kong_status(KONG_OK)
    }

    // MARK: Handlers [loop]

    /// Memory of its own, and no property: the runtime would look at each access to it.
    private struct Lending {
        var kong: Kong?
        var isLent = false
    }

    /// Lends a `Kong` for an event that is over when `body` returns.
    @inline(__always)
    func withKong(for event: kong_event, _ phase: Phase, of runtime: PluginRuntime, _ body: (Kong) -> Void) {
        // One handler within another: no host does that.
        if lending.pointee.isLent { return body(Kong(runtime: runtime, event: event, phase: phase, executor: self)) }
        lending.pointee.isLent = true
        defer { lending.pointee.isLent = false }
        if isKnownUniquelyReferenced(&lending.pointee.kong) {
            lending.pointee.kong?.reuse(for: event, phase)
        } else {
            // There is none yet, or a handler has kept it, and goes on being told that its event is over.
            lending.pointee.kong = Kong(runtime: runtime, event: event, phase: phase, executor: self)
        }
        guard let kong = lending.pointee.kong else { return }
        Unmanaged.passUnretained(kong)._withUnsafeGuaranteedRef { body($0) }
    }

    func takeIdle() -> HandlerTask? { idleTasks.popLast() }

    func putIdle(_ task: HandlerTask) { idleTasks.append(task) }

    var keepsIdleTask: Bool { idleTasks.count < Self.idleTaskLimit }

    /// Resumes a task that runs here, and lets it run at once: what it does before it first waits has been done when this
    /// returns.
    func resumeNow(_ continuation: UnsafeContinuation<Void, Never>) {
        isResuming = true
        continuation.resume()
        isResuming = false
        guard let job = resumedJob else { return }
        resumedJob = nil
        job.runSynchronously(on: asUnownedTaskExecutor())
    }

    // MARK: Jobs

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private func enqueueOnLoop(_ job: UnownedJob) {
        jobs.append(job)
        // The executor lives as long as the process: its runtime is never freed.
        _ = host.pointee.schedule(
            host, loop,
            { context in
                guard let context else { return }
                Unmanaged<LoopExecutor>.fromOpaque(context).takeUnretainedValue().runNextJob()
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The loop keeps the order of its tasks, and so of these.
    private func runNextJob() {
        guard firstJob < jobs.count else { return }
        let job = jobs[firstJob]
        firstJob += 1
        if firstJob == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            firstJob = 0
        } else if firstJob >= Self.mostDoneJobs, firstJob * 2 > jobs.count {
            jobs.removeFirst(firstJob)
            firstJob = 0
        }
        job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
