import Logging
import PluginLoader

/// What became of each file of the plugins directory, told as it is found out to people (the log), and at the end to
/// programs (the diagnostics' records).
final class LoadReport {
    let logger: Logger
    private let diagnostics: Diagnostics?
    private var summary: LoadSummary
    private var records: [LoadRecord] = []

    init(on directory: String, logger: Logger, diagnostics: Diagnostics?) {
        self.logger = logger
        self.diagnostics = diagnostics
        summary = LoadSummary(directory: directory)
    }

    func ignored(fileName: String, reason: String, _ finding: Finding) {
        summary.ignored += 1
        logger.info("\(finding)")
        records.append(.ignored(path: "\(summary.directory)/\(fileName)", reason: reason))
    }

    /// - Parameter plugin: what the check has found, if it was the probe or the loading that failed.
    func refused(_ plugin: CheckedPlugin?, _ error: LoadError) {
        summary.refused += 1
        logger.error("\(error)")
        records.append(.refused(path: error.subject.path, plugin, error))
    }

    /// - Parameter isKept: whether it is not what is at its path, but what was.
    func taken(_ plugin: CheckedPlugin, _ description: PluginDescription, as verb: String, isKept: Bool = false) {
        summary.taken += 1
        logger.notice(
            "\(verb) plugin \(description.name) \(description.version) from \(isKept ? "the file that was kept of " : "")\(plugin.path.printable): \(plugin.stamp.versions), phases \(description.phases.joined(separator: ", "))")
        for waived in plugin.waived { logger.warning("taken all the same: \(waived)") }
        records.append(.taken(plugin, description))
    }

    func warn(_ text: String) { logger.warning("\(text)") }

    /// The directory itself cannot be used.
    func refusedDirectory(_ error: LoadError) {
        logger.error("\(error)")
        records.append(.directoryRefused(error))
    }

    /// One line for all of it. Say it last: who looks for what went wrong begins there.
    func summarise() {
        let places = diagnostics?.places ?? "no details are kept (--no-diagnostics)"
        logger.notice(
            "plugins directory \(summary.directory.printable): \(summary.taken) taken, \(summary.refused) refused, \(summary.ignored) ignored; \(places)")
        records.append(.summary(summary))
    }

    /// Writes the records, which takes a while: each file is read for its SHA-256.
    func writeRecords() {
        diagnostics?.write(records)
        records = []
    }

    /// The same on a thread of its own, for a server that has requests to answer meanwhile.
    func startWritingRecords() -> WorkThread? {
        let (records, diagnostics) = (records, diagnostics)
        let thread = try? WorkThread { diagnostics?.write(records) }
        // They are worth a thread, and not that anybody waits for them.
        if thread == nil { writeRecords() }
        self.records = []
        return thread
    }
}
