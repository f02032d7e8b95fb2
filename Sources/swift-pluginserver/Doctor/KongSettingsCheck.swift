import Glibc
import PluginLoader

/// Kong's configuration as a whole: whether it can be read, and what of it the server depends on.
struct KongSettingsCheck {
    let installation: Installation
    /// The prefix that was asked for.
    let askedPrefix: String?

    private var configuration: KongConfiguration { installation.configuration }

    /// The settings that are looked at here.
    private static let relevant: Set<String> = [
        "prefix", "plugins", "log_level", "nginx_user", "nginx_main_user", "go_pluginserver_exe", "go_plugins_dir",
    ]

    var diagnoses: [Diagnosis] {
        if configuration.isEmpty {
            return [
                .note(
                    .kongSettingsNone, "kong.conf",
                    "there are no settings of Kong here: neither \(KongConfiguration.defaultPaths.joined(separator: " nor ")), nor KONG_* in the environment",
                    fix: "if Kong is elsewhere, give its file: --kong-conf PATH")
            ]
        }
        return file + environment + quotes + [user, logLevel] + prefix
    }

    // MARK: Where they are from

    private var file: [Diagnosis] {
        guard let path = configuration.path else { return [] }
        if let unreadable = configuration.unreadable {
            return [
                .problem(
                    unreadable.code, path, "Kong's settings in \(path) cannot be read", found: unreadable.found,
                    wanted: "a regular file of text, \(KongConfigurationFile.largestSize) bytes at most",
                    fix: "name the file that Kong is started with: --kong-conf PATH; or see why cat \(path.shellWord) fails")
            ]
        }
        guard let file = configuration.file else { return [] }
        return [.ok(.kongConf, path, "\(path): \(file.entries.count) settings")] + file.oddities.compactMap { oddity($0, path) }
    }

    private func oddity(_ oddity: KongConfigurationFile.Oddity, _ path: String) -> Diagnosis? {
        let place = "\(path):\(oddity.line)"
        switch oddity.kind {
        case .noAssignment:
            return .warning(
                .kongConfLine, place, "Kong reads nothing from line \(oddity.line)", found: "a line without =", wanted: "key = value",
                fix: "mend the line, or make a comment of it with #")
        case .section:
            return .warning(
                .kongConfLine, place, "Kong cannot read what follows line \(oddity.line)", found: "a section in square brackets",
                wanted: "key = value", fix: "remove the line")
        case .again(let key, let first):
            guard isRelevant(key) else { return nil }
            return .warning(
                .kongConfTwice, place, "\(key) is set twice, and only the last line counts", found: "lines \(first) and \(oddity.line)",
                wanted: "one line", fix: "remove line \(first), or join the two")
        }
    }

    private var environment: [Diagnosis] {
        let variables = configuration.variables
        guard !variables.isEmpty else { return [] }
        let shown = variables.prefix(6).joined(separator: ", ") + (variables.count > 6 ? ", …" : "")
        return [
            .ok(.kongEnvironment, "environment", "\(variables.count) settings in the environment, which count for more than kong.conf: \(shown)")
        ]
    }

    /// Kong keeps them: they do not make a list or a command of what is in them.
    private var quotes: [Diagnosis] {
        let keys = Self.relevant.sorted() + configuration.keys(withPrefix: "pluginserver_")
        return keys.compactMap { key -> Diagnosis? in
            guard let setting = configuration[key], setting.value.count > 1, let mark = setting.value.first, "\"'".contains(mark),
                setting.value.last == mark, !setting.value.dropFirst().dropLast().contains(mark)
            else { return nil }
            return .warning(
                .kongQuotes, key, "\(key) has quotation marks around it, which are part of it for Kong", found: "\(setting.value) (\(setting.origin))",
                wanted: String(setting.value.dropFirst().dropLast()), fix: "remove the quotation marks from \(key)")
        }
    }

    private func isRelevant(_ key: String) -> Bool { Self.relevant.contains(key) || key.hasPrefix("pluginserver_") }

    // MARK: What they say

    private var user: Diagnosis {
        let account = installation.account
        if let unknown = installation.unknownUser {
            return .warning(
                .kongUserUnknown, "nginx_user", "Kong's user is not known here, so this is examined for user \(account.name)",
                found: "nginx_user = \(unknown)", wanted: "a user of /etc/passwd", fix: "useradd -r \(unknown.prefix { $0 != " " }), or mend nginx_user")
        }
        let origin =
            geteuid() != 0
            ? "this one, since only root can switch to another"
            : configuration.nginxUser.map { "nginx_user (\($0.origin))" } ?? "what Kong takes unless nginx_user is set"
        return .ok(.kongUser, "nginx_user", "Kong's workers, and so the server, run as user \(account.name): \(origin)")
    }

    private var logLevel: Diagnosis {
        let level = configuration.logLevel
        if level == "info" || level == "debug" {
            return .ok(.kongLogLevel, "log_level", "log_level = \(level): Kong's log has the server's lines")
        }
        return .note(
            .kongLogLevel, "log_level", "log_level = \(level): Kong leaves the server's lines out of its log, which it logs at info",
            fix: "read \(Diagnostics.fileName).log, or set log_level = info to see them in Kong's")
    }

    private var prefix: [Diagnosis] {
        guard let askedPrefix, !Self.isSamePath(askedPrefix, configuration.prefix) else { return [] }
        return [
            .warning(
                .kongPrefixDiffers, "prefix", "Kong has another prefix than the one that was asked for", found: "prefix = \(configuration.prefix)",
                wanted: askedPrefix, fix: "ask for Kong's: -kong-prefix \(configuration.prefix.shellWord), or mend prefix in kong.conf")
        ]
    }

    /// Whether two paths are spelled alike, but for slashes.
    static func isSamePath(_ first: String, _ second: String) -> Bool {
        first.hasPrefix("/") == second.hasPrefix("/") && first.split(separator: "/") == second.split(separator: "/")
    }
}
