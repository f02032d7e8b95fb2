// Unsafe pointers: lines are lent to the kernel.

import Glibc
import Logging
import Synchronization

/// Log lines on standard error, which Kong takes into its own log.
///
/// Kong 2.2 opens a pipe for them and never reads it; a server that waited for room in it would stop answering
/// requests. So a line that has no room is dropped, and counted, and the next one that has room says how many were.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { Self.write(level: event.level, "\(event.message)") }

    static func write(level: Logger.Level, _ message: String) {
        output.withLock { $0.write(LogLine.text(level: level, message)) }
    }

    /// Writes lines to another descriptor from now on.
    static func move(to descriptor: Int32) {
        output.withLock { $0.descriptor = descriptor }
    }

    /// Passes on a line that another process has written.
    static func pass(_ line: String) {
        output.withLock { $0.write(line + "\n") }
    }

    private static let output = Mutex(Output())

    private struct Output {
        var descriptor = STDERR_FILENO
        private var droppedLines = 0

        mutating func write(_ line: String) {
            if droppedLines > 0 {
                guard attempt("… \(droppedLines) log lines were dropped: nobody reads this log\n") else {
                    droppedLines += 1
                    return
                }
                droppedLines = 0
            }
            if !attempt(line) { droppedLines += 1 }
        }

        /// Writes a line if that cannot block: a pipe that is ready has room for PIPE_BUF bytes.
        private func attempt(_ line: String) -> Bool {
            var rest = Array(line.utf8)[...]
            while !rest.isEmpty {
                var descriptor = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&descriptor, 1, 0) == 1, Int32(descriptor.revents) & POLLOUT != 0 else { return false }
                let written = rest.prefix(Int(PIPE_BUF)).withUnsafeBytes {
                    Glibc.write(self.descriptor, $0.baseAddress, $0.count)
                }
                guard written > 0 else { return false }
                rest = rest.dropFirst(written)
            }
            return true
        }
    }
}
