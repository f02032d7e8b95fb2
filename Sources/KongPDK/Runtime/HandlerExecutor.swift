/// Where the tasks of a handler run: on the thread on which its event's calls may be made.
// @unchecked Sendable: it has nothing; subclasses say it of themselves.
class HandlerExecutor: TaskExecutor, @unchecked Sendable {
    func enqueue(_ job: consuming ExecutorJob) {}

    /// Runs `body` on that thread. False: it is too late.
    @discardableResult
    func run(_ body: @escaping @Sendable () -> Void) -> Bool { false }
}
