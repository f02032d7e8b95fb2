import PluginLoader
import Synchronization

/// The SHA-256 of each plugin's file, as they become known: to read the files takes a while.
final class PluginDigests: Sendable {
    private struct State {
        var digests: [String: String] = [:]
        var isOver = false
    }

    private let state = Mutex(State())

    /// A file that somebody has written to since it was checked has none.
    func read(_ plugin: CheckedPlugin) {
        guard !state.withLock({ $0.isOver }), let digest = try? plugin.file.digest() else { return }
        state.withLock { $0.digests[plugin.path] = digest.description }
    }

    /// Nobody needs those that are not known yet.
    func giveUp() { state.withLock { $0.isOver = true } }

    /// Empty while it is not known.
    subscript(path: String) -> String { state.withLock { $0.digests[path] ?? "" } }
}
