// Unsafe pointers: the bytes that write is given.

import Glibc

/// The trust list on the disk.
extension PluginLock {
    private static let largestFile = 16 << 20

    public static func path(in directory: String) -> String {
        directory.hasSuffix("/") ? "\(directory)\(fileName)" : "\(directory)/\(fileName)"
    }

    /// The list of a directory, which must be there, be whole, and be as safe as a plugin.
    ///
    /// All that is wrong with it is an error: a list that cannot be relied on lets no file pass.
    init(in directory: String, options: CheckOptions) throws(LoadError) {
        let path = Self.path(in: directory)
        let subject = LoadError.Subject.lock(path: path)
        let file: FileBytes
        do {
            file = try FileBytes(path: path)
        } catch {
            throw Self.refusal(error, path)
        }
        // Not even --allow-insecure-plugins lets it pass: a list that others may write says nothing of whom to trust.
        if let exposure = Exposure(file.status, at: path, user: options.user) {
            throw LoadError(
                .insecureFile, subject, reason: exposure.reason, plugin: exposure.found, host: exposure.wanted, fix: exposure.fix)
        }
        guard file.size <= UInt64(Self.largestFile) else {
            throw LoadError(
                .badLock, subject, reason: "it is no trust list", plugin: "\(file.size) bytes",
                host: "reads \(Self.largestFile) at most", fix: Self.writeAgain(path))
        }
        let bytes: [UInt8]
        do {
            bytes = try file.read(at: 0, count: Int(file.size))
        } catch {
            throw LoadError(
                .badLock, subject, reason: "it cannot be read", plugin: error.found, host: "reads it as user \(currentUser)",
                fix: "see why cat \(path.shellWord) fails")
        }
        do {
            try self.init(parsing: bytes)
        } catch {
            throw LoadError(
                .badLock, subject, reason: "line \(error.line): \(error.reason)", plugin: "line \(error.line) is not understood",
                host: "takes lines of a SHA-256, two spaces and a file's name", fix: Self.writeAgain(path))
        }
    }

    /// Checks a file against the list.
    func check(_ file: PluginFile) throws(LoadError) {
        let update = "swift-pluginserver lock \(file.path.directoryPath.shellWord)"
        guard let wanted = digests[file.fileName] else {
            throw file.refusal(
                .notInLock, "it is not on the trust list", plugin: "SHA-256 \(try file.digest())",
                host: "\(Self.fileName) has no \(file.fileName)", fix: "if you trust the file: \(update)")
        }
        let found = try file.digest()
        guard found == wanted else {
            throw file.refusal(
                .lockMismatch, "it is not the file of this name that the trust list has", plugin: "SHA-256 \(found)",
                host: "SHA-256 \(wanted)", fix: "put the trusted file back; or, if you trust this one: \(update)")
        }
    }

    /// Writes the list into a directory, all at once: whoever reads it meanwhile gets the old one or this one.
    public func write(in directory: String) throws(LoadError) {
        let path = Self.path(in: directory)
        // In the same directory, so that it can be renamed; hidden, and of a name that nobody else has.
        let temporary = "\(path.directoryPath)/.\(Self.fileName).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        do throws(SystemFailure) {
            try Self.write(Array(text.utf8), to: temporary)
            guard rename(temporary, path) == 0 else { throw SystemFailure(number: errno) }
        } catch {
            unlink(temporary)
            throw LoadError(
                .unreadable, .lock(path: path), reason: "it cannot be written", plugin: systemMessage(error.number),
                host: "writes it as user \(currentUser)", fix: "see why touch \(temporary.shellWord) fails")
        }
    }

    private struct SystemFailure: Error {
        let number: CInt
    }

    /// A new file with these bytes, which are on the disk when this returns.
    private static func write(_ bytes: [UInt8], to path: String) throws(SystemFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemFailure(number: errno) }
        defer { close(descriptor) }
        // What the umask takes away is no secret, and what it leaves must not be more than this.
        guard fchmod(descriptor, 0o644) == 0 else { throw SystemFailure(number: errno) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemFailure(number: count < 0 ? errno : ENOSPC) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw SystemFailure(number: errno) }
    }

    private static func writeAgain(_ path: String) -> String {
        "swift-pluginserver lock \(path.directoryPath.shellWord), if you trust the plugins that are there"
    }

    private static func refusal(_ error: FileError, _ path: String) -> LoadError {
        let subject = LoadError.Subject.lock(path: path)
        return switch error {
        case .missing:
            LoadError(
                .missingLock, subject, reason: "no such file", plugin: "nothing of this name",
                host: "takes only files on this list (\(CheckOptions.requireLockFlag))", fix: writeAgain(path))
        case .notAFile(let kind):
            LoadError(
                .badLock, subject, reason: "it is not a file", plugin: "\(kind)", host: "reads regular files",
                fix: "move \(path.shellWord) away; then \(writeAgain(path))")
        case .notPermitted:
            LoadError(
                .badLock, subject, reason: "permission denied", plugin: "not readable", host: "reads it as user \(currentUser)",
                fix: "chmod a+r \(path.shellWord)")
        case .tooManyOpen:
            LoadError(
                .badLock, subject, reason: "it cannot be read", plugin: "not opened", host: "has too many files open",
                fix: "raise the limit of open files for the server: ulimit -n 65536")
        case .system(let number):
            LoadError(
                .badLock, subject, reason: "it cannot be read", plugin: systemMessage(number),
                host: "reads it as user \(currentUser)", fix: "see why cat \(path.shellWord) fails")
        }
    }
}
