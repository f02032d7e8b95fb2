// Unsafe pointers: arguments are lent to posix_spawn, poll's table is lent to it, and buffers to read.

import CProbe
import Glibc

/// One running probe, and what has been read from it so far. Whoever has it polls its pipes, and reads what is there.
package final class ProbeProcess {
    /// A pipe's end that is read from.
    package struct Output {
        fileprivate(set) var descriptor: CInt
        package fileprivate(set) var bytes: [UInt8] = []
        var isOpen: Bool { descriptor >= 0 }
        package var text: String { String(decoding: bytes, as: UTF8.self) }

        /// Reads what is there. Beyond the limit it is thrown away: a plugin may write without end.
        fileprivate mutating func read() {
            var piece = [UInt8](repeating: 0, count: 16 * 1024)
            let count = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes += piece.prefix(count).prefix(max(0, ProbeProcess.outputLimit - bytes.count))
            } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
                close(descriptor)
                descriptor = -1
            }
        }
    }

    let pid: pid_t
    /// Can be read when the process has ended; -1 where the kernel has no such descriptors.
    let ending: CInt
    package let deadline: ContinuousClock.Instant
    package private(set) var standardOutput: Output
    package private(set) var standardError: Output
    package private(set) var report: Output
    private var hasBeenReaped = false

    static let outputLimit = 1 << 20

    /// Starts a probe of a file.
    /// - Parameters:
    ///   - program: what to run, which finds the descriptors of `ProbeChild` in place.
    ///   - file: the descriptor of the plugin.
    package init(_ program: String, _ arguments: [String], file: CInt, within time: Duration) throws(ProbeFailure) {
        let output = try Self.pipe()
        let error = try Self.pipe()
        let report = try Self.pipe()
        defer { for end in [output, error, report] { close(end.writing) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, error.writing, STDERR_FILENO)
        posix_spawn_file_actions_adddup2(&actions, file, ProbeChild.file)
        posix_spawn_file_actions_adddup2(&actions, report.writing, ProbeChild.report)
        // Not all that Kong's nginx leaves open is closed on exec: its listening sockets and logs are none of a plugin's.
        let closing = probe_close_from(&actions, ProbeChild.report + 1)
        guard closing == 0 else {
            for end in [output, error, report] { close(end.reading) }
            throw ProbeFailure("cannot close what a probe must not have: \(systemMessage(closing))")
        }

        // A group of its own, so that what it starts can be ended with it; and no signal blocked or ignored that we block.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var child = pid_t()
        let copies = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        // A shared Swift runtime would write its backtrace after the plugin's last words.
        let variable = strdup("SWIFT_BACKTRACE=enable=no")
        defer { free(variable) }
        let environment = [variable, nil]
        let result = posix_spawn(&child, program, &actions, &attributes, copies, environment)
        guard result == 0 else {
            for end in [output, error, report] { close(end.reading) }
            throw ProbeFailure("cannot start \(program): \(systemMessage(result))")
        }
        pid = child
        ending = probe_open_process(child)
        deadline = ContinuousClock.now + time
        standardOutput = Output(descriptor: output.reading)
        standardError = Output(descriptor: error.reading)
        self.report = Output(descriptor: report.reading)
    }

    deinit {
        if ending >= 0 { close(ending) }
        for output in [standardOutput, standardError, report] where output.isOpen { close(output.descriptor) }
        if !hasBeenReaped { _ = end() }
    }

    /// A pipe whose ends are above the numbers that the child's descriptors take: dup2 to itself would keep close-on-exec.
    private static func pipe() throws(ProbeFailure) -> (reading: CInt, writing: CInt) {
        var ends: [CInt] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw ProbeFailure("pipe: \(systemMessage(errno))") }
        var moved: [CInt] = []
        for end in ends {
            moved.append(fcntl(end, F_DUPFD_CLOEXEC, 10))
            close(end)
        }
        guard moved[0] >= 0, moved[1] >= 0 else {
            for end in moved where end >= 0 { close(end) }
            throw ProbeFailure("too many files are open")
        }
        _ = fcntl(moved[0], F_SETFL, O_NONBLOCK)
        return (moved[0], moved[1])
    }

    /// How often is looked whether a process has ended, in milliseconds, where the kernel does not tell.
    private static let pollInterval: CInt = 10

    /// Reads what processes have written, and waits until there is more, one has ended, or there is no more time for one. That
    /// all its outputs are closed does not say that a process has ended, nor the other way round: what it started may hold them.
    package static func wait(for processes: [ProbeProcess]) {
        var table: [pollfd] = []
        var owners: [ProbeProcess] = []
        var timeout = Duration.seconds(60)
        for process in processes {
            let outputs = [process.standardOutput, process.standardError, process.report].filter(\.isOpen).map(\.descriptor)
            for descriptor in outputs + [process.ending] where descriptor >= 0 {
                table.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
                owners.append(process)
            }
            timeout = min(timeout, process.ending < 0 ? .milliseconds(Self.pollInterval) : process.deadline - .now)
        }
        // A millisecond more than is left of it, so that it is over then.
        let milliseconds = CInt(max(.zero, timeout) / .milliseconds(1)) + 1
        guard poll(&table, nfds_t(table.count), milliseconds) > 0 else { return }
        for (entry, owner) in zip(table, owners) where entry.revents != 0 { owner.read(entry.fd) }
    }

    /// Whether the process has ended. What it has started may go on, and hold its outputs open.
    package var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
    }

    /// Reads all that is there now.
    package func drain() {
        for descriptor in [standardOutput.descriptor, standardError.descriptor, report.descriptor] where descriptor >= 0 {
            var before = -1
            while before != total {
                before = total
                read(descriptor)
            }
        }
    }

    private var total: Int { standardOutput.bytes.count + standardError.bytes.count + report.bytes.count }

    func read(_ descriptor: CInt) {
        if descriptor == standardOutput.descriptor {
            standardOutput.read()
        } else if descriptor == standardError.descriptor {
            standardError.read()
        } else if descriptor == report.descriptor {
            report.read()
        }
    }

    /// Ends the process and what it has started, and says how it has ended: by itself before that, as a rule.
    package func end() -> ProbeEnd {
        var status: CInt = 0
        var ended = waitpid(pid, &status, WNOHANG)
        let wasRunning = ended == 0
        kill(-pid, SIGKILL)
        while ended == 0 || (ended < 0 && errno == EINTR) { ended = waitpid(pid, &status, 0) }
        hasBeenReaped = true
        if wasRunning { return .running }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal)
    }
}

/// How a probe was found at its end.
package enum ProbeEnd: Equatable {
    case running
    case exited(CInt)
    case killed(CInt)
}

/// Why there can be no probe.
package struct ProbeFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
