// Unsafe pointers: a file is read into an arena's memory.

import CKongPlugin
import Glibc
import WireProtocol

/// A body that Kong has written to a file, since it is larger than nginx's buffer (`client_body_buffer_size`).
enum BodyFile {
    /// The bytes of the file; nginx removes it when the request ends.
    static func read(_ path: String, limit: Int64, into arena: ValueArena) throws(NativeFailure) -> kong_string {
        func failure(_ what: String) -> NativeFailure {
            NativeFailure(KONG_FAILED, "the body is in the file \(path), which \(what)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw failure("is no file") }
        let size = Int(status.st_size)
        guard Int64(size) <= limit else { throw NativeFailure(KONG_LIMIT, "the body is larger than \(limit) bytes") }
        let room = UnsafeMutableRawBufferPointer(arena.allocate(UInt8.self, count: size + 1))
        var filled = 0
        while filled < size {
            let count = Glibc.read(descriptor, room.baseAddress.map { $0 + filled }, size - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            filled += count
        }
        guard filled == size else { throw failure("is shorter than it was") }
        room[size] = 0
        return kong_string(data: UnsafePointer(room.assumingMemoryBound(to: CChar.self).baseAddress), size: size)
    }
}
