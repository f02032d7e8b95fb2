import ArgumentParser
import Logging
import PluginLoader
import PluginServer

/// What the server writes down, and where: standard error, which Kong takes into its own log, and the diagnostics files.
struct DiagnosticsOptions: ParsableArguments {
    @Option(
        name: .goStyle("diagnostics-dir"),
        help: .init("Where swift-pluginserver.log and .jsonl are written. (default: PREFIX/logs)", valueName: "path"))
    var directory: String?

    @Option(name: .goStyle("diagnostics-size"), help: "How large each may grow before it is moved to NAME.1, in bytes.")
    var sizeLimit = Diagnostics.defaultSizeLimit

    @Flag(name: .goStyle("no-diagnostics"), help: "Write neither: standard error is all there is.")
    var isOff = false

    mutating func validate() throws {
        guard sizeLimit >= 4096 else { throw ValidationError("--diagnostics-size must be at least 4096") }
    }

    /// Where the files are; `nil` if there are none.
    func directory(in location: PluginsLocation) -> String? {
        isOff ? nil : directory ?? Self.defaultDirectory(prefix: location.kongPrefix)
    }

    static func defaultDirectory(prefix: String) -> String { "\(prefix)/logs" }

    /// The files, for a process with this purpose: "serve" or "dump".
    func diagnostics(for purpose: String, _ location: PluginsLocation) -> Diagnostics? {
        guard let directory = directory(in: location) else { return nil }
        return Diagnostics(
            directory: directory, sizeLimit: sizeLimit, purpose: purpose, version: serverVersion
        ) { event in
            // Only to standard error: the other place is the one that is in trouble.
            StandardErrorLog.write(level: .warning, "\(event)")
        }
    }
}

/// The server's log in a file of its own: what Kong hides below its default log level.
struct DiagnosticsLog: LogHandler {
    let diagnostics: Diagnostics
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        diagnostics.append(LogLine.text(level: event.level, "\(event.message)", pid: true))
    }
}
