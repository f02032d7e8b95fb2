import Glibc

/// Opens plugins for the first time, each in a process of its own, so that one that crashes, hangs, exits or prints
/// harms nobody. Only what comes out of here as good is loaded by the server.
public struct PluginProber: Sendable {
    /// With what this program is run, so that it calls `ProbeChild.run`. The plugin's path follows.
    private let arguments: [String]
    private let limits: ProbeLimits

    public init(arguments: [String], limits: ProbeLimits) {
        self.arguments = arguments
        self.limits = limits
    }

    /// Probes plugins, several at a time; the results are in the order of the plugins.
    public func probe(_ plugins: [CheckedPlugin]) -> [Result<PluginDescription, LoadError>] {
        var results: [Result<PluginDescription, LoadError>?] = Array(repeating: nil, count: plugins.count)
        var running: [(index: Int, process: ProbeProcess)] = []
        var next = 0
        while next < plugins.count || !running.isEmpty {
            while next < plugins.count, running.count < limits.parallelism {
                do throws(ProbeFailure) {
                    running.append((next, try start(plugins[next])))
                } catch {
                    results[next] = .failure(
                        plugins[next].file.refusal(
                            .probeFailed, "it could not be probed: \(error)", plugin: "\(plugins[next].stamp.versions)",
                            host: "opens each plugin in a process of its own first", fix: "mend what the reason names"))
                }
                next += 1
            }
            ProbeProcess.wait(for: running.map(\.process))
            running.removeAll { index, process in
                guard process.hasEnded || process.deadline <= ContinuousClock.now else { return false }
                process.drain()
                results[index] = verdict(on: process, plugins[index])
                return true
            }
        }
        return zip(plugins, results).map { plugin, result in
            result ?? .failure(
                plugin.file.refusal(
                    .probeFailed, "it was not probed", plugin: "\(plugin.stamp.versions)", host: "probes each plugin",
                    fix: "start the server again"))
        }
    }

    private func start(_ plugin: CheckedPlugin) throws(ProbeFailure) -> ProbeProcess {
        try ProbeProcess(
            ThisProgram.executable, arguments + ["\(limits.memory)", plugin.path],
            file: plugin.file.bytes.descriptor, within: limits.time)
    }

    // MARK: The verdict

    private func verdict(
        on process: ProbeProcess, _ plugin: CheckedPlugin
    ) -> Result<PluginDescription, LoadError> {
        let end = process.end()
        let report = ProbeReport(json: process.report.bytes)
        switch end {
        case .running:
            return refusal(
                plugin, process, .loadTimeout, "it did not open within \(limits.timeText)",
                host: "gives a plugin \(limits.timeText) to open", fix: "open nothing slow in \(plugin.name)'s initialisers; start it in init(config:)")
        case .killed(let signal):
            return ending(
                plugin, process, .loadCrash, "it crashed while it was opened: \(Self.name(of: signal))",
                host: "opens a plugin in a process of its own first, with \(limits.memoryText) of memory",
                fix: Self.isSilentTrap(signal, process, plugin)
                    ? "build \(plugin.name) for debugging: a release build of Swift does not say why it traps"
                    : Self.lastWords(process.standardError.text).isEmpty
                        ? "look into what runs when \(plugin.name) is opened: its constructors, and kong_plugin_open"
                        : "mend what its last words name, and build \(plugin.name) again")
        case .exited(ProbeChild.reportLost) where report == nil:
            return refusal(
                plugin, process, .loadExit, "it closed descriptors of its process while it was opened",
                host: "a plugin is a guest: it must not close what it has not opened",
                fix: "let \(plugin.name) close only descriptors that it has opened itself; in the server that would end all connections")
        case .exited(let status):
            guard status == 0, let result = report?.result(plugin.file.subject) else {
                return ending(
                    plugin, process, .loadExit, "it ended its process with status \(status) while it was opened",
                    host: "a plugin is a guest: it must not exit", fix: "do not call exit in \(plugin.name); let kong_plugin_open fail with a message")
            }
            if case .failure(let error) = result, [.openFailed, .loadFailed].contains(error.code), Self.saysOutOfMemory(error.reason) {
                return .failure(outOfMemory(plugin, error.reason, saying: error.reason))
            }
            guard process.standardOutput.bytes.isEmpty || (try? result.get()) == nil else {
                return refusal(
                    plugin, process, .loadOutput, "it printed to standard output while it was opened",
                    host: "a dump on standard output must hold nothing else", fix: "print to standard error, or use kong.log")
            }
            return result
        }
    }

    /// The refusal of a plugin that took its process with it: for want of memory, if its last words say so.
    private func ending(
        _ plugin: CheckedPlugin, _ process: ProbeProcess, _ code: LoadError.Code, _ reason: String, host: String, fix: String
    ) -> Result<PluginDescription, LoadError> {
        let said = Self.lastWords(process.standardError.text)
        guard Self.saysOutOfMemory(said) else { return refusal(plugin, process, code, reason, host: host, fix: fix) }
        return .failure(outOfMemory(plugin, reason, saying: said))
    }

    private func outOfMemory(_ plugin: CheckedPlugin, _ reason: String, saying words: String) -> LoadError {
        plugin.file.refusal(
            .loadMemory, "it had not enough memory to open: \(reason)", plugin: "said \"\(words)\"",
            host: "gives a plugin \(limits.memoryText) of memory to open",
            fix: "allocate less in \(plugin.name)'s initialisers; or, if it needs so much, allow it: --probe-memory BYTES")
    }

    private func refusal(
        _ plugin: CheckedPlugin, _ process: ProbeProcess, _ code: LoadError.Code, _ reason: String, host: String, fix: String
    ) -> Result<PluginDescription, LoadError> {
        let said = Self.lastWords((code == .loadOutput ? process.standardOutput : process.standardError).text)
        return .failure(
            plugin.file.refusal(
                code, reason, plugin: said.isEmpty ? "said nothing" : "said \"\(said.printable)\"", host: host, fix: fix))
    }

    // MARK: Last words

    /// How Swift's runtime, C++'s `new`, `strerror(ENOMEM)` and most of C say that there was no memory to be had. The
    /// dynamic linker's "cannot allocate memory in static TLS block" is about something else.
    private static let memoryWords = ["failed to allocate ", "std::bad_alloc", "Cannot allocate memory", "out of memory", "Out of memory"]

    private static func saysOutOfMemory(_ words: String) -> Bool { memoryWords.contains { words.contains($0) } }

    /// Whether it is how a release build of Swift ends where a debug build has a message.
    private static func isSilentTrap(_ signal: CInt, _ process: ProbeProcess, _ plugin: CheckedPlugin) -> Bool {
        plugin.stamp.language == .swift && [SIGILL, SIGTRAP].contains(signal) && process.standardError.bytes.isEmpty
    }

    /// What is worth showing of a plugin's output: the message of a Swift trap, or else its last line.
    package static func lastWords(_ output: String) -> String {
        let lines = output.split(whereSeparator: \.isNewline)
        let fatal = lines.last { $0.contains("Fatal error: ") || $0.contains("fatal error: ") }
        return String((fatal ?? lines.last ?? "").prefix(300))
    }

    package static func name(of signal: CInt) -> String {
        strsignal(signal).map { "signal \(signal), \(String(cString: $0))" } ?? "signal \(signal)"
    }
}
