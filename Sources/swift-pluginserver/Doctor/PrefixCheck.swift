import Glibc
import PluginLoader

/// Kong's prefix directory, where the socket is made, and the logs in it.
struct PrefixCheck {
    let installation: Installation

    private var path: String { installation.prefix }
    private var account: Account { installation.account }

    var diagnoses: [Diagnosis] {
        guard let status = FileStatus(path: path) else {
            return [
                .problem(
                    .prefixMissing, path, "Kong's prefix directory \(path) is not there", found: "nothing of this name, or nothing that may be seen",
                    wanted: "a directory that Kong has made", fix: "kong prepare -p \(path.shellWord), or name the right one: -kong-prefix PATH")
            ]
        }
        guard status.kind == .directory else {
            return [
                .problem(
                    .prefixNotADirectory, path, "Kong's prefix \(path) is no directory", found: "\(status.kind)",
                    wanted: "a directory", fix: "name the right one: -kong-prefix PATH, and prefix in kong.conf")
            ]
        }
        return [directory(status)] + installation.logDirectories.flatMap(logs)
    }

    private func directory(_ status: FileStatus) -> Diagnosis {
        let found = "owner \(status.owner), mode \(status.modeText)"
        guard account.may(.write, .execute, at: path) else {
            return .problem(
                .prefixNotWritable, path, "user \(account.name) may not make the socket in \(path)",
                found: account.barrier(to: path).map { "\(account.name) may not enter \($0)" } ?? found,
                wanted: "writable for the user of Kong's workers",
                fix: "chown \(account.name.shellWord) \(path.shellWord), and chmod a+x the directories above it")
        }
        // With the sticky bit nobody can remove what belongs to others.
        guard status.mode & 0o002 == 0 || status.mode & 0o1000 != 0 else {
            return .warning(
                .prefixOpen, path, "everybody may put a socket of their own in the place of the server's", found: found,
                wanted: "writable for Kong's user alone", fix: "chmod o-w \(path.shellWord)")
        }
        return .ok(.prefix, path, "\(path): \(found), writable for user \(account.name)")
    }

    private func logs(_ logs: String) -> [Diagnosis] {
        let harm = "the server runs all the same, without files of its own for its log"
        guard let status = FileStatus(path: logs), status.kind == .directory else {
            let parent = logs.lastIndex(of: "/").map { String(logs[..<$0]) } ?? "."
            if FileStatus(path: logs) == nil, account.may(.write, .execute, at: parent) {
                return [.note(.logsMissing, logs, "there is no directory \(logs) yet; Kong or the server will make it")]
            }
            return [
                .warning(
                    .logsMissing, logs, "there is no directory \(logs): \(harm)",
                    found: FileStatus(path: logs).map { "\($0.kind)" } ?? "nothing of this name, nor may \(account.name) make it",
                    wanted: "a directory for the server's log", fix: "mkdir \(logs.shellWord) && chown \(account.name.shellWord) \(logs.shellWord); or name another: --diagnostics-dir PATH")
            ]
        }
        guard account.may(.write, .execute, at: logs) else {
            return [
                .warning(
                    .logsNotWritable, logs, "user \(account.name) may not write to \(logs): \(harm)",
                    found: "owner \(status.owner), mode \(status.modeText)", wanted: "writable for the user of Kong's workers",
                    fix: "chown \(account.name.shellWord) \(logs.shellWord)")
            ]
        }
        let files = ["log", "jsonl"].map { "\(logs)/\(Diagnostics.fileName).\($0)" }
        let closed = files.filter { FileStatus(path: $0) != nil && !account.may(.write, at: $0) }
        guard closed.isEmpty else {
            return closed.map { file in
                .warning(
                    .logFileNotWritable, file, "user \(account.name) may not write to \(file): \(harm)",
                    found: FileStatus(path: file).map { "\($0.kind), owner \($0.owner), mode \($0.modeText)" } ?? "nothing",
                    wanted: "writable for the user of Kong's workers", fix: "chown \(account.name.shellWord) \(file.shellWord)")
            }
        }
        return [.ok(.logs, logs, "\(logs): writable for user \(account.name)")]
    }
}
