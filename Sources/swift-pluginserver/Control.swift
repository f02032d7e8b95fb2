import ArgumentParser
import PluginLoader

/// Lets a quarantined plugin run again.
struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lets a plugin run again that crashed too often.")

    @Argument(help: "The plugin.") var plugin: String
    @OptionGroup var prefix: KongPrefix
    @OptionGroup var control: ControlSocketPath

    func run() throws {
        try control.tell("release", plugin, prefix)
        print("\(plugin) is released")
    }
}

/// Lets a running server take up what has changed in its plugins directory.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Replaces the workers of a running server, and with them its plugins.")

    @Argument(help: "Only workers that host this plugin.") var plugin: String?
    @OptionGroup var prefix: KongPrefix
    @OptionGroup var control: ControlSocketPath

    func run() throws {
        try control.tell("reload", plugin, prefix)
        print("\(plugin ?? "all plugins") reloaded")
    }
}

extension ControlSocketPath {
    /// Plugins are probed, opened and started before there is an answer.
    private static let patience: Duration = .seconds(600)

    /// Has a running server do something, and waits until it is done.
    fileprivate func tell(_ command: String, _ plugin: String?, _ prefix: KongPrefix) throws {
        let client = ControlClient(path: path(prefix: prefix.path ?? KongPrefix.defaultPath), timeout: Self.patience)
        do throws(ControlClient.Failure) {
            _ = try client.ask(command, plugin.map { ["plugin": .string($0)] } ?? [:])
        } catch {
            throw fail("\(error)")
        }
    }
}
