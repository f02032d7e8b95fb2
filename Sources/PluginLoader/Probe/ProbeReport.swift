import FoundationEssentials

/// What a probe tells its parent, as JSON: what the plugin is, or why it cannot be taken.
struct ProbeReport: Codable {
    /// A `LoadError`, without its subject, which the parent knows.
    struct Refusal: Codable {
        let code: String
        let reason: String
        let plugin: String
        let host: String
        let fix: String
    }

    var description: PluginDescription?
    var refusal: Refusal?

    init(_ result: Result<PluginDescription, LoadError>) {
        switch result {
        case .success(let description): self.description = description
        case .failure(let error):
            refusal = Refusal(
                code: error.code.rawValue, reason: error.reason, plugin: error.pluginSide, host: error.hostSide, fix: error.fix)
        }
    }

    init?(json: [UInt8]) {
        guard let report = try? JSONDecoder().decode(ProbeReport.self, from: Data(json)) else { return nil }
        self = report
    }

    var json: [UInt8] {
        // Strings and numbers only: there is nothing in it that JSON cannot carry.
        (try? JSONEncoder().encode(self)).map { [UInt8]($0) } ?? []
    }

    /// The report as a result; nil if it says neither.
    func result(_ subject: LoadError.Subject) -> Result<PluginDescription, LoadError>? {
        if let description { return .success(description) }
        guard let refusal, let code = LoadError.Code(rawValue: refusal.code) else { return nil }
        return .failure(
            LoadError(
                code, subject, reason: refusal.reason, plugin: refusal.plugin, host: refusal.host, fix: refusal.fix))
    }
}
