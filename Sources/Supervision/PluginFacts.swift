import PluginLoader

/// A plugin that a worker has opened.
public struct LoadedFacts: Sendable, Hashable {
    public let plugin: String
    public let version: String
    public let path: String
    /// Its schema as Kong has it, as JSON text.
    public let schema: String
    /// Of what was loaded; empty: not known.
    public let sha256: String
    /// See `KeptImage.edition`.
    public let edition: String
    /// What the kernel calls the file in the worker.
    public let mappedPath: String
    /// Whether it is the image that was kept, and not what is at the path.
    public let isKept: Bool

    public init(
        plugin: String, version: String, path: String, schema: String, sha256: String, edition: String, mappedPath: String, isKept: Bool
    ) {
        self.plugin = plugin
        self.version = version
        self.path = path
        self.schema = schema
        self.sha256 = sha256
        self.edition = edition
        self.mappedPath = mappedPath
        self.isKept = isKept
    }

    /// Whether both have opened the same bytes.
    func isSame(as other: LoadedFacts) -> Bool { !sha256.isEmpty && sha256 == other.sha256 }

    /// For the log: enough to tell one build from another.
    var digest: String { sha256.isEmpty ? "SHA-256 not known" : "SHA-256 \(sha256.prefix(12))" }
}

/// What was not taken, and why.
public struct RefusedFacts: Sendable, Hashable {
    /// Nil: all of the directory.
    public let plugin: String?
    public let path: String
    /// A `LoadError.Code`.
    public let code: String
    public let reason: String

    public init(plugin: String?, path: String, code: String, reason: String) {
        self.plugin = plugin
        self.path = path
        self.code = code
        self.reason = reason
    }

    /// Whether there is no such file any more.
    var isMissing: Bool { code == LoadError.Code.missingFile.rawValue }
}

/// What is known of a file that is kept open for the workers to come.
public struct KeptFacts: Sendable, Hashable {
    public let plugin: String
    public let path: String
    public let sha256: String
    public let edition: String

    public init(plugin: String, path: String, sha256: String, edition: String) {
        self.plugin = plugin
        self.path = path
        self.sha256 = sha256
        self.edition = edition
    }
}
