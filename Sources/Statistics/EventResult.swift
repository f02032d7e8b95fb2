/// How an event has ended, for its plugin.
public enum EventResult: String, CaseIterable, Sendable {
    /// The handler has returned, or has answered the client itself.
    case done
    /// The handler threw, or its instance could not be started.
    case failed
    /// The handler was not called: too many events waited for a thread, or the plugin does not handle the phase.
    case refused
    /// Kong closed the connection before the handler had returned.
    case cancelled
    /// Kong, or the handler, took longer than it may.
    case timedOut = "timed_out"
    /// The process ended while the handler ran.
    case crashed

    /// In the order of the cases, for tables.
    var index: Int {
        switch self {
        case .done: 0
        case .failed: 1
        case .refused: 2
        case .cancelled: 3
        case .timedOut: 4
        case .crashed: 5
        }
    }
}
