// Unsafe pointers: the buffers that stat, readlink, read and pread fill are lent out here.

import Glibc
import Synchronization

/// A regular file, opened once and read by ranges.
///
/// It is read with `pread` and never mapped: a mapping of a file that somebody shortens meanwhile ends in SIGBUS,
/// `pread` only returns less. Owns the descriptor, through which the same file can be loaded later.
public final class FileBytes: Sendable {
    /// Which file this is, whatever it is called; unique while the file is open.
    public struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    /// What changes when somebody writes to the file.
    public struct State: Hashable, Sendable {
        public let size: UInt64
        /// Seconds since 1970, and nanoseconds after that.
        public let modified: Int64
        public let modifiedNanoseconds: Int64
    }

    /// The most that one `read` returns. Every table that the loader needs is far smaller, even in a plugin of 70 MB
    /// with Foundation in it.
    static let largestRead = 16 << 20

    package let descriptor: CInt
    public let identity: Identity
    /// Whose it is and who may write to it, when it was opened.
    public let status: FileStatus
    /// As it was when the file was opened.
    public let state: State
    /// Its SHA-256, once somebody has asked.
    let digest = Mutex<FileDigest?>(nil)

    /// Opens a regular file. Never waits: not for the other end of a FIFO, nor for a device.
    public convenience init(path: String) throws(FileError) {
        // Looked at before it is opened, since opening a device can do something, such as rewind a tape.
        var status = stat()
        guard stat(path, &status) == 0 else { throw .lookUp(path: path, number: errno) }
        let kind = FileStatus(status).kind
        guard kind == .file else { throw .notAFile(kind) }

        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw .lookUp(path: path, number: errno) }
        // Another file may have taken the name in between.
        try self.init(owning: descriptor)
    }

    /// Takes over the descriptor of an open file.
    init(owning descriptor: CInt) throws(FileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let number = errno
            close(descriptor)
            throw .system(number)
        }
        let kind = FileStatus(status).kind
        guard kind == .file else {
            close(descriptor)
            throw .notAFile(kind)
        }
        self.descriptor = descriptor
        self.status = FileStatus(status)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        state = State(status)
    }

    deinit { close(descriptor) }

    public var size: UInt64 { state.size }

    /// The file's state now; `nil` if the system will not say.
    func currentState() -> State? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? State(status) : nil
    }

    /// Exactly `count` bytes from `offset` on.
    package func read(at offset: UInt64, count: Int) throws(ELFError) -> [UInt8] {
        guard count >= 0, count <= Self.largestRead else {
            throw .malformed("a table of \(count) bytes is larger than any linker makes")
        }
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow, end <= size, let start = off_t(exactly: offset) else {
            throw .truncated("\(count) bytes are needed at \(offset), the file has \(size)")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return pread(descriptor, rest.baseAddress, rest.count, start + off_t(filled))
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw .unreadable(systemMessage(errno))
            }
            guard got > 0 else { throw .truncated("\(count) bytes are needed at \(offset), and somebody has shortened the file") }
            filled += got
        }
        return bytes
    }

    /// All of a file of /proc, which has no size to go by; at most `limit` bytes. `nil` if it cannot be read.
    static func contents(ofProcFile path: String, limit: Int = 16 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while contents.count < limit {
            let got = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            contents += piece[..<got]
        }
        return contents
    }

    /// Where a symbolic link points; `nil` if `path` is none.
    static func linkTarget(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path, &target, target.count)
        return length >= 0 ? String(decoding: target[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}

extension FileBytes.State {
    fileprivate init(_ status: stat) {
        size = UInt64(clamping: status.st_size)
        modified = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
    }
}

/// Why a file could not be opened.
public enum FileError: Error, Hashable, Sendable {
    /// There is nothing of that name; `linkTo` says where a dangling link points.
    case missing(linkTo: String?)
    /// It is something else.
    case notAFile(FileStatus.Kind)
    case notPermitted
    /// Too many files are open, in this process or on this machine.
    case tooManyOpen
    /// Another error of the system, by its `errno`.
    case system(CInt)

    fileprivate static func lookUp(path: String, number: CInt) -> FileError {
        switch number {
        case ENOENT, ENOTDIR: .missing(linkTo: FileBytes.linkTarget(path))
        case EACCES, EPERM: .notPermitted
        case ENXIO: .notAFile(.socket)
        case EMFILE, ENFILE: .tooManyOpen
        default: .system(number)
        }
    }
}
