// Unsafe pointers: a buffer is lent to read.

import EventLoop
import Glibc

/// What a worker writes to standard error: line by line it is passed on, and the last ones are kept.
final class ErrorOutput: EventSource {
    private let loop: EventLoop
    private let pipe: OwnedDescriptor
    private var registration: Registration?
    private var rest: [UInt8] = []
    /// The lines that came last.
    private(set) var lastLines: [String] = []
    private let onLine: (String) -> Void

    private static let readSize = 16 * 1024
    /// A line without an end is passed on in pieces.
    private static let lineLimit = 64 * 1024
    /// Enough for what Swift's runtime says of a trap, with a backtrace.
    private static let keptLines = 60

    init(_ pipe: consuming OwnedDescriptor, on loop: EventLoop, onLine: @escaping (String) -> Void) throws(SystemError) {
        self.loop = loop
        self.pipe = pipe
        self.onLine = onLine
        registration = try loop.add(self, descriptor: self.pipe.number, for: .readable)
    }

    func ready(_ readiness: Readiness) {
        _ = readOnce()
    }

    /// Takes in what there is.
    func readAvailable() {
        while readOnce() {}
    }

    /// The same at the end of its writer.
    func finish() {
        readAvailable()
        if !rest.isEmpty { pass(rest) }
        rest = []
        close()
    }

    private func close() {
        if let registration { loop.remove(registration) }
        registration = nil
    }

    /// False: there is no more now.
    private func readOnce() -> Bool {
        guard registration != nil else { return false }
        var piece = [UInt8](repeating: 0, count: Self.readSize)
        let count = read(pipe.number, &piece, piece.count)
        guard count > 0 else {
            if count == 0 { close() }
            return false
        }
        rest += piece.prefix(count)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pass(Array(rest[..<end]))
            rest.removeFirst(end + 1)
        }
        if rest.count > Self.lineLimit {
            pass(rest)
            rest = []
        }
        return true
    }

    private func pass(_ line: [UInt8]) {
        let text = String(decoding: line, as: UTF8.self)
        lastLines.append(text)
        if lastLines.count > Self.keptLines { lastLines.removeFirst() }
        onLine(text)
    }
}
