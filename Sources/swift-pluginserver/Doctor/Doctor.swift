import ArgumentParser
import FoundationEssentials
import Glibc
import PluginLoader
import PluginServer

/// What is wrong with an installation. Looks, and changes nothing: no command of Kong's is run, and nothing of any plugin.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examines an installation: directories, the socket, plugins, and Kong's settings.",
        discussion: """
            Says for each thing whether it is ok, and if not, what was found, what is wanted, and what to do. Nothing is changed, \
            and no code of a plugin is run. Ends with status 1 if there is a problem; notes and warnings are none.

            Run it on Kong's machine as root, or as Kong's user. What is not given is taken from Kong's settings: kong.conf, and \
            KONG_* in the environment, which count for more. Some rules hold for some versions of Kong only; --kong-version \
            says which one yours is.

            Examples:
              swift-pluginserver doctor
              swift-pluginserver doctor --kong-conf /etc/kong/kong.conf --kong-version 3.9
              swift-pluginserver doctor -kong-prefix /usr/local/kong -plugins-directory /usr/local/kong/swift-plugins
              swift-pluginserver doctor --json
            """)

    @OptionGroup var prefix: KongPrefix
    @OptionGroup var directory: PluginsDirectory
    @OptionGroup var socket: SocketPath

    @Option(name: .goStyle("kong-conf"), help: .init("Kong's configuration. (default: \(KongConfiguration.defaultPaths.joined(separator: " or ")))", valueName: "file"))
    var kongConf: String?

    @Option(name: .goStyle("kong-version"), help: .init("Which Kong it is, as 3.9.", valueName: "version"))
    var kongVersion: KongVersion?

    @Flag(help: "Print the findings as a JSON array.")
    var json = false

    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    func run() throws {
        openStandardDescriptors()
        let style = json ? Style.plain : Style(for: STDOUT_FILENO)
        let output = StandardOutput()
        let diagnoses = examine()
        guard output.write(json ? try encoded(diagnoses) : Array(DoctorReport(diagnoses, style).text.utf8)) else {
            throw fail("nobody takes the findings from standard output")
        }
        if diagnoses.contains(where: { $0.severity == .problem }) { throw ExitCode(1) }
    }

    private func examine() -> [Diagnosis] {
        let configuration = KongConfiguration(path: kongConf, environment: ProcessInfo.processInfo.environment)
        let installation = Installation(
            prefix: prefix.path, directory: directory.path, socket: socket.path, configuration: configuration,
            version: kongVersion, options: judging.policy.check)
        return ProgramCheck(installation: installation).diagnoses
            + PrefixCheck(installation: installation).diagnoses
            + PluginsCheck(installation: installation).diagnoses
            + installation.sockets.flatMap { SocketCheck(installation: installation, path: $0).diagnoses }
            + KongSettingsCheck(installation: installation, askedPrefix: prefix.path).diagnoses
            + KongServersCheck(installation: installation).diagnoses
            + KongPluginsCheck(installation: installation).diagnoses
    }
}
