import Glibc

/// How a worker has ended.
public enum WorkerEnd: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    /// - Parameter status: what `waitpid` says.
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
    }

    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .killed(let signal): "signal \(signal) (\(strsignal(signal).map { String(cString: $0) } ?? "unknown"))"
        }
    }

    /// Whether code of the worker has brought it about. What kills and terminates comes from others, as a rule: a person, or
    /// the kernel for want of memory.
    public var isOwnDoing: Bool {
        switch self {
        case .exited: true
        case .killed(let signal): signal != SIGKILL && signal != SIGTERM
        }
    }
}
