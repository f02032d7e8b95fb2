import EventLoop
import Glibc

extension ServiceAddress {
    /// Why nothing can ever listen there, with what to do about it: waiting would not help. Nil: it is tried, and tried again, since
    /// whoever has the address may be about to go.
    public var hindrance: String? {
        guard case .unix(let path) = self else { return nil }
        let directory = Self.directory(of: path)
        var status = stat()
        if path.utf8.count > UnixListener.longestPath {
            return "\(self): its path has more than \(UnixListener.longestPath) bytes\n  fix: name a shorter one: --metrics unix:PATH"
        }
        guard stat(directory, &status) == 0 else {
            // What may come to be, such as a mount that is late, is for the start of the server to wait for.
            guard errno == ENOENT || errno == ENOTDIR else { return nil }
            return "\(self): there is no directory \(directory)\n  fix: make it, mkdir -p \(directory), or name another place: --metrics unix:PATH"
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "\(self): \(directory) is no directory\n  fix: name another place: --metrics unix:PATH" }
        if case .other = UnixListener.occupant(of: path) {
            return "\(self): what is there is no socket, and is left as it is\n  fix: move it away, or name another place: --metrics unix:PATH"
        }
        return nil
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
