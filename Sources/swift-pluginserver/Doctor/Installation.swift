import FoundationEssentials
import Glibc
import PluginLoader

/// What is examined: where everything is, by the command line, or else by Kong's settings, or else by default.
struct Installation {
    let configuration: KongConfiguration
    let version: KongVersion?
    let servers: [KongServer]
    /// Whom the server will run as.
    let account: Account
    /// What `nginx_user` says that is no user of this machine.
    let unknownUser: String?
    let prefix: String
    /// As it was asked for, if it was.
    let askedDirectory: String?
    let sockets: [String]
    /// Where the server's files for its log are, or will be.
    let logDirectories: [String]
    /// What is in each directory of plugins.
    let directories: [PluginsFolder]

    init(
        prefix askedPrefix: String?, directory: String?, socket: String?, configuration: KongConfiguration,
        version: KongVersion?, options: CheckOptions
    ) {
        self.configuration = configuration
        self.version = version
        askedDirectory = directory
        let servers = configuration.servers(version)
        self.servers = servers
        prefix = askedPrefix ?? configuration.prefix
        let ours = servers.filter(\.isOurs)

        (account, unknownUser) = Self.account(configuration)
        var sockets = [socket].compactMap(\.self)
        if sockets.isEmpty { sockets = ours.map { $0.listensOn ?? $0.socket }.unique }
        self.sockets = sockets.isEmpty ? ["\(prefix)/\(SocketPath.defaultName)"] : sockets
        let starts = ours.compactMap { $0.start?.server }
        logDirectories =
            starts.isEmpty
            ? [DiagnosticsOptions.defaultDirectory(prefix: prefix)]
            : starts.compactMap { $0.diagnostics.directory(in: $0.location) }.unique

        // Trusted is whom the server will run as, which need not be whom this runs as.
        var options = options
        options.user = account.user
        let asked = [directory].compactMap(\.self)
        directories = (asked + ours.flatMap { [$0.startDirectory, $0.queryDirectory].compactMap(\.self) }).unique.map { path in
            var options = options
            let commands = ours.flatMap { [$0.start, $0.query] }.compactMap { $0?.server }.filter { $0.location.pluginsPath == path }
            options.allowInsecure = options.allowInsecure || (!commands.isEmpty && commands.allSatisfy(\.judging.allowInsecurePlugins))
            options.requireLock = options.requireLock || commands.contains(where: \.judging.requireLock)
            return PluginsFolder(path: path, options: options)
        }
    }

    /// nginx switches to another user only if root starts it. Where there is no Kong, nobody is known but this user.
    private static func account(_ configuration: KongConfiguration) -> (Account, unknown: String?) {
        guard geteuid() == 0, !configuration.isEmpty else { return (.current, nil) }
        if let setting = configuration.nginxUser {
            guard let account = Account(nginxUser: setting.value) else { return (.current, setting.value) }
            return (account, nil)
        }
        let standard = Account(nginxUser: KongConfiguration.defaultUser) ?? Account(nginxUser: "nobody")
        return (standard ?? .current, nil)
    }

    func directory(at path: String) -> PluginsFolder? { directories.first { $0.path == path } }
}

/// A directory of plugins, and what is in it, or why it is not taken.
struct PluginsFolder {
    let path: String
    let content: Result<PluginDirectory, LoadError>

    init(path: String, options: CheckOptions) {
        self.path = path
        do throws(LoadError) {
            content = .success(try PluginDirectory(path: path, options: options))
        } catch {
            content = .failure(error)
        }
    }

    private var findings: [Finding] { (try? content.get().findings) ?? [] }

    /// The names of plugins that are fit.
    var fit: [String] {
        findings.compactMap { if case .plugin(let plugin) = $0 { plugin.name.description } else { nil } }
    }

    /// The refusals, with the names of the plugins where the files' names make one.
    var refused: [(name: String?, error: LoadError)] {
        findings.compactMap { if case .refused(let name, let error) = $0 { (name?.description, error) } else { nil } }
    }
}

extension [String] {
    /// Each once, in the same order.
    var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
