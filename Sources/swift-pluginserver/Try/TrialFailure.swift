import PluginLoader

/// Why a plugin has failed, and what to do about it.
struct TrialFailure: Error, Encodable {
    /// Stable, for programs: docs/try.md.
    enum Kind: String, Encodable {
        /// There is no such plugin, or the server refuses it.
        case notLoaded = "not-loaded"
        /// A file that was named after an @ cannot be read.
        case file
        /// Kong would not take the configuration.
        case config
        /// The plugin could not be started with it.
        case start
        /// It does not handle the phase that was asked for.
        case phase
        /// A handler has failed.
        case handler
        /// Kong has raised an error for a call.
        case call
        /// The plugin has ended the server's process.
        case crash
        /// It has not answered in time.
        case timeout
        /// The server has broken a rule, which no plugin should bring about.
        case server
    }

    let kind: Kind
    let reason: String
    let fix: String

    init(_ kind: Kind, _ reason: String, fix: String) {
        self.kind = kind
        self.reason = reason
        self.fix = fix
    }

    init(_ error: LoadError) {
        self.init(.notLoaded, "\(error.message) [\(error.code.rawValue)]\n\(error.detail)", fix: error.fix)
    }

    init(_ violation: ConfigViolation) {
        let suggestions = violation.fields.compactMap { field in field.suggestion.map { "\(field.path): \($0)" } }
        let found = violation.fields.map { "\($0.path) is \($0.found)" }.joined(separator: ", ")
        self.init(
            .config, "Kong would not take the configuration: \(violation)",
            fix: suggestions.isEmpty ? "correct --config (\(found)), or the plugin's Config" : suggestions.joined(separator: ", "))
    }
}
