import Glibc
import PluginLoader
import PluginServer

/// The program itself, and what its processes may use.
struct ProgramCheck {
    let installation: Installation

    /// A connection is a descriptor, and each of Kong's workers keeps a few dozen.
    private static let enoughDescriptors: UInt64 = 4096

    var diagnoses: [Diagnosis] { [executable, descriptorLimit] }

    private var executable: Diagnosis {
        let path = ThisProgram.path
        let account = installation.account
        let status = FileStatus(path: path)
        let mode = status?.modeText ?? "unknown"
        let found = "owner \(status.map { "\($0.owner)" } ?? "unknown"), mode \(mode)"
        let fix = "chmod a+rx \(path.shellWord), and chmod a+x the directories above it"
        guard account.may(.read, .execute, at: path) else {
            return .problem(
                .executableNotForOthers, path, "user \(account.name) may not run the server",
                found: account.barrier(to: path).map { "\(account.name) may not enter \($0)" } ?? found,
                wanted: "readable and executable for Kong's user", fix: fix)
        }
        guard let status, status.mode & 0o005 == 0o005 else {
            return .warning(
                .executableNotForOthers, path, "only some users may run the server", found: found,
                wanted: "readable and executable for whatever user Kong runs as", fix: fix)
        }
        return .ok(.executable, path, "swift-pluginserver \(serverVersion), \(path), mode \(mode)")
    }

    private var descriptorLimit: Diagnosis {
        let subject = "RLIMIT_NOFILE"
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return .note(.descriptorLimit, subject, "the limit of open files is not known")
        }
        let most = limit.rlim_max == .max ? "unlimited" : "\(limit.rlim_max)"
        guard limit.rlim_max >= Self.enoughDescriptors else {
            return .warning(
                .descriptorLimitLow, subject, "few files may be open at a time, and each connection is one",
                found: "\(most) for processes of this shell; the server has what Kong has", wanted: "at least \(Self.enoughDescriptors)",
                fix: "raise it where Kong is started: LimitNOFILE=65536 in its systemd unit, --ulimit nofile=65536 for Docker")
        }
        return .ok(.descriptorLimit, subject, "\(most) open files, if Kong is started as this command was")
    }
}
