import Dispatch

/// The thread on which the events of one test run, one thing after the other, as on an event loop of the server.
// @unchecked Sendable: a queue and a key, which are safe to share and never change.
final class TestLoop: @unchecked Sendable {
    private let queue = DispatchQueue(label: "kong-test")
    private let key = DispatchSpecificKey<Bool>()

    init() { queue.setSpecific(key: key, value: true) }

    /// Whether this is the loop's thread.
    var isCurrent: Bool { DispatchQueue.getSpecific(key: key) == true }

    /// Runs `body` on the loop's thread, soon, never inside this call.
    func schedule(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
}
