import ArgumentParser
import Glibc
import PluginLoader
import PluginServer

/// Everything about one file: what can be read, and what the plugin says when it is opened in a process of its own.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows everything that is known about one plugin's file.",
        discussion: """
            A report for people, or with --json the same for programs: the file, its format, stamp and Swift runtime, the \
            libraries and symbol versions that it needs and whether this machine has them, the verdict with what to do, and the \
            plugin as Kong will see it. For that a file that is fit is opened in a process of its own, as the server does before \
            it loads it. Ends with status 1 if it is refused.

            Examples:
              swift-pluginserver inspect /usr/local/kong/swift-plugins/hello.so
              swift-pluginserver inspect --json dist/plugins/hello.so
            """)

    @Argument(help: "The plugin's file.")
    var file: String

    @Flag(help: "Print everything that is known as a JSON object.")
    var json = false

    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    /// What is printed with `--json`.
    private struct Result: Encodable {
        let file: Inspection
        /// As Kong will see it.
        let plugin: PluginDescription?
        let refusal: String?
    }

    func run() throws {
        openStandardDescriptors()
        let style = json ? Style.plain : Style(for: STDOUT_FILENO)
        let policy = judging.policy
        var description: PluginDescription?
        var refusal: LoadError?
        do throws(LoadError) {
            let checked = try CheckedPlugin(PluginFile(path: file), options: policy.check)
            let results = PluginProber(arguments: policy.probeArguments, limits: policy.probe).probe([checked])
            for result in results { description = try result.get() }
        } catch {
            refusal = error
        }
        let inspection = Inspection(path: file, options: policy.check)
        let output = StandardOutput()
        let bytes =
            json
            ? try encoded(Result(file: inspection, plugin: description, refusal: refusal.map { "\($0)" }))
            : Array(try InspectionReport(inspection, description, refusal, style).text.utf8)
        guard output.write(bytes) else { throw fail("nobody takes the result from standard output") }
        // The report has it already.
        if let refusal { throw json ? fail("\(refusal)") : ExitCode(1) }
    }
}
