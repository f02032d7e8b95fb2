import ArgumentParser
import FoundationEssentials
import Glibc
import PluginConformance
import PluginLoader
import PluginServer

/// Whether a plugin, in whatever language, keeps the contract of kong_plugin.h.
struct Conformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examines whether a plugin keeps the contract of kong_plugin.h.",
        discussion: """
            Drives the plugin through the contract, without a server and without Kong, and says for each rule whether it is kept, \
            with what was seen and what to do if it is not. Processes of their own do what is dangerous: a plugin that crashes or \
            hangs for one rule is examined for the others. The rules are in docs/conformance.md. Ends with status 1 if any is broken.

            Examples:
              swift-pluginserver conformance dist/plugins/hello.so
              swift-pluginserver conformance --config '{"greeting": "welcome"}' dist/plugins/hello.so
              swift-pluginserver conformance --json dist/plugins/hello.so
            """)

    @Argument(help: "The plugin's file.")
    var file: String

    @Option(help: .init("A configuration as Kong's Admin API takes it, or @FILE. (default: one that is made up from the schema)", valueName: "json"))
    var config: String?

    @Option(help: .init("How long to wait for the plugin, each time that it is waited for.", valueName: "seconds"))
    var timeout = 10.0

    @Flag(help: "Print the result as a JSON object.")
    var json = false

    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    mutating func validate() throws {
        guard (0.01...3600).contains(timeout) else { throw ValidationError("--timeout must be a number of seconds, 3600 at most") }
    }

    func run() throws {
        openStandardDescriptors()
        let style = json ? Style.plain : Style(for: STDOUT_FILENO)
        let output = StandardOutput()
        let policy = judging.policy
        let examination = Examination(
            arguments: [ConformanceDrill.configuration.commandName ?? "conformance-drill"], options: policy.check,
            prober: PluginProber(arguments: policy.probeArguments, limits: policy.probe), limit: .seconds(timeout),
            parallelism: policy.probe.parallelism)
        let report: ConformanceReport
        do throws(Examination.Failure) {
            report = try examination.run(file, config: try config.map(text(of:)))
        } catch {
            throw fail("\(error)")
        }
        guard output.write(json ? try encoded(report) : Array(ConformanceText(report, style).text.utf8)) else {
            throw fail("nobody takes the result from standard output")
        }
        if !report.isGood { throw ExitCode(1) }
    }

    /// What stands there, or the file that is named after an @.
    private func text(of argument: String) throws(Examination.Failure) -> String {
        guard argument.hasPrefix("@") else { return argument }
        let path = String(argument.dropFirst())
        guard let data = FileManager.default.contents(atPath: path) else { throw .config("there is no file \(path.printable) to read") }
        return String(decoding: data, as: UTF8.self)
    }
}

/// What `conformance` runs itself as, for each rule. Not for people: the plugin's file comes as a descriptor.
struct ConformanceDrill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance-drill", abstract: "Examines one rule, in a process of its own.", shouldDisplay: false)

    @Argument var rule: String
    @Argument var seconds: Double
    @Argument var path: String
    @Option var config: String?

    func run() throws {
        DrillChild.run(rule, path: path, config: config, limit: .seconds(seconds), host: JudgingOptions.unlocked.check.host)
    }
}
