import ArgumentParser
import FoundationEssentials
import Glibc
import PluginLoader

/// A plugin to begin with: a package that builds and passes its tests as it is.
struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a package for a new plugin, with an example, its tests, and how to build it.",
        discussion: """
            The package is a folder of the plugin's name. Nothing that exists is written to. KongPDK comes from the checkout or the \
            installation that this program belongs to.

            Examples:
              swift-pluginserver new hello
              swift-pluginserver new hello --path my-plugins
              swift-pluginserver new hello --pdk https://example.com/swift-pluginserver.git
            """)

    @Argument(help: "The plugin's name, as Kong will know it.")
    var name: String

    @Option(help: .init("The folder to make the package in. (default: the working directory)", valueName: "folder"))
    var path: String?

    @Option(help: .init("Where KongPDK comes from: a folder with its package, or the URL of its repository. (default: from where this program is)", valueName: "folder or url"))
    var pdk: String?

    func run() throws {
        openStandardDescriptors()
        guard let pluginName = PluginName(name) else {
            throw fail("\"\(name.printable)\" cannot be a plugin's name: it is made of \(PluginName.rule)")
        }
        guard PluginName(fileName: "\(name).so") == pluginName, !name.hasSuffix(".so") else {
            throw fail("\"\(name)\" cannot be the name of a new plugin: lib and .so are taken for parts of its file's name, and not of its own")
        }
        do throws(ScaffoldError) {
            let source = try PDKSource(pdk, for: ThisProgram.path)
            let scaffold = try Scaffold(pluginName, pdk: source)
            let parent = path ?? "."
            try scaffold.write(in: parent)
            let folder = parent == "." ? name : "\(parent)/\(name)"
            print(
                """
                made \(folder) for the plugin \(name), with KongPDK from \(source)

                  cd \(folder.shellWord)
                  swift test                                          # its tests, without Kong
                  swift build && \(ThisProgram.command) try .build/debug/lib\(name).so

                README.md in it says how to build it for Kong.
                """)
        } catch {
            throw fail("\(error)")
        }
    }
}

/// Why there is no new package.
struct ScaffoldError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
