// Unsafe pointers: the `stat`s that the system fills.

import Glibc

/// A file that is open, and what has become of it and of its path since.
extension PluginFile {
    /// What changes when somebody writes to the file, or does anything else to it but read: as a text. Two files with the same
    /// one, of which one was open all the time, are the same.
    public var edition: String {
        var status = stat()
        guard fstat(bytes.descriptor, &status) == 0 else { return "" }
        return "\(status.st_dev):\(status.st_ino):\(status.st_size):\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec):\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
    }

    /// The SHA-256 need not be read from the file again if it is the one that is kept.
    public func adoptDigest(of kept: KeptImage) {
        guard !kept.edition.isEmpty, kept.edition == edition, let digest = FileDigest(digits: kept.sha256) else { return }
        bytes.digest.withLock { $0 = digest }
    }

    /// For whoever is to have it too; it stays open here.
    public var descriptor: CInt { bytes.descriptor }

    /// The path that the kernel knows it by, as in /proc/PID/maps.
    public var mappedPath: String { FileBytes.linkTarget("/proc/self/fd/\(bytes.descriptor)") ?? path }

    /// What is at its path now, compared with it.
    public enum Place: String, CaseIterable, Sendable {
        case same
        case changed
        case missing
    }

    public var place: Place {
        var (now, opened) = (stat(), stat())
        guard stat(path, &now) == 0 else { return errno == ENOENT || errno == ENOTDIR ? .missing : .changed }
        guard fstat(bytes.descriptor, &opened) == 0 else { return .changed }
        let isSame = now.st_dev == opened.st_dev && now.st_ino == opened.st_ino && bytes.currentState() == bytes.state
        return isSame ? .same : .changed
    }
}
