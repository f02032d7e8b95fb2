import Glibc

extension UnixListener {
    /// What stands at the path of a socket.
    public enum Occupant {
        case nothing
        /// A process that listens, and the user that it runs as.
        case listener(pid: Int32, user: UInt32)
        /// A socket that nobody listens on any more.
        case stale
        /// No socket: a listener would not replace it.
        case other
        /// It cannot be told, such as for want of permission.
        case unknown(SystemError)
    }

    /// Looks, and connects for a moment if there is a socket. Never waits.
    public static func occupant(of path: String) -> Occupant {
        guard let identity = FileIdentity(path: path) else {
            return errno == ENOENT || errno == ENOTDIR ? .nothing : .unknown(SystemError("lstat", path))
        }
        guard identity.isSocket else { return .other }
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return .unknown(SystemError("socket")) }
        let descriptor = OwnedDescriptor(owning: number)
        do throws(SystemError) {
            let code = try UnixAddress.with(path, for: "connect") { Glibc.connect(descriptor.number, $0, $1) == 0 ? 0 : errno }
            guard code == 0 else {
                return code == ECONNREFUSED ? .stale : .unknown(SystemError("connect", path, code: code))
            }
        } catch {
            return .unknown(error)
        }
        // Of the process that called listen().
        guard let peer = PeerProcess(of: descriptor.number) else { return .unknown(SystemError("getsockopt", path)) }
        return .listener(pid: peer.pid, user: peer.user)
    }

    /// Connects to a listener, and waits where that must wait.
    public static func connect(to path: String) throws(SystemError) -> OwnedDescriptor {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError("socket") }
        let descriptor = OwnedDescriptor(owning: number)
        let result = try UnixAddress.with(path, for: "connect") { Glibc.connect(number, $0, $1) }
        guard result == 0 else { throw SystemError("connect", path) }
        return descriptor
    }

    /// Where a process binds a listener's socket, before it is renamed to its path.
    public static func temporaryPath(for path: String, pid: Int32) -> String { "\(path).\(pid)" }
}
