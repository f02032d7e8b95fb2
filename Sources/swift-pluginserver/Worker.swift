import ArgumentParser
import EventLoop
import Glibc
import Logging
import PluginLoader
import PluginServer
import Supervision

/// What the server runs itself as, to host plugins. Not for people: it takes the server's flags, and is told the rest by its
/// supervisor.
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Hosts plugins for the server, in a process of its own.", shouldDisplay: false)

    @OptionGroup var location: PluginsLocation
    @OptionGroup var logging: LoggingOptions
    @OptionGroup var diagnostics: DiagnosticsOptions
    @OptionGroup var wireProtocol: WireProtocolOption
    @OptionGroup var judging: JudgingOptions
    @OptionGroup var serving: ServingOptions
    @OptionGroup var supervision: SupervisionOptions

    /// Means nothing to a server, which takes it all the same.
    @Option(name: .goStyle("plugin")) var plugin: String?

    func run() throws {
        guard let link = try SupervisorLink.inherited() else { throw fail("a worker is started by swift-pluginserver itself") }
        nameWorkerProcess(for: link.task.only)
        StandardErrorLog.move(to: inheritedLogDescriptor())
        serving.prepareProcess()
        // Its supervisor says when it is to end: these come to all processes of a terminal, or of a service.
        signal(SIGTERM, SIG_IGN)
        signal(SIGINT, SIG_IGN)
        if let memory = supervision.workerMemory { limitMemory(memory) }
        let files = diagnostics.diagnostics(for: "serve", location)
        let logger = logging.logger(files)
        let supervised = link.recorder.map(ServerConfiguration.Supervision.supervised)
        var configuration = serving.configuration(
            location, judging, supervised ?? .none(serving.watchdogLimits, crashLog: files?.log.path))
        configuration.listens = false
        configuration.endsWithParent = true
        // They are the supervisor's.
        configuration.controlPath = nil
        configuration.metrics = nil
        configuration.only = link.task.only
        configuration.socketPath = supervision.socketPath(for: link.task.only, serving.socket, in: location)
        configuration.quarantined = Set(link.task.quarantined)
        // What a worker had that has ended is not taken away by its end.
        configuration.restoresMissing = !link.task.replacesAnother
        configuration.passesQuarantined = supervision.onQuarantine == .failOpen
        do throws(ServerError) {
            let server = try Server(configuration, kept: link.takeKept(), logger: logger, diagnostics: files, supervision: link)
            do throws(SystemError) { try link.start(server, files) } catch { throw .system(error) }
            try server.run()
        } catch {
            ServingOptions.end(error, logger)
        }
        // Not exit(): other threads still run, and the destructors of plugins are not made for that.
        _exit(0)
    }

    private func limitMemory(_ bytes: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    }
}
