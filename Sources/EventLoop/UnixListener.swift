import CEventLoop
import Glibc

/// A listening unix socket, at a path that clients never see missing.
///
/// The socket is bound beside its path and renamed over it, so that a client finds the old server or the new one.
/// It is unlinked at the end only if the path is still this socket's: after a reload of Kong the next server has
/// already taken the path over.
public final class UnixListener {
    public let path: String
    private let descriptor: OwnedDescriptor
    private let identity: FileIdentity?
    private let acceptor: Acceptor

    /// What the kernel keeps for connections that have not been accepted yet. Kong opens one for each request that
    /// finds none in its pool.
    private static let backlog: Int32 = 4096
    /// sockaddr_un's sun_path, less the closing NUL.
    public static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Binds and listens; connections are accepted from `start` on.
    /// - Parameters:
    ///   - path: where clients connect; at most `longestPath` bytes. What stands there is replaced if it is a socket.
    ///   - mode: who may connect, as chmod has it; nil: whom the umask lets.
    ///   - onAccept: takes each connection, which does not block. [loop]
    ///   - onTrouble: hears why connections cannot be accepted for the moment. [loop]
    public init(
        path: String, mode: UInt32? = nil, onAccept: @escaping (consuming OwnedDescriptor) -> Void,
        onTrouble: @escaping (SystemError) -> Void
    ) throws(SystemError) {
        self.path = path
        if let existing = FileIdentity(path: path), !existing.isSocket {
            throw SystemError("bind", path, code: EEXIST)
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        self.descriptor = OwnedDescriptor(owning: descriptor)
        acceptor = Acceptor(descriptor, onAccept: onAccept, onTrouble: onTrouble)

        let temporary = Self.temporaryPath(for: path, pid: getpid())
        // A path that just fits has no room for the suffix; then it is unlinked first, and missing for a moment.
        let bound = temporary.utf8.count <= Self.longestPath ? temporary : path
        unlink(bound)
        do throws(SystemError) {
            identity = try Self.bind(descriptor, to: bound)
        } catch {
            // The path that people know.
            throw SystemError(error.call, path, code: error.code)
        }
        // Nobody can connect yet.
        if let mode, chmod(bound, mode) != 0 {
            let error = SystemError("chmod", path)
            unlink(bound)
            throw error
        }
        guard listen(descriptor, Self.backlog) == 0 else { throw SystemError("listen", path) }
        if bound != path, rename(bound, path) != 0 {
            let error = SystemError("rename", "\(bound) to \(path)")
            unlink(bound)
            throw error
        }
    }

    /// A listening socket that another process has bound: its path is that one's to remove.
    public init(
        inherited descriptor: consuming OwnedDescriptor, path: String,
        onAccept: @escaping (consuming OwnedDescriptor) -> Void, onTrouble: @escaping (SystemError) -> Void
    ) {
        self.path = path
        acceptor = Acceptor(descriptor.number, onAccept: onAccept, onTrouble: onTrouble)
        self.descriptor = descriptor
        identity = nil
    }

    /// Another descriptor of the same socket, for a process that is to accept on it.
    public func duplicate() throws(SystemError) -> OwnedDescriptor {
        let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemError("fcntl", path) }
        return OwnedDescriptor(owning: copy)
    }

    private static func bind(_ descriptor: Int32, to path: String) throws(SystemError) -> FileIdentity? {
        let result = try UnixAddress.with(path, for: "bind") { Glibc.bind(descriptor, $0, $1) }
        guard result == 0 else { throw SystemError("bind", path) }
        return FileIdentity(path: path)
    }

    /// Whether another socket stands at the path now: whoever connects reaches somebody else.
    public var isReplaced: Bool {
        guard let identity, let current = FileIdentity(path: path) else { return false }
        return current.isSocket && current != identity
    }

    /// Accepts connections on `loop`. [loop]
    public func start(on loop: EventLoop) throws(SystemError) { try acceptor.start(on: loop) }

    /// Accepts no more, and removes the path if it is still this socket's and this process has bound it. [loop]
    public func stop() {
        acceptor.stop()
        if let identity, FileIdentity(path: path) == identity { unlink(path) }
    }
}

/// Which file a path means, however it is spelled.
struct FileIdentity: Equatable {
    private let device: UInt
    private let inode: UInt
    let isSocket: Bool

    /// Nil if there is nothing at the path.
    init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }
}
