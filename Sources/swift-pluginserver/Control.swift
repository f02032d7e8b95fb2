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
    static let configuration = CommandConfiguration(
        abstract: "Lets a running server take up what has changed in its plugins directory.",
        discussion: """
            It says what has become of each plugin. Where a file is refused, the plugin runs on as it was. Ends with status 1 if the plugin \
            that is named, or without a name any that was there before, is refused. One that is named and quarantined is released.
            """)

    @Argument(help: "The plugin; only workers that host it are replaced. (default: all)") var plugin: String?
    @OptionGroup var prefix: KongPrefix
    @OptionGroup var control: ControlSocketPath

    func run() throws {
        try control.tell("reload", plugin, prefix)
    }
}

extension ControlSocketPath {
    /// Plugins are probed, opened and started before there is an answer.
    private static let patience: Duration = .seconds(600)

    /// Has a running server do something, and waits until it is done.
    fileprivate func tell(_ command: String, _ plugin: String?, _ prefix: KongPrefix) throws {
        let client = ControlClient(path: path(prefix: prefix.path ?? KongPrefix.defaultPath), timeout: Self.patience)
        do throws(ControlClient.Failure) {
            Self.show(try client.ask(command, plugin.map { ["plugin": .string($0)] } ?? [:]))
        } catch {
            if let answer = error.answer { Self.show(answer) }
            throw fail("\(error)")
        }
    }

    /// What has become of each plugin.
    private static func show(_ answer: JSONValue) {
        guard case .array(let plugins)? = answer["plugins"] else { return }
        for plugin in plugins {
            if case .string(let text)? = plugin["text"] { print(text.printable) }
        }
    }
}
