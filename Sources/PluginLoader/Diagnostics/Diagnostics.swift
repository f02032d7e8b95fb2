import FoundationEssentials
import Glibc

/// Where people and programs read what became of each plugin, and what the server had to say since: two files in one
/// directory, as a rule that of Kong's logs. Kong itself hides a plugin server's lines below its default log level.
public final class Diagnostics: Sendable {
    public static let fileName = "swift-pluginserver"
    /// Of each file, in bytes, before it is moved away.
    public static let defaultSizeLimit = 10 * 1024 * 1024

    /// For people: every line of the server's log.
    public let log: LogFile
    /// For programs: `LoadRecord`s, a line each.
    private let records: LogFile
    private let purpose: String
    private let version: String
    private let onTrouble: @Sendable (LogFile.Event) -> Void

    /// Makes the directory if its parent is there; that it fails shows with the first line.
    /// - Parameters:
    ///   - purpose: what the process is for, for the records: "serve" or "dump".
    ///   - onTrouble: hears when a file cannot be written to, and when it can be again.
    public init(
        directory: String, sizeLimit: Int = Diagnostics.defaultSizeLimit, purpose: String, version: String,
        onTrouble: @escaping @Sendable (LogFile.Event) -> Void
    ) {
        mkdir(directory, 0o755)
        log = LogFile(path: "\(directory)/\(Self.fileName).log", limit: sizeLimit)
        records = LogFile(path: "\(directory)/\(Self.fileName).jsonl", limit: sizeLimit)
        self.purpose = purpose
        self.version = version
        self.onTrouble = onTrouble
    }

    /// For people: where to look.
    public var places: String {
        log.isFailing ? "details cannot be written to \(log.path.printable)" : "details in \(log.path.printable) and .jsonl"
    }

    /// Appends a text to the file for people.
    public func append(_ text: String) {
        if let event = log.append(text) { onTrouble(event) }
    }

    /// Writes records for programs. Each file is read once more for it, to its end: its SHA-256 is part of the record.
    public func write(_ records: [LoadRecord]) {
        let circumstances = LoadRecordLine.Circumstances(time: Date(), pid: getpid(), version: version, purpose: purpose)
        for record in records {
            guard let line = LoadRecordLine(record: record, circumstances: circumstances).text else { continue }
            if let event = self.records.append(line) { onTrouble(event) }
        }
    }

    /// Opens both files anew.
    public func reopen() {
        log.reopen()
        records.reopen()
    }
}
