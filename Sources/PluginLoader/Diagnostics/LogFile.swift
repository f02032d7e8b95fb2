// Unsafe pointers: lines are lent to the kernel.

import Glibc
import Synchronization

/// A log file that lines are appended to, by several processes at a time: the server's, and the dumps that Kong asks for.
///
/// No failure of it is the writer's: a line that cannot be written is counted, and the file is tried again with the
/// next one. Whoever moves or removes the file (logrotate, a person) need not tell: the next line finds out, and begins
/// a new one. A file that has grown beyond its limit is moved to `NAME.1`, in place of the one before.
public final class LogFile: Sendable {
    /// What an `append` has brought to light, for a log that still works.
    public enum Event: Hashable, Sendable, CustomStringConvertible {
        /// Lines are lost from now on.
        case failed(path: String, reason: String)
        /// Lines are written again; so many have been lost.
        case recovered(path: String, lostLines: Int)
        /// It stays in one piece, though it has grown beyond its limit.
        case cannotRotate(path: String, reason: String)

        public var description: String {
            switch self {
            case .failed(let path, let reason):
                """
                cannot write \(path.printable): \(reason); this goes on without it, and tries again with each line
                  fix: see that user \(currentUser) may write to it, and that its disk has room; or name another directory with --diagnostics-dir, or use --no-diagnostics
                """
            case .recovered(let path, let count): "\(path.printable) is written again; \(count) lines were lost"
            case .cannotRotate(let path, let reason):
                "\(path.printable) grows beyond its limit, since it cannot be moved to \(path.printable).1: \(reason)"
            }
        }
    }

    public let path: String
    /// In bytes.
    private let limit: Int
    private let state = Mutex(State())

    private struct State: ~Copyable {
        var descriptor: CInt = -1
        var lostLines = 0
        /// The last line was not written to its end.
        var isTorn = false
        var hasToldOfRotation = false

        mutating func close() {
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
            descriptor = -1
        }

        deinit {
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
        }
    }

    /// Why a file cannot be written to.
    private struct Failure: Error {
        let reason: String
    }

    /// Nothing is opened before the first line.
    public init(path: String, limit: Int) {
        self.path = path
        self.limit = limit
    }

    /// Opens the file anew, even if it looks like the same one: whoever has moved it finds an empty one in its place. If it cannot
    /// be opened, the next line tries again, and says so. One that has had no line yet is not made.
    public func reopen() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            state.close()
            state.descriptor = (try? openFile()) ?? -1
        }
    }

    /// Whether the last line was lost.
    public var isFailing: Bool { state.withLock { $0.lostLines > 0 } }

    /// Appends a text, which ends with a newline, in one piece.
    public func append(_ text: String) -> Event? {
        state.withLock { state in
            do throws(Failure) {
                let rotation = try open(&state)
                try write(text, &state)
                if state.lostLines > 0 {
                    defer { state.lostLines = 0 }
                    return .recovered(path: path, lostLines: state.lostLines)
                }
                guard let rotation, !state.hasToldOfRotation else { return nil }
                state.hasToldOfRotation = true
                return .cannotRotate(path: path, reason: rotation.reason)
            } catch {
                state.lostLines += 1
                return state.lostLines == 1 ? .failed(path: path, reason: error.reason) : nil
            }
        }
    }

    private func write(_ text: String, _ state: inout State) throws(Failure) {
        // After half a line, the next one begins a line of its own.
        var rest = Array((state.isTorn ? "\n" + text : text).utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(state.descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(reason: systemMessage(errno)) }
            rest = rest.dropFirst(count)
            state.isTorn = !rest.isEmpty
        }
    }

    // MARK: The file

    /// Makes sure that the file at the path is the one that is open, and that it is not too large. Returns why it stays
    /// too large.
    private func open(_ state: inout State) throws(Failure) -> Failure? {
        if state.descriptor >= 0, !isAtPath(state.descriptor) { state.close() }
        if state.descriptor < 0 { state.descriptor = try openFile() }
        guard let size = FileStatus(descriptor: state.descriptor)?.size, size >= UInt64(clamping: limit) else { return nil }
        // Two processes that both find it too large must not both move it: the second would throw away what the first kept.
        guard flock(state.descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
        guard isAtPath(state.descriptor) else {
            state.close()
            state.descriptor = try openFile()
            return nil
        }
        guard rename(path, "\(path).1") == 0 else {
            let failure = Failure(reason: systemMessage(errno))
            flock(state.descriptor, LOCK_UN)
            return failure
        }
        // The lock goes with the descriptor.
        state.close()
        state.descriptor = try openFile()
        return nil
    }

    private func isAtPath(_ descriptor: CInt) -> Bool {
        var (open, there) = (stat(), stat())
        return fstat(descriptor, &open) == 0 && lstat(path, &there) == 0 && open.st_ino == there.st_ino
            && open.st_dev == there.st_dev
    }

    /// Opens the file, or makes it.
    ///
    /// The directory is often its user's, and a dump runs as root: so a link is not followed, or whoever may write there
    /// could have root append to any file; and a FIFO is not waited for.
    private func openFile() throws(Failure) -> CInt {
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o644)
        guard descriptor >= 0 else {
            throw Failure(reason: errno == ELOOP ? "it is a symbolic link, which is not followed" : systemMessage(errno))
        }
        guard let status = FileStatus(descriptor: descriptor), status.kind == .file else {
            close(descriptor)
            throw Failure(reason: "it is no regular file")
        }
        Self.give(descriptor, status, toOwnerOf: path.directoryPath)
        return descriptor
    }

    /// What root has made belongs to the owner of the directory, so that the server, which Kong starts as another user,
    /// can write to it too.
    private static func give(_ descriptor: CInt, _ status: FileStatus, toOwnerOf directory: String) {
        guard currentUser == 0, status.owner == 0, status.size == 0, let owner = FileStatus(path: directory), owner.owner != 0
        else { return }
        // Should it fail, the server says that it cannot write.
        _ = fchown(descriptor, owner.owner, owner.group)
    }
}
