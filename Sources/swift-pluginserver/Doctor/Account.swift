import EventLoop
import Glibc
import PluginLoader

/// A user of this machine, and what the file system lets it do: Kong's workers start the server, so it is theirs.
///
/// Names are looked up in /etc/passwd and /etc/group alone: to ask the system may load libraries into this process.
struct Account {
    let name: String
    let user: UInt32
    private let groups: Set<UInt32>
    private let isCurrent: Bool

    /// The one that this process runs as.
    static var current: Account {
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = getgroups(Int32(groups.count), &groups)
        return Account(
            name: Table("/etc/passwd").rows.first { $0.number(at: 2) == geteuid() }?.first ?? "\(geteuid())", user: geteuid(),
            groups: Set(groups.prefix(max(0, Int(count))) + [getegid()]), isCurrent: true)
    }

    /// The one that nginx would switch to: "user" or "user group".
    init?(nginxUser: String) {
        let words = nginxUser.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let name = words.first, let row = Table("/etc/passwd").rows.first(where: { $0.first == name }),
            let user = row.number(at: 2), let ownGroup = row.number(at: 3)
        else { return nil }
        var groups: Set<UInt32> = [ownGroup]
        for group in Table("/etc/group").rows {
            guard let number = group.number(at: 2), group.count > 3 else { continue }
            if group[3].split(separator: ",").contains(Substring(name)) || (words.count > 1 && group[0] == words[1]) {
                groups.insert(number)
            }
        }
        self.init(name: name, user: user, groups: groups, isCurrent: user == geteuid())
    }

    private init(name: String, user: UInt32, groups: Set<UInt32>, isCurrent: Bool) {
        self.name = name
        self.user = user
        self.groups = groups
        self.isCurrent = isCurrent
    }

    // MARK: What it may do

    enum Access: UInt32 {
        case execute = 1
        case write = 2
        case read = 4

        fileprivate var flag: Int32 {
            switch self {
            case .execute: X_OK
            case .write: W_OK
            case .read: R_OK
            }
        }
    }

    /// Whether it may do all of this with what is at `path`.
    ///
    /// For this process's own user the system is asked. For another one it goes by owners and modes, and does not see
    /// access control lists.
    func may(_ accesses: Access..., at path: String) -> Bool {
        let allowed = accesses.allSatisfy { faccessat(AT_FDCWD, path, $0.flag, AT_EACCESS) == 0 }
        // What even this process may not, as on a read-only file system, is not possible for others if this one is root.
        if isCurrent || (geteuid() == 0 && !allowed) { return allowed }
        return barrier(to: path) == nil && FileStatus(path: path).map { status in accesses.allSatisfy { permits($0, status) } } ?? false
    }

    /// The first directory above `path` that it may not pass through.
    func barrier(to path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let whole = String(cString: resolved)
        return whole.indices.filter { whole[$0] == "/" }.map { $0 == whole.startIndex ? "/" : String(whole[..<$0]) }
            .first { directory in !(FileStatus(path: directory).map { permits(.execute, $0) } ?? false) }
    }

    private func permits(_ access: Access, _ status: FileStatus) -> Bool {
        if user == 0 { return access != .execute || status.kind == .directory || status.mode & 0o111 != 0 }
        let shift: UInt32 = status.owner == user ? 6 : groups.contains(status.group) ? 3 : 0
        return status.mode >> shift & access.rawValue != 0
    }
}

/// A file of lines of fields, as /etc/passwd is.
private struct Table {
    let rows: [[String]]

    private static let limit: UInt64 = 8 << 20

    /// Without rows if it cannot be read.
    init(_ path: String) {
        guard let file = try? FileBytes(path: path), file.size <= Self.limit,
            let bytes = try? file.read(at: 0, count: Int(file.size))
        else {
            rows = []
            return
        }
        rows = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

extension [String] {
    fileprivate func number(at index: Int) -> UInt32? { indices.contains(index) ? UInt32(self[index]) : nil }
}
