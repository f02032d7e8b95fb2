// Unsafe pointers: a buffer is lent to read.

import Glibc

/// A body that Kong has written to a file, since it is larger than nginx's buffer (`client_body_buffer_size`).
enum BodyFile {
    /// The bytes of the file; nginx removes it when the request ends.
    static func read(_ path: String, limit: Int, for method: PDKMethod) throws(PDKError) -> [UInt8] {
        func failure(_ what: String) -> PDKError {
            PDKError(.failed, method.rawValue, "the body is in the file \(path), which \(what)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw PDKError(.limit, method.rawValue, "the body is larger than \(limit) bytes")
            }
            bytes += piece.prefix(count)
        }
    }
}
