import ArgumentParser
import PluginLoader
import PluginServer

/// Everything about one file: what can be read, and what the plugin says when it is opened in a process of its own.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows everything that is known about one plugin's file.",
        discussion: """
            A file that is fit is opened in a process of its own, as the server does before it loads it. Ends with status 1 if it \
            is refused.

            Example:
              swift-pluginserver inspect /usr/local/kong/swift-plugins/hello.so
            """)

    @Argument(help: "The plugin's file.")
    var file: String

    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    /// What is printed.
    private struct Result: Encodable {
        let file: Inspection
        /// As Kong will see it.
        let plugin: PluginDescription?
        let refusal: String?
    }

    func run() throws {
        openStandardDescriptors()
        let policy = judging.policy
        var description: PluginDescription?
        var refusal: LoadError?
        do throws(LoadError) {
            let checked = try CheckedPlugin(PluginFile(path: file), options: policy.check)
            let results = PluginProber(command: policy.probeCommand, limits: policy.probe).probe([checked])
            for result in results { description = try result.get() }
        } catch {
            refusal = error
        }
        let result = Result(
            file: Inspection(path: file, options: policy.check), plugin: description, refusal: refusal.map { "\($0)" })
        let output = StandardOutput()
        guard output.write(try encoded(result)) else { throw fail("nobody takes the result from standard output") }
        if let refusal { throw fail("\(refusal)") }
    }
}
