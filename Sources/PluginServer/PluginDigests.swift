import PluginLoader
import Synchronization

/// The SHA-256 of each plugin's file, as they become known: to read the files takes a while.
final class PluginDigests: Sendable {
    private let digests = Mutex<[String: String]>([:])

    /// A file that somebody has written to since it was checked has none.
    func read(_ plugin: CheckedPlugin) {
        guard let digest = try? plugin.file.digest() else { return }
        digests.withLock { $0[plugin.path] = digest.description }
    }

    /// Empty while it is not known.
    subscript(path: String) -> String { digests.withLock { $0[path] ?? "" } }
}
