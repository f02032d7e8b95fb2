import PluginLoader

/// A plugin server as Kong's settings have it: an entry of `pluginserver_names`, or what Kong 2.x makes of
/// `go_pluginserver_exe` and `go_plugins_dir`.
struct KongServer {
    let name: String
    /// Where Kong connects.
    let socket: String
    let start: KongCommand?
    let query: KongCommand?
    /// Kong 2.x asks for one plugin at a time, and needs no query.
    let isLegacy: Bool

    /// What Kong calls a setting of it.
    func setting(_ suffix: String) -> String { Self.setting(name, suffix) }

    fileprivate static func setting(_ name: String, _ suffix: String) -> String {
        "pluginserver_\(name.replacing("-", with: "_"))_\(suffix)"
    }

    /// Where the start command would listen; `nil` if it starts something else.
    var listensOn: String? { start?.server.map { $0.serving.socket.path(in: $0.location) } }

    /// Where it takes its plugins from.
    var startDirectory: String? { start?.server?.location.pluginsPath }
    var queryDirectory: String? { query?.server?.location.pluginsPath }

    /// Whether any of its commands is this server's.
    var isOurs: Bool {
        for case let command? in [start, query] {
            if case .server = command.meaning { return true }
            if case .invalid = command.meaning { return true }
        }
        return false
    }
}

extension KongConfiguration {
    /// The names of the plugin servers. Kong makes them small letters.
    var serverNames: [String] { (list("pluginserver_names") ?? []).map { $0.lowercased() } }

    /// Kong 2.x, as it was configured for go-pluginserver.
    var goPluginsDirectory: Setting? { self["go_plugins_dir"].flatMap { $0.value == "off" ? nil : $0 } }

    /// The plugin servers that Kong would use.
    func servers(_ version: KongVersion?) -> [KongServer] {
        let names = KongVersion.Range.upTo(2, 2).contains(version) == true ? [] : serverNames
        if !names.isEmpty { return names.map { server($0, version) } }
        guard let directory = goPluginsDirectory?.value, KongVersion.Range.from(3, 0).contains(version) != true else { return [] }
        let executable = self["go_pluginserver_exe"]?.value ?? "/usr/local/bin/go-pluginserver"
        return [
            KongServer(
                name: "go-pluginserver", socket: "\(prefix)/\(SocketPath.defaultName)",
                start: KongCommand(
                    executable: executable, arguments: ["-kong-prefix", prefix, "-plugins-directory", directory]),
                query: nil, isLegacy: true)
        ]
    }

    /// Settings of plugin servers that are in nobody's name, so that Kong does not read them.
    var unusedServerSettings: [String] {
        let used = serverNames.flatMap { name in ["socket", "start_cmd", "query_cmd"].map { KongServer.setting(name, $0) } }
        return keys(withPrefix: "pluginserver_").filter { $0 != "pluginserver_names" && !used.contains($0) }
    }

    private func server(_ name: String, _ version: KongVersion?) -> KongServer {
        let isNew = KongVersion.Range.from(3, 9).contains(version) ?? true
        // Before 3.9 Kong did not look at its prefix here.
        let socket = self[KongServer.setting(name, "socket")]?.value ?? "\(isNew ? prefix : Self.defaultPrefix)/\(name).socket"
        let program = "/usr/local/bin/\(name)"
        let defaultStart = FileStatus(path: program) == nil ? nil : program
        let oldQuery = "/usr/local/bin/query_\(name)"
        let defaultQuery = isNew ? defaultStart.map { "\($0) -dump" } : FileStatus(path: oldQuery) == nil ? nil : oldQuery
        return KongServer(
            name: name, socket: socket,
            start: (self[KongServer.setting(name, "start_cmd")]?.value ?? defaultStart).map { KongCommand($0) },
            query: (self[KongServer.setting(name, "query_cmd")]?.value ?? defaultQuery).map { KongCommand($0) }, isLegacy: false)
    }
}
