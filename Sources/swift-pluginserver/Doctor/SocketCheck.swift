import EventLoop
import FoundationEssentials
import Glibc
import PluginLoader

/// The place of a socket: whether it can be made there, and what stands there now.
struct SocketCheck {
    let installation: Installation
    let path: String

    /// The longest number of a process that Linux gives (PID_MAX_LIMIT, 2^22).
    private static let highestPID: Int32 = 4_194_304

    private var account: Account { installation.account }

    private var directory: String {
        let cut = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return cut.isEmpty ? "/" : cut
    }

    var diagnoses: [Diagnosis] {
        [length] + place + [occupant] + leftovers
    }

    // MARK: Where it will be

    private var length: Diagnosis {
        let (count, longest) = (path.utf8.count, UnixListener.longestPath)
        let fix = "choose a shorter path: --socket PATH, and the same in pluginserver_X_socket"
        if count > longest {
            return .problem(
                .socketPathTooLong, path, "the socket's path is too long for the system", found: "\(count) bytes",
                wanted: "\(longest) bytes at most", fix: fix)
        }
        let temporary = UnixListener.temporaryPath(for: path, pid: Self.highestPID).utf8.count
        if temporary > longest {
            return .warning(
                .socketPathTight, path, "the socket's path has no room for a process's number, so that it is missing for a moment whenever Kong is reloaded",
                found: "\(count) bytes, \(temporary) with the number", wanted: "\(longest) bytes at most", fix: fix)
        }
        return .ok(.socketPath, path, "\(path): \(count) bytes, of \(longest)")
    }

    /// The directory that it is in. Of the prefix all is said elsewhere.
    private var place: [Diagnosis] {
        guard directory != installation.prefix else { return [] }
        guard let status = FileStatus(path: directory), status.kind == .directory else {
            return [
                .problem(
                    .socketDirectoryMissing, directory, "the socket's directory is not there",
                    found: FileStatus(path: directory).map { "\($0.kind)" } ?? "nothing of this name", wanted: "a directory",
                    fix: "mkdir -p \(directory.shellWord) && chown \(account.name.shellWord) \(directory.shellWord)")
            ]
        }
        guard account.may(.write, .execute, at: directory) else {
            return [
                .problem(
                    .socketDirectoryNotWritable, directory, "user \(account.name) may not make the socket in \(directory)",
                    found: account.barrier(to: directory).map { "\(account.name) may not enter \($0)" }
                        ?? "owner \(status.owner), mode \(status.modeText)",
                    wanted: "writable for the user of Kong's workers",
                    fix: "chown \(account.name.shellWord) \(directory.shellWord), and chmod a+x the directories above it")
            ]
        }
        return []
    }

    // MARK: What is there

    private var occupant: Diagnosis {
        switch UnixListener.occupant(of: path) {
        case .nothing: .ok(.socketFree, path, "nothing is at \(path): the server is not running, and will make it")
        case .stale:
            .note(.socketStale, path, "a socket is left at \(path), and nobody listens on it: harmless, the next server replaces it")
        case .listener(let pid, let user):
            .ok(.socketLive, path, "a server listens on \(path): process \(pid), user \(user)")
        case .other:
            .problem(
                .socketNotASocket, path, "something else is in the socket's place",
                found: FileStatus(path: path).map { "\($0.kind), \($0.size) bytes" } ?? "a link that leads nowhere",
                wanted: "a socket, or nothing: the server replaces nothing else",
                fix: "move it away: mv \(path.shellWord) \("\(path).old".shellWord)")
        case .unknown(let error):
            .warning(
                .socketUnknown, path, "whether a server listens cannot be told", found: "\(error)", wanted: "a socket that can be connected to",
                fix: "run this as the user that Kong runs as; if nobody needs what is there, rm \(path.shellWord)")
        }
    }

    /// Sockets that were bound, and not renamed any more, since their process was killed in between.
    private var leftovers: [Diagnosis] {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let sockets = entries.filter { entry in
            guard entry.hasPrefix("\(name)."), let pid = Int32(entry.dropFirst(name.utf8.count + 1)), pid > 0 else { return false }
            return FileStatus(path: "\(directory)/\(entry)")?.kind == .socket && kill(pid, 0) != 0 && errno == ESRCH
        }.sorted()
        guard !sockets.isEmpty else { return [] }
        return [
            .warning(
                .socketLeftover, path, "sockets are left of servers that were killed while they started",
                found: sockets.prefix(8).joined(separator: ", ") + (sockets.count > 8 ? ", …" : ""), wanted: "none",
                fix: "rm " + sockets.map { "\(directory)/\($0)".shellWord }.joined(separator: " "))
        ]
    }
}
