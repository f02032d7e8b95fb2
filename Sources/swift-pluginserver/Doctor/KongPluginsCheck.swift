import PluginLoader

/// Kong's plugins: those in the directories, those that a query tells Kong of, and those in the setting `plugins`.
struct KongPluginsCheck {
    let installation: Installation

    private var ours: [KongServer] { installation.servers.filter(\.isOurs) }
    private var version: KongVersion? { installation.version }

    var diagnoses: [Diagnosis] {
        guard !ours.isEmpty else { return [] }
        guard let enabled = installation.configuration.enabledPlugins else {
            return [
                .problem(
                    .kongPluginsOff, "plugins", "Kong loads no plugins at all", found: "plugins = \((installation.configuration.list("plugins") ?? []).joined(separator: ","))",
                    wanted: "bundled, and the plugins' names", fix: "set plugins = \((["bundled"] + names).joined(separator: ","))")
            ]
        }
        return ours.compactMap(manyPlugins) + ours.compactMap(missing) + names.compactMap { diagnosis($0, enabled) } + refused(enabled)
            + elsewhere(enabled)
    }

    /// The plugins that are fit, of all directories that a server of Kong's uses.
    private var names: [String] {
        ours.flatMap { [$0.startDirectory, $0.queryDirectory].compactMap(\.self) }.unique
            .flatMap { installation.directory(at: $0)?.fit ?? [] }.unique.sorted()
    }

    /// What a server's query tells Kong of. Kong 3.9 takes the first of them; with another one it takes all.
    private func offered(by server: KongServer) -> [String] {
        let directory = server.isLegacy ? server.startDirectory : server.queryDirectory
        guard let fit = directory.flatMap({ installation.directory(at: $0) })?.fit else { return [] }
        if server.isLegacy { return fit }
        guard let query = server.query?.server, query.dump || query.dumpAllPlugins else { return [] }
        if query.dump, let only = query.plugin { return fit.filter { $0 == only } }
        return KongVersion.Range.from(3, 9).contains(version) == true ? Array(fit.sorted().prefix(1)) : fit
    }

    // MARK: Queries

    private func manyPlugins(_ server: KongServer) -> Diagnosis? {
        guard let query = server.query?.server, query.dumpAllPlugins || (query.dump && query.plugin == nil),
            let fit = server.queryDirectory.flatMap({ installation.directory(at: $0) })?.fit, fit.count > 1
        else { return nil }
        return .forVersions(
            .from(3, 9), of: version, otherwise: .warning, .kongQueryManyPlugins, server.setting("query_cmd"),
            "Kong takes no more than one plugin from each plugin server", found: "a query that describes \(fit.count): \(fit.joined(separator: ", "))",
            wanted: "one entry of pluginserver_names for each plugin, with --plugin NAME in its query",
            fix: "add an entry for each of them, all with the same socket, the first with the start command, and each with -dump --plugin NAME in its query")
    }

    private func missing(_ server: KongServer) -> Diagnosis? {
        guard let query = server.query?.server, query.dump, let name = query.plugin, let path = server.queryDirectory,
            let directory = installation.directory(at: path), !directory.fit.contains(name), !directory.refused.contains(where: { $0.name == name })
        else { return nil }
        return .problem(
            .kongQueryPluginMissing, server.setting("query_cmd"), "the query asks for plugin \(name), which is not there, and Kong starts no external plugin",
            found: "neither \(name).so nor lib\(name).so in \(path)", wanted: "the plugin's file", fix: "put it there, or remove \(server.name) from pluginserver_names")
    }

    // MARK: One plugin

    private func diagnosis(_ name: String, _ enabled: Set<String>) -> Diagnosis? {
        let servers = ours.filter { offered(by: $0).contains(name) }.map(\.name)
        guard enabled.contains(name) else {
            return .warning(
                .kongPluginNotEnabled, name, "plugin \(name) is in the directory, and Kong does not load it", found: "\(name) is not in plugins",
                wanted: "its name in Kong's plugins", fix: "add \(name) to plugins, or \(Self.settingOfPlugins) if it is set; or move its file away")
        }
        guard !servers.isEmpty else {
            return .problem(
                .kongPluginNotOffered, name, "Kong will say that plugin \(name) is enabled but not installed, and not start", found: "no query tells Kong of it",
                wanted: "a query command that describes it", fix: "add an entry to pluginserver_names whose query has -dump --plugin \(name.shellWord)")
        }
        guard servers.count == 1 else {
            return .warning(
                .kongPluginOfferedTwice, name, "Kong is told of plugin \(name) more than once", found: "by \(servers.joined(separator: ", "))",
                wanted: "one query that describes it", fix: "give each query its own --plugin NAME")
        }
        return .ok(.kongPlugin, name, "plugin \(name) is enabled, and described by plugin server \(servers[0])")
    }

    private static let settingOfPlugins = KongConfiguration.variable(for: "plugins")

    /// Which of Kong's plugins are written in Lua is not known here.
    private func elsewhere(_ enabled: Set<String>) -> [Diagnosis] {
        let known = installation.directories.flatMap { directory in directory.fit + directory.refused.compactMap(\.name) }
        let others = enabled.subtracting(known).sorted()
        guard !others.isEmpty else { return [] }
        return [
            .note(
                .kongPluginElsewhere, "plugins", "of these there is no file here, so they have to be Kong's own or other servers': \(others.joined(separator: ", "))",
                fix: "if one should be a plugin of this server, put its file into the plugins directory")
        ]
    }

    private func refused(_ enabled: Set<String>) -> [Diagnosis] {
        installation.directories.flatMap { directory in
            directory.refused.compactMap { name, error -> Diagnosis? in
                guard let name, enabled.contains(name), !directory.fit.contains(name) else { return nil }
                return .problem(
                    .kongPluginRefused, name, "Kong will say that plugin \(name) is enabled but not installed, and not start",
                    found: "\(error.reason) [\(error.code.rawValue)]", wanted: "a file that is fit",
                    fix: "swift-pluginserver check \(directory.path.shellWord) says what to do")
            }
        }
    }
}
