import ArgumentParser
import Glibc
import Logging
import PluginLoader
import PluginServer
import WireProtocol

/// The command line: a drop-in for go-pluginserver, whose flags have one dash. Each has a spelling with two as well.
@main
struct SwiftPluginServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swift-pluginserver",
        abstract: "Runs Kong Gateway plugins that are Swift shared libraries.",
        discussion: """
            Without a subcommand it serves: Kong starts it, and it ends when Kong does, or whoever else has started it, unless \
            --outlive-parent says otherwise. It takes the flags of \
            go-pluginserver, so that Kong 2.x can be given it as go_pluginserver_exe, and -dump for pluginserver_X_query_cmd.

            Examples:
              swift-pluginserver -kong-prefix /usr/local/kong -plugins-directory /usr/local/kong/swift-plugins
              swift-pluginserver -plugins-directory /usr/local/kong/swift-plugins -dump --plugin goplug
              swift-pluginserver doctor
              swift-pluginserver status
              swift-pluginserver new hello
              swift-pluginserver try hello --request 'POST /x'
              swift-pluginserver demo --plugins-directory dist/plugins
            """,
        subcommands: [
            Check.self, Inspect.self, Conformance.self, Doctor.self, Status.self, Release.self, Reload.self, Try.self, New.self,
            Lock.self, Demo.self, GenerateHeader.self, Probe.self, ConformanceDrill.self, Worker.self,
        ],
        helpNames: [.short, .long, .customLong("help", withSingleDash: true)])

    @OptionGroup var location: PluginsLocation
    @OptionGroup var logging: LoggingOptions
    @OptionGroup(title: "Diagnostics") var diagnostics: DiagnosticsOptions

    @Flag(name: .goStyle("version"), help: "Print the versions of the server and of Swift.")
    var version = false

    @Option(name: .goStyle("dump-plugin-info"), help: .init("Dump one plugin as a MessagePack map (Kong 2.0 - 2.8).", valueName: "plugin"))
    var dumpPluginInfo: String?

    @Flag(name: .goStyle("dump-all-plugins"), help: "Dump all plugins as a JSON array.")
    var dumpAllPlugins = false

    @Flag(name: .goStyle("dump"), help: "Dump the protocol, the socket and the plugins as JSON, for Kong's pluginserver_X_query_cmd.")
    var dump = false

    @Option(name: .goStyle("plugin"), help: .init("With -dump: only this plugin. Kong 3.9 and later take no more than one from each query.", valueName: "plugin"))
    var plugin: String?

    @OptionGroup var wireProtocol: WireProtocolOption

    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    @OptionGroup(title: "Serving") var serving: ServingOptions
    @OptionGroup(title: "Supervision") var supervision: SupervisionOptions

    func run() throws {
        openStandardDescriptors()
        if version {
            print("Version: \(serverVersion)\nRuntime Version: swift\(swiftVersion)")
        } else if let dumpPluginInfo {
            try dumping().pluginInfo(dumpPluginInfo)
        } else if dumpAllPlugins {
            try dumping().all()
        } else if dump {
            let socket = supervision.socketPath(for: plugin, serving.socket, in: location)
            try dumping().forKong(only: plugin, wireProtocol.value, socket: socket)
        } else {
            let files = diagnostics.diagnostics(for: "serve", location)
            let logger = logging.logger(files)
            if let hindrance = serving.metrics?.hindrance {
                logger.critical("cannot answer Prometheus at \(hindrance)")
                throw ExitCode(1)
            }
            if supervision.isOff {
                try serving.serve(location, judging, logger, files)
            } else {
                serving.prepareProcess()
                try supervision.supervise(location, serving, judging, logger, files)
            }
        }
    }

    private func dumping() -> Dump {
        let files = diagnostics.diagnostics(for: "dump", location)
        return Dump(location, judging, logging.logger(files), files)
    }
}

/// Where Kong is, and where the plugins are.
struct PluginsLocation: ParsableArguments {
    @OptionGroup var prefix: KongPrefix
    @OptionGroup var directory: PluginsDirectory

    var kongPrefix: String { prefix.path ?? KongPrefix.defaultPath }
    var pluginsPath: String { directory.path ?? "." }
}

/// Where Kong is. A group of its own, as the ones below: a flag that a subcommand has too must be the same one, or the
/// subcommand never sees it.
struct KongPrefix: ParsableArguments {
    @Option(
        name: .goStyle("kong-prefix"),
        help: .init("Kong's prefix directory, where the socket is made. (default: \(Self.defaultPath))", valueName: "path"))
    var path: String?

    static let defaultPath = "/usr/local/kong"
}

/// Where the plugins are.
struct PluginsDirectory: ParsableArguments {
    @Option(name: .goStyle("plugins-directory"), help: .init("The directory of the plugins. (default: the working directory)", valueName: "path"))
    var path: String?
}

/// Where Kong connects.
struct SocketPath: ParsableArguments {
    @Option(name: .goStyle("socket"), help: .init("Where Kong connects. (default: PREFIX/\(Self.defaultName))", valueName: "path"))
    var path: String?

    static let defaultName = "go_pluginserver.sock"

    func path(in location: PluginsLocation) -> String { path ?? "\(location.kongPrefix)/\(Self.defaultName)" }
}

/// What the server's own log holds.
struct LoggingOptions: ParsableArguments {
    @Option(name: .goStyle("log-level"), help: "debug, info, notice, warning or error.")
    var logLevel: Logger.Level = .info

    /// The same for another server.
    var flags: [String] { ["--log-level", logLevel.rawValue] }

    /// - Parameter diagnostics: where its lines go besides standard error.
    func logger(_ diagnostics: Diagnostics? = nil) -> Logger {
        LoggingSystem.bootstrap { _ in
            guard let diagnostics else { return StandardErrorLog() }
            return MultiplexLogHandler([StandardErrorLog(), DiagnosticsLog(diagnostics)])
        }
        var logger = Logger(label: "swift-pluginserver")
        logger.logLevel = logLevel
        return logger
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Which protocol.
struct WireProtocolOption: ParsableArguments {
    @Option(name: .goStyle("protocol"), help: "Which protocol Kong speaks, or with -dump is to speak: protobuf or messagepack.")
    var value: NamedProtocol = .protobuf
}

/// The protocols by their names in flags.
enum NamedProtocol: String, ExpressibleByArgument, CaseIterable {
    case protobuf
    case messagepack

    /// As a dump has it.
    var kongName: String { kind.kongName }

    var kind: WireProtocolKind {
        switch self {
        case .protobuf: .protoBuf
        case .messagepack: .messagePack
        }
    }
}

extension NameSpecification {
    /// `-name` as Go's flags are written, and `--name`.
    static func goStyle(_ name: String) -> NameSpecification {
        [.customLong(name, withSingleDash: true), .customLong(name)]
    }
}

/// Ends with a line on standard error and status 1.
func fail(_ message: String) -> ExitCode {
    var text = "\(message)\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    return ExitCode(1)
}
