import EventLoop
import Glibc
import Logging
import Statistics

/// What becomes of workers that do not answer: stopped, or with loops that the kernel does not let go. Everything is [loop].
extension Supervisor {
    /// How often workers are asked, and looked at. A worker that crashes says nothing any more: what it has done since it was asked
    /// last is lost.
    static let interval: Duration = .seconds(1)
    /// So many looks of silence are told of: what takes so long is more than a busy machine.
    private static let namedAfter = 5

    /// Looks at each worker that owes an answer.
    func lookForSilence() {
        guard !isShuttingDown else { return }
        for slot in slots {
            for worker in slot.asked where worker.silence.isWaiting { look(at: worker, in: slot) }
        }
    }

    private func look(at worker: WorkerProcess, in slot: WorkerSlot) {
        let state = ProcessState(of: worker.pid)
        // A plugin that holds the loop is told of as such, and --handler-limit is its limit.
        if state.isDumpingCore || !state.isStopped && worker.runsPluginOnFirstLoop { return }
        // Without a recorder nobody knows whether that is so; and a debugger is there to stop what it looks at.
        let mayReplace = worker.recorder != nil && state.tracer == nil && slot.abandoned == nil
        let limit = mayReplace ? configuration.workerTimeout.map { max(1, Int($0.components.seconds)) } : nil
        switch worker.silence.look(namedAfter: Self.namedAfter, replacedAfter: limit) {
        case .nothing: break
        case .name: logger.warning("\(slot.name) \(worker.pid) has not answered for \(worker.silence.looks) s: \(account(of: state, worker))")
        case .replace:
            logger.error(
                "\(slot.name) \(worker.pid) has not answered for \(worker.silence.looks) s (--worker-timeout): \(account(of: state)); it is killed and replaced")
            slot.abandon(worker)
        }
    }

    private func account(of state: ProcessState) -> String {
        if state.tracer != nil { return "a debugger holds it" }
        return state.isStopped ? "it is stopped (SIGSTOP)" : "its event loops do not run"
    }

    /// With what to do about it.
    private func account(of state: ProcessState, _ worker: WorkerProcess) -> String {
        if let tracer = state.tracer { return "process \(tracer) traces it, as a debugger does; it is not replaced" }
        let fix = state.isStopped ? "; it goes on after: kill -CONT \(worker.pid)" : ""
        guard let limit = configuration.workerTimeout else { return account(of: state) + fix }
        return "\(account(of: state)); it is replaced after \(limit.components.seconds) s (--worker-timeout)\(fix)"
    }

    /// A worker has answered.
    func heard(_ worker: WorkerProcess, in slot: WorkerSlot) {
        if worker.silence.answered() { logger.notice("\(slot.name) \(worker.pid) answers again") }
    }
}
