// Unsafe pointers: the credentials that the kernel fills in.

import Glibc

/// The process at the other end of a unix socket: that which connected, or for its client that which listened.
public struct PeerProcess: Sendable {
    /// 0: it cannot be seen from here, as in another container.
    public let pid: Int32
    public let user: UInt32

    /// Nil and `errno`: the descriptor is no such socket.
    public init?(of descriptor: Int32) {
        var credentials = Credentials()
        var size = socklen_t(MemoryLayout<Credentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        pid = credentials.pid
        user = credentials.user
    }

    /// Whether it is surely gone. Another process may have its number by now; then nobody knows.
    public var hasEnded: Bool { pid > 0 && kill(pid, 0) != 0 && errno == ESRCH }

    /// `struct ucred` of Linux, which glibc shows only to those who define _GNU_SOURCE.
    private struct Credentials {
        var pid: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }
}
