import ArgumentParser
import EventLoop
import PluginLoader
import PluginServer

/// How plugins are judged before they are used.
struct JudgingOptions: ParsableArguments {
    @Flag(name: .goStyle("allow-insecure-plugins"), help: "Take files and directories that untrusted users may write to; the log says so.")
    var allowInsecurePlugins = false

    @Flag(name: .goStyle("require-lock"), help: "Take only files that are on the trust list beside them, plugins.lock.")
    var requireLock = false

    @Option(name: .goStyle("probe-timeout"), help: "Seconds that a plugin gets to open, in a process of its own.")
    var probeTimeout = 5.0

    @Option(name: .goStyle("probe-memory"), help: "Address space that it gets for that, in bytes.")
    var probeMemory = ProbeLimits().memory

    @Option(name: .goStyle("probe-parallelism"), help: .init("How many plugins are opened so at a time. (default: the processors)", valueName: "count"))
    var probeParallelism: Int?

    mutating func validate() throws {
        guard (0.01...3600).contains(probeTimeout) else {
            throw ValidationError("--probe-timeout must be a number of seconds, 3600 at most")
        }
        guard (1...1024).contains(probeParallelism ?? 1) else {
            throw ValidationError("--probe-parallelism must be a number from 1 to 1024")
        }
    }

    /// The same for another server.
    var flags: [String] {
        (allowInsecurePlugins ? ["--allow-insecure-plugins"] : []) + (requireLock ? ["--require-lock"] : [])
            + ["--probe-timeout", "\(probeTimeout)", "--probe-memory", "\(probeMemory)"]
    }

    var policy: PluginPolicy {
        var policy = Self.unlocked
        policy.check.allowInsecure = allowInsecurePlugins
        policy.check.requireLock = requireLock
        policy.probe.time = .seconds(probeTimeout)
        policy.probe.memory = probeMemory
        if let probeParallelism { policy.probe.parallelism = probeParallelism }
        return policy
    }

    /// As strict as without any flag. Probes are this very program.
    static var unlocked: PluginPolicy {
        PluginPolicy(
            probe: ProbeLimits(parallelism: EventLoop.processorCount),
            probeArguments: [Probe.configuration.commandName ?? "probe"])
    }
}

/// What the server runs itself as, for each plugin, before it loads any. Not for people: its file comes as a descriptor.
struct Probe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Opens one plugin for the server, in a process of its own.", shouldDisplay: false)

    @Argument var memory: UInt64
    @Argument var path: String

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        runProbe(path: path, memory: memory, logger: logging.logger())
    }
}
