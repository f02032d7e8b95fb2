// Unsafe pointers: what the host is given for cancelling an event.

import CKongPlugin

/// A task that runs handlers, one after another, so that an event costs no task of its own: making and ending one takes
/// several times as long as resuming it.
///
/// Its executor keeps those that wait. One whose event was cancelled ends: a task stays cancelled.
// @unchecked Sendable: used on the thread of its executor's loop only.
final class HandlerTask: @unchecked Sendable {
    private let runtime: PluginRuntime
    private let executor: LoopExecutor
    private var kong: Kong
    /// The instance has it, which the host keeps until the event is over.
    private var handler: Unmanaged<PhaseHandler>
    private var event: kong_event
    private var task: Task<Void, Never>?
    private var isBusy = true
    /// Where it waits for the next event.
    private var pause: UnsafeContinuation<Void, Never>?

    /// Begins with its first event.
    init(
        _ runtime: PluginRuntime, _ executor: LoopExecutor, _ handler: PhaseHandler, _ phase: Phase, _ event: kong_event
    ) {
        self.runtime = runtime
        self.executor = executor
        self.handler = .passUnretained(handler)
        self.event = event
        kong = Kong(runtime: runtime, event: event, phase: phase, executor: executor)
        task = Task.immediate(executorPreference: executor) { [self] in await run() }
        kong.task = task
    }

    /// Begins with another event, once it has been taken from `LoopExecutor`.
    func begin(_ handler: PhaseHandler, _ phase: Phase, _ event: kong_event) {
        guard let pause else { return }
        self.pause = nil
        self.handler = .passUnretained(handler)
        self.event = event
        isBusy = true
        if isKnownUniquelyReferenced(&kong) {
            kong.reuse(for: event, phase)
        } else {
            // A task that the last handler has left behind has it, and goes on being told that its event is over.
            kong = Kong(runtime: runtime, event: event, phase: phase, executor: executor)
            kong.task = task
        }
        executor.resumeNow(pause)
    }

    /// What the host shall give to `cancel`, as long as the handler has not returned. It stays valid until the event is
    /// finished.
    var handled: UnsafeMutableRawPointer? { isBusy ? Unmanaged.passUnretained(kong).toOpaque() : nil }

    private func run() async {
        while true {
            await runtime.run(handler.takeUnretainedValue(), kong, event)
            isBusy = false
            if Task.isCancelled { return }
            guard executor.keepsIdleTask else { return }
            await withUnsafeContinuation { continuation in
                pause = continuation
                executor.putIdle(self)
            }
        }
    }
}
