// Unsafe pointers: pieces of a file are lent to write.

import CDynamicLinker
import Glibc

/// The file of a plugin that a process has loaded, held open so that it can be loaded again when its path leads to something
/// else: by another process, which has been given the descriptor.
public struct KeptImage: Sendable {
    public let plugin: PluginName
    /// Where it was, or would have been, loaded from.
    public let path: String
    /// Of what was loaded; empty: not known, and then it is not loaded again.
    public let sha256: String
    /// See `PluginFile.edition`; empty: not known.
    public let edition: String
    private let bytes: FileBytes

    /// - Parameter descriptor: of the file; it is closed with this, or here if this cannot be.
    public init?(plugin: String, path: String, sha256: String, edition: String, owning descriptor: CInt) {
        guard let plugin = PluginName(plugin) else {
            close(descriptor)
            return nil
        }
        guard let bytes = try? FileBytes(owning: descriptor) else { return nil }
        self.plugin = plugin
        self.path = path
        self.sha256 = sha256
        self.edition = edition
        self.bytes = bytes
    }

    /// For whoever is to have it too; it stays open here.
    public var descriptor: CInt { bytes.descriptor }

    /// The plugin in it, if that is what was loaded before, byte for byte.
    ///
    /// Whom it belongs to, and whether it is on the trust list, was judged when it was loaded first; what its path leads to
    /// now says nothing of it. It is copied into memory that nobody can write to, and loaded from there: its file may be
    /// unlinked, closed to this user, or open to others by now.
    public func check(_ options: CheckOptions) throws(LoadError) -> CheckedPlugin {
        let file = try PluginFile(name: plugin, path: path) { () throws(FileError) in try sealed() }
        guard !sha256.isEmpty, try file.digest().description == sha256 else {
            throw file.refusal(
                .fileChanged, "the file that ran before has been written to", plugin: "another SHA-256", host: "had loaded \(sha256)",
                fix: "put a good file in its place; and replace plugins by renaming, not by writing into them: \(path.replaceCommand)")
        }
        return try CheckedPlugin(file, options: options, lock: nil, reader: LibraryReader())
    }

    /// The bytes where nobody can change them; where the system has no such memory, the file itself.
    private func sealed() throws(FileError) -> FileBytes {
        if dynamic_linker_is_sealed(bytes.descriptor) == 0, let copy = copy() { return try FileBytes(owning: copy) }
        let again = fcntl(bytes.descriptor, F_DUPFD_CLOEXEC, 3)
        guard again >= 0 else { throw .system(errno) }
        return try FileBytes(owning: again)
    }

    private static let pieceSize = 1 << 20
    /// The kernel's, for a name.
    private static let longestName = 249

    /// A descriptor of a copy; nil: it could not be made.
    private func copy() -> CInt? {
        let name = path.utf8.count <= Self.longestName ? path : "\(plugin).so"
        let file = dynamic_linker_make_file(name)
        guard file >= 0 else { return nil }
        var position: UInt64 = 0
        while position < bytes.size {
            let count = Int(min(bytes.size - position, UInt64(Self.pieceSize)))
            guard let piece = try? bytes.read(at: position, count: count), Self.write(piece, to: file) else {
                close(file)
                return nil
            }
            position += UInt64(count)
        }
        guard dynamic_linker_seal(file) == 0 else {
            close(file)
            return nil
        }
        return file
    }

    private static func write(_ piece: [UInt8], to file: CInt) -> Bool {
        var rest = piece[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
