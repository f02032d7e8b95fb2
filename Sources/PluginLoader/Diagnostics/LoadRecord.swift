import FoundationEssentials

/// What became of one entry of the plugins directory: one line of `swift-pluginserver.jsonl`. See docs/diagnostics.md.
public enum LoadRecord: Sendable {
    /// The file passed the check and the probe; if it is for serving, it has been loaded.
    case taken(CheckedPlugin, PluginDescription)
    /// A plugin's file, or what should be one.
    case refused(path: String, CheckedPlugin?, LoadError)
    /// The directory itself, or its trust list: no file was looked at.
    case directoryRefused(LoadError)
    /// Not meant as a plugin.
    case ignored(path: String, reason: String)
    /// The last one of a start.
    case summary(LoadSummary)

    var event: String {
        if case .summary = self { "summary" } else { "verdict" }
    }
}

/// How many files were taken, and how many not.
public struct LoadSummary: Hashable, Sendable {
    public var directory: String
    public var taken = 0
    public var refused = 0
    public var ignored = 0

    public init(directory: String) { self.directory = directory }
}

/// A record with its circumstances, as JSON.
struct LoadRecordLine: Encodable {
    /// The version of this layout. Keys may be added within a version; none changes its meaning or goes.
    static let schema = 1

    let record: LoadRecord
    let circumstances: Circumstances

    /// When, by whom and what for.
    struct Circumstances: Sendable {
        let time: Date
        let pid: Int32
        /// The server's.
        let version: String
        /// "serve" or "dump".
        let purpose: String
    }

    private enum Key: String, CodingKey {
        case schema, event, time, pid, server, purpose, outcome, path, reason, verdict, plugin, directory, taken, refused, ignored
    }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Key.self)
        try line.encode(Self.schema, forKey: .schema)
        try line.encode(record.event, forKey: .event)
        try line.encode(circumstances.time.formatted(Self.timeStyle), forKey: .time)
        try line.encode(circumstances.pid, forKey: .pid)
        try line.encode(circumstances.version, forKey: .server)
        try line.encode(circumstances.purpose, forKey: .purpose)
        switch record {
        case .taken(let plugin, let description):
            try line.encode("taken", forKey: .outcome)
            try line.encode(description, forKey: .plugin)
            // The rest are the keys that `check --json` has.
            try Inspection(plugin).encode(to: encoder)
        case .refused(let path, let plugin, let error):
            try line.encode("refused", forKey: .outcome)
            try Inspection(path: path, refused: plugin, error).encode(to: encoder)
        case .directoryRefused(let error):
            try line.encode("refused", forKey: .outcome)
            try line.encode(error.subject.path, forKey: .path)
            try line.encode(Inspection.Verdict(error), forKey: .verdict)
        case .ignored(let path, let reason):
            try line.encode("ignored", forKey: .outcome)
            try line.encode(path, forKey: .path)
            try line.encode(reason, forKey: .reason)
        case .summary(let summary):
            try line.encode(summary.directory, forKey: .directory)
            try line.encode(summary.taken, forKey: .taken)
            try line.encode(summary.refused, forKey: .refused)
            try line.encode(summary.ignored, forKey: .ignored)
        }
    }

    /// ISO 8601, UTC, milliseconds.
    private static let timeStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// One line of text.
    var text: String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" }
    }
}
