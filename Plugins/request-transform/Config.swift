import KongPDK

/// What the lists of the configuration hold. Pairs are "name:value".
extension RequestTransform {
    struct Names: PluginConfig {
        @Field(.elements(.headerName, .notHost)) var headers: [String] = []
        @Field(.elements(.lenMin(1))) var querystring: [String] = []
    }

    struct Renames: PluginConfig {
        @Field(.elements(.match("^[%w%-_]+:[%w%-_]+$"), .neitherHost)) var headers: [String] = []
        @Field(.elements(.match("^[^:]+:.+$"))) var querystring: [String] = []
    }

    struct Values: PluginConfig {
        @Field(.elements(.match("^[%w%-_]+:[^%c]+$"))) var headers: [String] = []
        @Field(.elements(.match("^[^:]+:.+$"))) var querystring: [String] = []
    }

    /// As `Values`, of names that may not have been there.
    struct NewValues: PluginConfig {
        @Field(.elements(.match("^[%w%-_]+:[^%c]+$"), .notHost)) var headers: [String] = []
        @Field(.elements(.match("^[^:]+:.+$"))) var querystring: [String] = []
    }
}

extension FieldConstraint where Content == String {
    private static var host: String { "[Hh][Oo][Ss][Tt]" }
    private static var why: String { "there is always one host: it can only be replaced" }

    /// Neither "host" nor "host:…".
    fileprivate static var notHost: Self {
        .matchNone(.pattern("^\(host)$", err: why), .pattern("^\(host):", err: why))
    }

    /// Neither "host:…" nor "…:host".
    fileprivate static var neitherHost: Self {
        .matchNone(.pattern("^\(host):", err: why), .pattern(":\(host)$", err: why))
    }
}

/// A name and a value.
struct Pair: Sendable {
    let name: String
    let value: String

    static func all(_ entries: [String]) throws -> [Pair] { try entries.map(Pair.init) }

    /// What is before the first colon, and what is after it. Kong has checked it when the configuration was written.
    private init(_ entry: String) throws {
        guard let colon = entry.firstIndex(of: ":") else { throw PairError(entry: entry) }
        name = String(entry[..<colon])
        value = String(entry[entry.index(after: colon)...])
    }
}

struct PairError: Error, CustomStringConvertible {
    let entry: String
    var description: String { "\"\(entry)\" is no name:value" }
}
