import ArgumentParser
import EventLoop
import FlightRecording
import Glibc
import Logging
import PluginLoader
import PluginServer
import Supervision

/// How plugins are kept from each other, and what happens when one crashes.
struct SupervisionOptions: ParsableArguments {
    @Flag(name: .goStyle("no-supervisor"), help: "Run plugins in this very process: a crash ends it. For debugging.")
    var isOff = false

    @Option(name: .goStyle("workers"), help: "shared: one process for all plugins; per-plugin: a process and a socket PREFIX/NAME.socket for each.")
    var workers = WorkerArrangement.shared

    @Option(name: .goStyle("on-quarantine"), help: "What becomes of requests that need a plugin that crashed too often: fail-closed (status 503) or fail-open (they go on without it).")
    var onQuarantine = QuarantineAnswer.failClosed

    @Option(name: .goStyle("crash-limit"), help: "So many crashes of a plugin within --crash-window quarantine it.")
    var crashLimit = 5

    @Option(name: .goStyle("crash-window"), help: "Seconds.")
    var crashWindow = 60.0

    @Option(name: .goStyle("quarantine-time"), help: "Seconds before a quarantined plugin is tried again; twice as long each further time.")
    var quarantineTime = 60.0

    @Option(name: .goStyle("worker-memory"), help: .init("Data that a worker may have, in bytes.", valueName: "bytes"))
    var workerMemory: UInt64?

    @Option(
        name: .goStyle("worker-timeout"),
        help: "Seconds that a worker may leave the supervisor without an answer before it is killed and replaced; 0: for ever.")
    var workerTimeout = 30

    @Flag(name: .goStyle("no-watch"), help: "Do not reload plugins when their files change.")
    var ignoresChanges = false

    mutating func validate() throws {
        guard (1...1000).contains(crashLimit) else { throw ValidationError("--crash-limit must be 1 … 1000") }
        guard (0.01...86400).contains(crashWindow), (0.01...86400).contains(quarantineTime) else {
            throw ValidationError("--crash-window and --quarantine-time must be numbers of seconds, 86400 at most")
        }
        guard (0...86400).contains(workerTimeout) else { throw ValidationError("--worker-timeout must be 0 … 86400 seconds") }
        guard workerMemory ?? .max >= 64 * 1024 * 1024 else { throw ValidationError("--worker-memory must be at least 67108864") }
    }

    /// Where Kong connects for a plugin.
    func socketPath(for plugin: String?, _ socket: SocketPath, in location: PluginsLocation) -> String {
        guard workers == .perPlugin, let plugin else { return socket.path(in: location) }
        return "\(location.kongPrefix)/\(plugin).socket"
    }

    func supervise(
        _ location: PluginsLocation, _ serving: ServingOptions, _ judging: JudgingOptions, _ logger: Logger,
        _ diagnostics: Diagnostics?
    ) throws {
        let policy = judging.policy
        let watchdog = serving.watchdogLimits
        let path = location.pluginsPath
        let sockets: SupervisorConfiguration.Sockets =
            switch workers {
            case .shared: .shared(path: serving.socket.path(in: location))
            case .perPlugin:
                .perPlugin(
                    path: { socketPath(for: $0, serving.socket, in: location) },
                    plugins: {
                        let findings = (try? PluginDirectory(path: path, options: policy.check).findings) ?? []
                        return findings.compactMap { if case .plugin(let plugin) = $0 { plugin.name.description } else { nil } }
                    })
            }
        let configuration = SupervisorConfiguration(
            version: serverVersion, workerProgram: ThisProgram.executable,
            workerCommand: [ThisProgram.path, Worker.configuration.commandName ?? "worker"] + CommandLine.arguments.dropFirst(),
            pluginsDirectory: path, sockets: sockets,
            makeRecorder: { () throws(FlightRecorderError) in
                try FlightRecorder(loops: serving.loopCount, blockingThreads: serving.blockingThreadCount, isShared: true)
            },
            handlerLimits: HandlerLimits(
                warning: watchdog.warning, limit: watchdog.limit, interval: watchdog.interval),
            explain: { "\(ServerError.socket($0, $1))" },
            ask: { try ControlClient(path: serving.control.path(in: location), timeout: .seconds(2)).ask($0, $1) }, controlPath: serving.control.path(in: location),
            metrics: serving.metrics,
            shutdownTimeout: .seconds(serving.shutdownTimeout), workerTimeout: workerTimeout == 0 ? nil : .seconds(workerTimeout),
            quarantine: QuarantineLimits(
                crashes: crashLimit, window: .seconds(crashWindow), coolDown: .seconds(quarantineTime)),
            watchesDirectory: !ignoresChanges, endsWithParent: !serving.outliveParent)
        serving.tellOfParent(logger)
        let status: Int32
        do throws(SystemError) {
            let supervisor = try Supervisor(
                configuration, logger: logger, onLine: StandardErrorLog.pass, onReopen: { diagnostics?.reopen() })
            status = try supervisor.run()
        } catch {
            logger.critical("\(error)")
            throw ExitCode(1)
        }
        throw ExitCode(status)
    }
}

/// How plugins are dealt out to processes.
enum WorkerArrangement: String, ExpressibleByArgument, CaseIterable {
    case shared
    case perPlugin = "per-plugin"
}

/// What becomes of events of a plugin that is quarantined.
enum QuarantineAnswer: String, ExpressibleByArgument, CaseIterable {
    case failClosed = "fail-closed"
    case failOpen = "fail-open"
}
