// Unsafe pointers: arguments are lent to posix_spawn.

import Glibc
import Synchronization

/// A plugin server as Kong's worker 0 runs it: a child process with an empty environment and a pipe as its standard input.
/// One that is no longer referred to is killed.
///
/// Source: seen of Kong 3.9; `kong-observed.md`, "PROCESS".
public final class ServerProcess: Sendable {
    /// Where a standard stream goes.
    public enum Stream: Sendable {
        case nowhere
        /// A file that is made, or emptied.
        case file(String)
        /// The child gets a copy of it.
        case descriptor(Int32)
    }

    public let pid: pid_t
    private let standardInput: Int32
    private let status = Mutex<ProcessEnd?>(nil)

    /// How often is looked whether something has happened that nothing tells of.
    private static let pollInterval: UInt32 = 2000

    /// Starts a program.
    /// - Parameter environment: as "NAME=value". Kong gives none.
    public init(
        _ executable: String, _ arguments: [String], environment: [String] = [], output: Stream = .nowhere,
        errors: Stream = .nowhere
    ) throws(KongClientError) {
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else { throw .system("pipe") }
        let (reading, writing) = (pipe[0], pipe[1])
        for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(reading) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, reading, STDIN_FILENO)
        for (stream, number) in [(output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
            switch stream {
            case .nowhere: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
            case .file(let path):
                posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
            case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            }
        }
        var child = pid_t()
        let result = Self.withCStrings([executable] + arguments) { arguments in
            Self.withCStrings(environment) { posix_spawn(&child, executable, &actions, nil, arguments, $0) }
        }
        guard result == 0 else {
            close(writing)
            errno = result
            throw .system("posix_spawn", executable)
        }
        pid = child
        standardInput = writing
    }

    deinit {
        if end() == nil {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
        close(standardInput)
    }

    public func send(_ signal: Int32) {
        // A process that has been waited for may have given its number to another.
        if end() == nil { kill(pid, signal) }
    }

    /// How the process has ended; nil while it runs.
    public func end() -> ProcessEnd? {
        status.withLock { end in
            if end != nil { return end }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            end = ProcessEnd(waitStatus: status)
            return end
        }
    }

    /// Waits for the end of the process.
    public func waitForEnd(within limit: Duration = .seconds(20)) throws(KongClientError) -> ProcessEnd {
        let deadline = ContinuousClock.now + limit
        while true {
            if let end = end() { return end }
            guard ContinuousClock.now < deadline else { throw .timedOut(waitingFor: "end of process \(pid)") }
            usleep(Self.pollInterval)
        }
    }

    /// Waits until a connection to the server's socket can be made.
    public func waitUntilListening(on path: String, within limit: Duration = .seconds(20)) throws(KongClientError) {
        let deadline = ContinuousClock.now + limit
        while true {
            if let connection = try? RawConnection(path: path) { return connection.close() }
            if let end = end() { throw .violation("the server has ended before it listened: \(end)") }
            guard ContinuousClock.now < deadline else { throw .timedOut(waitingFor: "server on \(path)") }
            usleep(Self.pollInterval)
        }
    }

    /// Lends NUL-terminated copies, with a NULL after the last, as exec takes them.
    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}

/// How a process has ended.
public enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited(waitStatus >> 8 & 0xff) : .killed(signal: signal)
    }

    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .killed(let signal): "signal \(signal)"
        }
    }
}
