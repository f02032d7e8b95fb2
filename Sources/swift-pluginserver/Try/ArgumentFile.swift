// Unsafe pointers: a buffer is lent to read.

import Glibc
import PluginServer

/// What an argument names after an @: a file, or whatever else can be read to its end, such as a pipe.
struct ArgumentFile {
    let bytes: [UInt8]

    /// What the server would take for one message at most, unless it is told otherwise.
    private static let limit = ServerConfiguration.defaultMaxMessageSize

    init(path: String) throws(TrialFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path, String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += piece.prefix(count)
            guard bytes.count <= Self.limit else { throw Self.failure(path, "it holds more than \(Self.limit) bytes") }
        }
        self.bytes = bytes
    }

    private static func failure(_ path: String, _ reason: String) -> TrialFailure {
        TrialFailure(
            .file, "\(path.printable) cannot be read: \(reason)",
            fix: "name a file after the @, or give the text itself; a text that begins with @ has to come from a file")
    }
}
