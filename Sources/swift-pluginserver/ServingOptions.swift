import ArgumentParser
import EventLoop
import Glibc
import Logging
import Monitoring
import PluginLoader
import PluginServer

/// How the server serves.
struct ServingOptions: ParsableArguments {
    @OptionGroup var socket: SocketPath
    @OptionGroup var control: ControlSocketPath

    @Option(
        name: .goStyle("metrics"),
        help: .init("Where Prometheus is answered, as 127.0.0.1:9542, [::1]:9542 or unix:PATH. (default: nowhere)", valueName: "address"),
        transform: { text in
            guard let address = ServiceAddress(text) else {
                throw ValidationError("--metrics must be an address in numbers with a port, as 127.0.0.1:9542 or [::1]:9542, or unix:PATH")
            }
            return address
        })
    var metrics: ServiceAddress?

    @Option(name: .goStyle("loops"), help: "Event loops, each a thread; as many as there are processors unless given.")
    var loops: Int?

    @Option(
        name: .goStyle("spin-budget"),
        help: "Microseconds that a loop may poll for Kong's answer before it sleeps, when answers come that fast; 0: never.")
    var spinBudget = 50

    @Option(name: .goStyle("max-message-size"), help: "The largest message to or from Kong, in bytes; bodies are part of messages.")
    var maxMessageSize = ServerConfiguration.defaultMaxMessageSize

    @Option(name: .goStyle("step-timeout"), help: "Seconds for one step of an event over MessagePack, before it counts as abandoned.")
    var stepTimeout = 60.0

    @Option(name: .goStyle("event-timeout"), help: "Seconds for an event, before its client gets status 500 and its handler is cancelled.")
    var eventTimeout = 50.0

    @Option(name: .goStyle("handler-warning"), help: "Seconds that a plugin may hold an event loop before the log names it.")
    var handlerWarning = 1.0

    @Option(name: .goStyle("handler-limit"), help: "Seconds that a plugin may hold an event loop before it is ended; 0: for ever.")
    var handlerLimit = 10.0

    @Option(name: .goStyle("shutdown-timeout"), help: "Seconds that running events get to finish on SIGTERM.")
    var shutdownTimeout = 10.0

    @Option(name: .goStyle("blocking-threads"), help: "Threads for plugins that may block, such as those in C; twice the processors, and at least 4, unless given.")
    var blockingThreads: Int?

    @Option(name: .goStyle("blocking-queue"), help: "Events that may wait for one of these threads; more get status 503.")
    var blockingQueue = ServerConfiguration.defaultBlockingQueue

    @Flag(name: .goStyle("outlive-parent"), help: "Serve on when the process that started the server ends, for one that Kong does not start.")
    var outliveParent = false

    mutating func validate() throws {
        if let loops, !(1...256).contains(loops) { throw ValidationError("--loops must be 1 … 256") }
        guard (0...10_000).contains(spinBudget) else { throw ValidationError("--spin-budget must be 0 … 10000 microseconds") }
        if let blockingThreads, !(1...4096).contains(blockingThreads) {
            throw ValidationError("--blocking-threads must be 1 … 4096")
        }
        guard (0...1_000_000).contains(blockingQueue) else { throw ValidationError("--blocking-queue must be 0 … 1000000") }
        guard (1024...(1 << 30)).contains(maxMessageSize) else {
            throw ValidationError("--max-message-size must be 1024 … 1073741824")
        }
        guard (0.01...86400).contains(stepTimeout), (0...86400).contains(shutdownTimeout) else {
            throw ValidationError("a timeout must be a number of seconds, 86400 at most")
        }
        // Kong gives up after 60 s, and a late answer harms it.
        guard (0.01...58).contains(eventTimeout) else { throw ValidationError("--event-timeout must be 0.01 … 58 seconds") }
        guard (0.01...86400).contains(handlerWarning), handlerLimit == 0 || (0.01...86400).contains(handlerLimit) else {
            throw ValidationError("--handler-warning and --handler-limit must be 0.01 … 86400 seconds")
        }
    }

    func serve(
        _ location: PluginsLocation, _ judging: JudgingOptions, _ logger: Logger, _ diagnostics: Diagnostics?
    ) throws {
        prepareProcess()
        tellOfParent(logger)
        do throws(ServerError) {
            let supervision = ServerConfiguration.Supervision.none(watchdogLimits, crashLog: diagnostics?.log.path)
            try Server(configuration(location, judging, supervision), logger: logger, diagnostics: diagnostics).run()
        } catch {
            Self.end(error, logger)
        }
        // Not exit(): other threads still run, and the destructors of plugins are not made for that.
        _exit(0)
    }

    /// Ends the process of a server that cannot serve.
    static func end(_ error: ServerError, _ logger: Logger) -> Never {
        // What is wrong with the plugins directory has been logged already.
        if case .plugins = error {} else { logger.critical("\(error)") }
        // Not exit(): what looks out for plugins that call it has gone with the server.
        _exit(1)
    }

    /// What every process of a server needs.
    func prepareProcess() {
        // Kong may stop reading standard error; that must be an error here, and not the end.
        signal(SIGPIPE, SIG_IGN)
        // A signal to reopen logs that have not been opened yet; the server takes over from here.
        signal(SIGUSR1, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        // A log that reaches a limit of the file size (ulimit -f) is full, and no more than that.
        signal(SIGXFSZ, SIG_IGN)
        raiseDescriptorLimit()
    }

    var loopCount: Int { loops ?? min(EventLoop.processorCount, 256) }
    var blockingThreadCount: Int { blockingThreads ?? max(4, 2 * EventLoop.processorCount) }

    func configuration(
        _ location: PluginsLocation, _ judging: JudgingOptions, _ supervision: ServerConfiguration.Supervision
    ) -> ServerConfiguration {
        ServerConfiguration(
            socketPath: socket.path(in: location), pluginsDirectory: location.pluginsPath, policy: judging.policy,
            loopCount: loopCount,
            spinBudget: .microseconds(spinBudget), maxMessageSize: maxMessageSize,
            stepTimeout: .seconds(stepTimeout), eventTimeout: .seconds(eventTimeout),
            supervision: supervision, shutdownTimeout: .seconds(shutdownTimeout), blockingThreads: blockingThreadCount,
            blockingQueue: blockingQueue, controlPath: control.path(in: location), metrics: metrics,
            endsWithParent: !outliveParent)
    }

    /// Who starts the server by hand, from a script that ends, would not know why it ends with that.
    func tellOfParent(_ logger: Logger) {
        let parent = getppid()
        // Process 1 belongs to nobody: see ProcessEndWatch.
        guard parent > 1 else { return }
        logger.info(
            outliveParent
                ? "serves on when process \(parent), which has started it, ends"
                : "ends when process \(parent), which has started it, does; that is Kong, or use --outlive-parent")
    }

    var watchdogLimits: Watchdog.Limits {
        Watchdog.Limits(warning: .seconds(handlerWarning), limit: handlerLimit == 0 ? nil : .seconds(handlerLimit))
    }

    /// Each connection is a descriptor, and the usual soft limit of 1024 is less than Kong may open.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
