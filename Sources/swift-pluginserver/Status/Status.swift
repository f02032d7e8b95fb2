import ArgumentParser
import Glibc
import KongClient
import PluginLoader
import Statistics

/// What a server that runs is doing, and has done.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a running server does: processes, plugins, instances, events and how long they took.",
        discussion: """
            It asks the server of a prefix at PREFIX/\(ControlSocketPath.defaultName), which only the server's user and root may do. Ends with \
            status 1 if there is no server.

            Examples:
              swift-pluginserver status
              swift-pluginserver status -kong-prefix /usr/local/kong --json
            """)

    @OptionGroup var prefix: KongPrefix
    @OptionGroup var control: ControlSocketPath

    @Flag(help: "Print everything that is known as a JSON object.")
    var json = false

    func run() throws {
        openStandardDescriptors()
        let path = control.path(prefix: prefix.path ?? KongPrefix.defaultPath)
        let answer: JSONValue
        let status: ServerStatus
        do {
            answer = try ControlClient(path: path).ask("status")
            status = try ServerStatus(answer)
        } catch {
            throw fail("\(error)")
        }
        let style = json ? Style.plain : Style(for: STDOUT_FILENO)
        let output = StandardOutput()
        guard output.write(json ? try encoded(answer) : Array(StatusReport(status, style).text.utf8)) else {
            throw fail("nobody takes the status from standard output")
        }
    }
}

/// Where a running server can be asked.
struct ControlSocketPath: ParsableArguments {
    @Option(
        name: .goStyle("control-socket"),
        help: .init("Where status, release and reload ask a running server. (default: PREFIX/\(Self.defaultName))", valueName: "path"))
    var path: String?

    static let defaultName = "swift-pluginserver.control"

    func path(in location: PluginsLocation) -> String { path(prefix: location.kongPrefix) }
    func path(prefix: String) -> String { path ?? "\(prefix)/\(Self.defaultName)" }
}
