// Unsafe pointers: strftime's buffer.

import Glibc
import Logging

/// A line as Kong's own log has it: `2026/11/23 05:04:03 [notice] …`. Further lines of a message are indented by whoever
/// wrote it.
enum LogLine {
    /// - Parameter pid: name the process, as nginx does, where several write to one file.
    static func text(level: Logger.Level, _ message: String, pid: Bool = false) -> String {
        "\(timestamp()) [\(level)] \(pid ? "\(getpid()): " : "")\(message)\n"
    }

    private static func timestamp() -> String {
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            let count = strftime(text.baseAddress, text.count, "%Y/%m/%d %H:%M:%S", &local)
            return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
