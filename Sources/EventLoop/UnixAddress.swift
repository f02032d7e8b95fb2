// Unsafe pointers: a socket address is filled in byte by byte, and lent to the kernel.

import Glibc

/// Calls that take the address of a unix socket.
enum UnixAddress {
    /// Lends the address of a path; `call` is what will be done with it, for the error.
    static func with<Result>(
        _ path: String, for call: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(SystemError) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= UnixListener.longestPath else { throw SystemError(call, path, code: ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
