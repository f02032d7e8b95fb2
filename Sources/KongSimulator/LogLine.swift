import WireProtocol

/// A line that a plugin, or Kong for it, has written to Kong's error log.
///
/// Kong leaves out lines below its own level (`notice` unless `log_level` says else); here all are kept. What Kong puts
/// before the message (`[kong] file:line [plugin]`) is left out.
public struct LogLine: Hashable, Sendable, CustomStringConvertible {
    public enum Level: String, CaseIterable, Sendable {
        case emerg, alert, crit, err, warn, notice, info, debug
    }

    public let level: Level
    public let message: [UInt8]

    init(_ level: Level, _ message: [UInt8]) {
        self.level = level
        self.message = message
    }

    init(_ level: Level, _ message: String) {
        self.init(level, Array(message.utf8))
    }

    /// The message as text, with what is not UTF-8 replaced.
    public var text: String { String(decoding: message, as: UTF8.self) }

    public var description: String { "[\(level.rawValue)] \(text)" }
}

/// A record that a plugin has given to `kong.telemetry.log`.
public struct TelemetryRecord: Hashable, Sendable {
    public let message: OwnedValue
    public let attributes: [[UInt8]: OwnedValue]
}
