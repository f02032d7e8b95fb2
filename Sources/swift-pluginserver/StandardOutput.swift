// Unsafe pointers: bytes are lent to the kernel.

import Glibc

/// Standard output, kept for a dump alone: Kong starts no external plugin if a stray line stands in it.
struct StandardOutput: ~Copyable {
    private let descriptor: Int32

    /// From now on whatever else writes to standard output, as a plugin might while it is opened, writes to standard
    /// error instead.
    init() {
        descriptor = dup(STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
    }

    /// Writes all of it. False: nobody takes it.
    borrowing func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    deinit {
        close(descriptor)
    }
}

/// Opens whichever of the three standard descriptors the parent has left closed: otherwise the next file or socket that is
/// opened would take its place, and be written to as if it were the log.
func openStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
        // The lowest free number is this one.
        _ = open("/dev/null", O_RDWR)
    }
}
