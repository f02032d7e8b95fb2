import EventLoop
import PluginLoader

/// The plugin servers of Kong's settings, taken together: which there are, and who starts them.
struct KongServersCheck {
    let installation: Installation

    private var configuration: KongConfiguration { installation.configuration }
    private var servers: [KongServer] { installation.servers }
    private var version: KongVersion? { installation.version }

    var diagnoses: [Diagnosis] {
        guard !configuration.isEmpty, configuration.unreadable == nil || !servers.isEmpty else { return [] }
        return ignored + unused + twice + missing + starts + servers.flatMap(diagnoses)
    }

    // MARK: The list

    /// Kong 2.0 to 2.2 has only the settings for go-pluginserver, Kong 3 only the others, and the ones between prefer the others.
    private var ignored: [Diagnosis] {
        if !configuration.serverNames.isEmpty, KongVersion.Range.upTo(2, 2).contains(version) == true {
            return [
                .warning(
                    .kongNamesIgnored, "pluginserver_names", "Kong before 2.3 does not know pluginserver_names", found: "it is set",
                    wanted: "go_pluginserver_exe and go_plugins_dir",
                    fix: "set go_pluginserver_exe to the program and go_plugins_dir to the directory of the plugins")
            ]
        }
        guard let setting = configuration.goPluginsDirectory else { return [] }
        guard !configuration.serverNames.isEmpty || KongVersion.Range.from(3, 0).contains(version) == true else { return [] }
        return [
            .warning(
                .kongGoSettingsIgnored, "go_plugins_dir", "Kong does not read go_plugins_dir and go_pluginserver_exe",
                found: "go_plugins_dir = \(setting.value) (\(setting.origin))",
                wanted: "pluginserver_names and its settings, which Kong prefers from 2.3 on, and alone has from 3.0 on",
                fix: "move what they say to pluginserver_names, pluginserver_X_start_cmd and pluginserver_X_query_cmd, and remove them")
        ]
    }

    private var unused: [Diagnosis] {
        configuration.unusedServerSettings.map { key in
            .warning(
                .kongSettingUnused, key, "Kong does not read \(key)", found: configuration[key]?.origin ?? "it is set",
                wanted: "pluginserver_X_socket, _start_cmd or _query_cmd, where X is in pluginserver_names, in small letters and with _ for -",
                fix: "add the server's name to pluginserver_names, or remove the setting")
        }
    }

    private var twice: [Diagnosis] {
        let names = configuration.serverNames
        return names.unique.filter { name in names.count { $0 == name } > 1 }.map { name in
            .warning(
                .kongServerTwice, "pluginserver_names", "plugin server \(name) is named twice, so Kong starts it twice",
                found: names.joined(separator: ","), wanted: "each name once", fix: "remove one \(name) from pluginserver_names")
        }
    }

    private var missing: [Diagnosis] {
        guard !servers.contains(where: \.isOurs) else { return [] }
        return [
            .warning(
                .kongServerNone, "pluginserver_names", "Kong's settings do not name this server",
                found: servers.isEmpty ? "no plugin server" : "only others: \(servers.map(\.name).joined(separator: ", "))",
                wanted: "an entry of pluginserver_names whose commands start \(ThisProgram.path)",
                fix: "set pluginserver_names, and pluginserver_X_socket, _start_cmd and _query_cmd for each X in it, as the README has it")
        ]
    }

    private var starts: [Diagnosis] {
        let sockets = servers.compactMap(\.listensOn).unique
        return sockets.compactMap { socket -> Diagnosis? in
            let starting = servers.filter { $0.listensOn == socket }
            let names = starting.map(\.name).unique
            guard names.count > 1, let first = starting.first else { return nil }
            return .problem(
                .kongStartTwice, names.joined(separator: ", "),
                "Kong would start \(names.count) servers on one socket, each of which takes it from the one before",
                found: "\(names.joined(separator: ", ")) on \(socket)", wanted: "one start command for a socket",
                fix: "keep \(first.setting("start_cmd")), and remove the others; the entries share the socket")
        }
    }

    // MARK: One server

    private func diagnoses(of server: KongServer) -> [Diagnosis] {
        let commands = KongCommandCheck(installation: installation, server: server).diagnoses
        guard server.isOurs else {
            return commands.isEmpty
                ? [.note(.kongServerForeign, server.name, "plugin server \(server.name) is another program, and is not examined")] : commands
        }
        let rest = query(server) + start(server) + socket(server) + prefix(server) + directory(server)
        let found = commands + rest.compactMap(\.self)
        guard !found.contains(where: { $0.severity == .problem }) else { return found }
        let origin = server.start == nil ? "is started elsewhere" : "is started by Kong"
        return [.ok(.kongServer, server.name, "plugin server \(server.name) \(origin), on \(server.socket)")] + found
    }

    private func query(_ server: KongServer) -> [Diagnosis?] {
        guard !server.isLegacy else { return [] }
        guard server.query != nil else {
            return [
                .problem(
                    .kongQueryMissing, server.setting("query_cmd"), "Kong cannot ask plugin server \(server.name) for its plugins",
                    found: "no query command, and no program of the server's name in /usr/local/bin", wanted: "a command that ends in -dump",
                    fix: "set \(server.setting("query_cmd")) to the start command with -dump behind it")
            ]
        }
        guard let query = server.query?.server else { return [] }
        guard query.dump || query.dumpAllPlugins else {
            return [
                .problem(
                    .kongQueryServes, server.setting("query_cmd"), "the query command would start a server, and Kong would wait for its end",
                    found: server.query?.text ?? "", wanted: "-dump in it", fix: "add -dump to \(server.setting("query_cmd"))")
            ]
        }
        guard query.dumpAllPlugins || query.wireProtocol.value == .protobuf else { return [] }
        return [
            .forVersions(
                .between(KongVersion(2, 3), KongVersion(2, 8)), of: version, otherwise: .note, .kongProtocol, server.setting("query_cmd"),
                "over ProtoBuf:1 Kong 2 does not find its plugins again after the server was restarted", found: "no --protocol messagepack",
                wanted: "--protocol messagepack", fix: "for Kong 2, add --protocol messagepack to \(server.setting("query_cmd"))")
        ]
    }

    /// Who starts what listens on the socket that Kong connects to.
    private func start(_ server: KongServer) -> [Diagnosis?] {
        let setting = server.setting("start_cmd")
        if let start = server.start {
            guard let flags = start.server, flags.dump || flags.dumpAllPlugins || flags.dumpPluginInfo != nil || flags.version else { return [] }
            return [
                .problem(
                    .kongStartDumps, setting, "the start command prints something and ends, and Kong would start it again each second",
                    found: start.text, wanted: "a command that serves", fix: "remove -dump, -dump-all-plugins, -dump-plugin-info and -version from \(setting)")
            ]
        }
        let others = servers.filter { $0.start != nil && KongSettingsCheck.isSamePath($0.listensOn ?? $0.socket, server.socket) }
        if others.isEmpty {
            if case .listener = UnixListener.occupant(of: server.socket) {} else {
                return [
                    .problem(
                        .kongStartMissing, setting, "nobody starts what plugin server \(server.name) needs on \(server.socket)",
                        found: "no start command here, none for this socket elsewhere, and nobody who listens", wanted: "one start command for each socket",
                        fix: "set \(setting) to the query command without -dump and --plugin, or start the server yourself")
                ]
            }
        }
        return [
            .forVersions(
                .between(KongVersion(3, 1), KongVersion(3, 4)), of: version, otherwise: .note, .kongStartElsewhere, setting,
                "some versions of Kong never call the plugins of a server that has no start command of its own",
                found: others.first.map { "it is started by \($0.name)" } ?? "it was started by somebody else", wanted: "a start command",
                fix: "with such a version, let one entry with a start command describe all plugins: its query without --plugin")
        ]
    }

    private func socket(_ server: KongServer) -> [Diagnosis?] {
        guard let listensOn = server.listensOn, !KongSettingsCheck.isSamePath(listensOn, server.socket) else { return [] }
        let setting = server.setting("socket")
        return [
            .problem(
                .kongSocketDiffers, setting, "Kong would connect to another socket than the server listens on",
                found: "Kong connects to \(server.socket)\(configuration[setting].map { " (\($0.origin))" } ?? ", by default")",
                wanted: "\(listensOn), where the start command listens", fix: "set \(setting) = \(listensOn)")
        ]
    }

    /// With another prefix its socket may be the right one all the same, if it was given; its logs are elsewhere.
    private func prefix(_ server: KongServer) -> [Diagnosis?] {
        guard let prefix = server.start?.server?.location.kongPrefix, !KongSettingsCheck.isSamePath(prefix, configuration.prefix) else { return [] }
        return [
            .warning(
                .kongPrefixDiffers, server.setting("start_cmd"), "the server is told of another prefix than Kong has", found: "-kong-prefix \(prefix)",
                wanted: configuration.prefix, fix: "give \(server.setting("start_cmd")) -kong-prefix \(configuration.prefix.shellWord)")
        ]
    }

    private func directory(_ server: KongServer) -> [Diagnosis?] {
        var found: [Diagnosis?] = []
        // An entry without a start command shares the socket, and so the server, of another one.
        let starter = server.start == nil ? servers.first { $0.listensOn.map { KongSettingsCheck.isSamePath($0, server.socket) } ?? false } : server
        if let start = starter?.startDirectory, let query = server.queryDirectory, !KongSettingsCheck.isSamePath(start, query) {
            found.append(
                .problem(
                    .kongDirectoryDiffers, server.setting("query_cmd"), "Kong is told of other plugins than the server has", found: "the query reads \(query)",
                    wanted: "\(start), as the start command", fix: "give both commands the same -plugins-directory"))
        }
        if let asked = installation.askedDirectory, let start = server.startDirectory, !KongSettingsCheck.isSamePath(asked, start) {
            found.append(
                .warning(
                    .kongDirectoryNotAsked, server.setting("start_cmd"), "the server takes its plugins from another directory than the one that was asked for",
                    found: start, wanted: asked, fix: "ask for this one: -plugins-directory \(start.shellWord), or mend the start command"))
        }
        return found
    }
}
