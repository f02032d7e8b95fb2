import PluginLoader

/// The commands of one plugin server: whether they can be run as they stand.
struct KongCommandCheck {
    let installation: Installation
    let server: KongServer

    var diagnoses: [Diagnosis] {
        let commands =
            server.isLegacy
            ? [("go_pluginserver_exe", server.start)] : [(server.setting("start_cmd"), server.start), (server.setting("query_cmd"), server.query)]
        var seen: Set<String> = []
        return commands.flatMap { setting, command -> [Diagnosis] in
            guard let command else { return [] }
            // What holds of a program, holds of both commands that start it.
            let program = seen.insert(command.executable).inserted ? executable(command, setting) : []
            return program + flags(command, setting)
        }
    }

    private func executable(_ command: KongCommand, _ setting: String) -> [Diagnosis] {
        switch command.meaning {
        case .foreign, .shell, .invalid: return []
        case .server: break
        }
        guard let path = command.executablePath else {
            return [
                .problem(
                    .kongExecutableMissing, setting, "the program of the command is not there", found: "nothing at \(command.executable)",
                    wanted: "the server's program", fix: "./build.sh install /usr/local, or mend the path in \(setting)")
            ]
        }
        let account = installation.account
        guard account.may(.execute, at: path) else {
            return [
                .problem(
                    .kongExecutableNotPermitted, setting, "user \(account.name) may not run \(path)",
                    found: account.barrier(to: path).map { "\(account.name) may not enter \($0)" }
                        ?? FileStatus(path: path).map { "owner \($0.owner), mode \($0.modeText)" } ?? "nothing",
                    wanted: "executable for the user of Kong's workers", fix: "chmod a+rx \(path.shellWord)")
            ]
        }
        var found: [Diagnosis] = []
        if !KongCommand.isSameFile(path, ThisProgram.executable) {
            found.append(
                .warning(
                    .kongExecutableDiffers, setting, "Kong starts another file than this one, of which nothing is said here", found: path,
                    wanted: ThisProgram.path, fix: "run that one's doctor: \(path.shellWord) doctor"))
        }
        if !command.executable.hasPrefix("/") { found.append(relative(command.executable, "the program", setting)) }
        return found
    }

    private func flags(_ command: KongCommand, _ setting: String) -> [Diagnosis] {
        switch command.meaning {
        case .foreign: return []
        case .shell:
            return [
                .note(
                    .kongCommandShell, setting, "only a shell can tell what this command starts, so it is not examined: \(command.text)",
                    fix: "write the command without variables, pipes and lists")
            ]
        case .invalid(let reason):
            return [
                .problem(
                    .kongCommandInvalid, setting, "the command cannot work: \(reason)", found: command.text, wanted: "a command that the server takes",
                    fix: "mend \(setting); swift-pluginserver --help has the flags")
            ]
        case .server(let flags):
            var found: [Diagnosis] = []
            let directory = flags.location.pluginsPath
            if !directory.hasPrefix("/") { found.append(relative(directory, "-plugins-directory", setting)) }
            let socket = flags.serving.socket.path(in: flags.location)
            if !socket.hasPrefix("/"), !flags.dump { found.append(relative(socket, "the socket", setting)) }
            return found
        }
    }

    private func relative(_ path: String, _ what: String, _ setting: String) -> Diagnosis {
        .warning(
            .kongRelativePath, setting, "\(what) is looked for from wherever Kong happens to be started", found: path == "." ? "the working directory" : path,
            wanted: "a path that begins with /", fix: "give the whole path in \(setting)")
    }
}
