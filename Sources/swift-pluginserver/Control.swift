import ArgumentParser
import Glibc
import PluginLoader
import Supervision

/// Asks a running server how it is.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tells how a running server is, as JSON.")

    @OptionGroup var prefix: KongPrefix
    @OptionGroup var control: ControlSocketPath

    func run() throws {
        print(try Control(prefix, control).ask(["command": "status"]).text)
    }
}

/// Lets a quarantined plugin run again.
struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lets a plugin run again that crashed too often.")

    @Argument(help: "The plugin.") var plugin: String
    @OptionGroup var prefix: KongPrefix
    @OptionGroup var control: ControlSocketPath

    func run() throws {
        _ = try Control(prefix, control).ask(["command": "release", "plugin": .string(plugin)])
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
        _ = try Control(prefix, control).ask(["command": "reload", "plugin": plugin.map { .string($0) } ?? .null])
        print("\(plugin ?? "all plugins") reloaded")
    }
}

/// The way to a running server.
struct Control {
    private let path: String

    init(_ prefix: KongPrefix, _ control: ControlSocketPath) {
        path = control.path(prefix: prefix.path ?? KongPrefix.defaultPath)
    }

    /// Sends a request, and waits for its answer.
    func ask(_ request: [String: JSONValue]) throws -> JSONValue {
        let answer: JSONValue
        do throws(ControlRequestError) {
            answer = try ControlRequest.ask(.object(request), at: path)
        } catch {
            throw fail("\(error)")
        }
        if case .boolean(true)? = answer["ok"] { return answer }
        if case .string(let reason)? = answer["error"] { throw fail(reason) }
        throw fail("the server's answer cannot be understood: \(answer.text)")
    }
}
