import Glibc
import PluginLoader
import PluginServer

/// The plugin that is tried: found, judged and described as the server does it.
struct TrialPlugin {
    /// As it is named to people.
    let path: String
    /// Where the server is to look for it.
    let serverFlags: [String]
    let description: PluginDescription

    init(_ setup: TrialSetup, in prefix: TemporaryDirectory) throws {
        let checked: CheckedPlugin
        if let directory = setup.directory, !Self.isPath(setup.plugin) {
            checked = try PluginDirectory(path: directory, options: setup.policy.check).plugin(named: Self.name(setup.plugin))
            path = checked.path
            serverFlags = ["-plugins-directory", directory]
        } else {
            path = try Self.file(setup)
            // Whoever names a file that he has built wants it run, whatever others may do to it; the server's log says what.
            var options = setup.policy.check
            options.allowInsecure = true
            checked = try CheckedPlugin(PluginFile(path: path), options: options)
            // No other plugin beside it: the file may stand among whatever a build has made.
            let directory = try prefix.directory(linking: path, as: "\(checked.name).so")
            serverFlags = ["-plugins-directory", directory, "--allow-insecure-plugins"]
        }
        let results = PluginProber(arguments: setup.policy.probeArguments, limits: setup.policy.probe).probe([checked])
        guard let result = results.first else { throw TrialFailure(.server, "the plugin was not probed", fix: "try again") }
        description = try result.get()
    }

    /// The file that is meant: itself, or one of the name in the working directory, this build or this installation.
    private static func file(_ setup: TrialSetup) throws -> String {
        if isPath(setup.plugin) { return setup.plugin }
        let name = try name(setup.plugin)
        let program = ThisProgram.path
        let folders = ([".", "dist/plugins"] + OwnPlugins.directories(besides: program) + [OwnPlugins.folder(of: program)])
            .filter(isDirectory)
        for folder in folders {
            for file in ["\(folder)/\(name).so", "\(folder)/lib\(name).so"] where access(file, F_OK) == 0 { return file }
        }
        throw TrialFailure(
            .notLoaded, "there is no \(name).so and no lib\(name).so in \(folders.map(realPath).joined(separator: ", "))",
            fix: "give its file, or its directory with --plugins-directory; ./build.sh plugin DIR builds it")
    }

    private static func name(_ text: String) throws -> PluginName {
        guard let name = PluginName(text) else {
            throw TrialFailure(.notLoaded, "\"\(text.printable)\" is no name of a plugin", fix: "give its name, or the path of its file")
        }
        return name
    }

    private static func isPath(_ plugin: String) -> Bool { plugin.contains("/") || plugin.hasSuffix(".so") }
}
