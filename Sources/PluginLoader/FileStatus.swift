// Unsafe pointers: the `stat` that the system fills.

import Glibc

/// What the system says of a file without looking into it: `stat(2)`.
public struct FileStatus: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CustomStringConvertible {
        case file = "a file"
        case directory = "a directory"
        case fifo = "a FIFO"
        case socket = "a socket"
        case device = "a device"
        case other = "no regular file"

        public var description: String { rawValue }
    }

    public let kind: Kind
    public let size: UInt64
    /// The permissions, S_ISUID to S_IXOTH: 12 bits.
    public let mode: UInt32
    /// Numbers and no names: to ask for names may load libraries (NSS) into this process.
    public let owner: UInt32
    public let group: UInt32
    /// When it was last written, in seconds since 1970.
    public let modified: Int64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFBLK, S_IFCHR: .device
            default: .other
            }
        size = UInt64(clamping: status.st_size)
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        modified = Int64(status.st_mtim.tv_sec)
    }

    /// Of what is at `path` when all links are followed; `nil` if nothing is, or if the system will not say.
    public init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of what a descriptor is open on.
    init?(descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// The permissions as `chmod` takes them: "0755".
    public var modeText: String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
