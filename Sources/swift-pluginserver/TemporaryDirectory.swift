import FoundationEssentials
import Glibc

/// A directory of one's own, for as long as it is needed.
struct TemporaryDirectory {
    let path: String

    init(_ name: String) throws {
        // Not $TMPDIR: a socket's path has to be short.
        path = "/tmp/\(name).\(getpid())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func text(of file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    }

    /// A directory in it with nothing but a link to a plugin.
    /// - Parameter plugin: the plugin's file.
    func directory(linking plugin: String, as fileName: String) throws -> String {
        let directory = file("plugins")
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try FileManager.default.createSymbolicLink(atPath: "\(directory)/\(fileName)", withDestinationPath: realPath(plugin))
        return directory
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// The path without links; itself if there is nothing there.
func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
