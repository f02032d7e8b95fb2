// Unsafe pointers: a buffer is lent to the kernel.

import Glibc

/// How often the kernel has killed a process for want of memory. It tells nobody whom: only that the number has grown.
enum MemoryKills {
    /// Of all processes of the machine since it was started. Nil: the kernel does not say (before Linux 4.13, and where /proc is not
    /// all there).
    static func count() -> UInt64? {
        let descriptor = open("/proc/vmstat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var table: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count > 0 else { break }
            table += piece.prefix(count)
        }
        return count(in: table)
    }

    /// - Parameter table: what is in /proc/vmstat: a name and a number in each line.
    static func count(in table: [UInt8]) -> UInt64? {
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: " "))
            guard parts.count == 2, parts[0].elementsEqual("oom_kill".utf8) else { continue }
            return UInt64(String(decoding: parts[1], as: UTF8.self))
        }
        return nil
    }

    /// Who may have sent SIGKILL to a process, in the log's words.
    /// - Parameters:
    ///   - before: the count when it was started.
    ///   - now: the count when it had ended.
    static func account(before: UInt64?, now: UInt64?) -> String {
        guard let before, let now else { return "; somebody has sent it, or the kernel for want of memory, as dmesg would tell" }
        guard now > before else { return "; somebody has sent it: the kernel has killed nobody for want of memory" }
        let times = now - before
        return "; the kernel has killed \(times == 1 ? "a process" : "\(times) processes") of this machine for want of memory meanwhile, and so"
            + " perhaps this one\n  fix: see dmesg; --worker-memory ends a plugin that takes too much before the kernel does, and names it"
    }
}
