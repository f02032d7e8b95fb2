// Unsafe pointers: a buffer is lent to the kernel.

import Glibc

/// What the kernel says of a process that does nothing: whether somebody keeps it from that.
struct ProcessState: Equatable {
    /// By SIGSTOP or its like, or by a debugger.
    private(set) var isStopped = false
    /// A debugger, or strace.
    private(set) var tracer: pid_t?
    /// It has crashed, and its memory is being written to a file.
    private(set) var isDumpingCore = false

    /// - Parameter pid: of a child, whose number is nobody else's until its end has been asked for.
    init(of pid: pid_t) {
        self.init(statusText: Self.statusText(of: pid))
    }

    /// Empty if there is no such process.
    private static func statusText(of pid: pid_t) -> String {
        let file = open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &text, text.count)
        return String(decoding: text.prefix(max(0, count)), as: UTF8.self)
    }

    /// - Parameter statusText: as `/proc/PID/status` has it (proc_pid_status(5)).
    init(statusText: String) {
        for line in statusText.split(separator: "\n") {
            let words = line.split { $0 == "\t" || $0 == " " }
            guard words.count > 1 else { continue }
            switch words[0] {
            case "State:": isStopped = words[1].lowercased() == "t"
            case "TracerPid:": tracer = pid_t(words[1]).flatMap { $0 > 0 ? $0 : nil }
            case "CoreDumping:": isDumpingCore = words[1] == "1"
            default: break
            }
        }
    }

    /// As docs/status.md has it.
    var name: String {
        if tracer != nil { return "traced" }
        if isDumpingCore { return "dumping" }
        return isStopped ? "stopped" : "running"
    }
}
