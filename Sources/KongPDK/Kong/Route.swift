/// A route of Kong's, as the one that it has found for a request.
public struct Route: Sendable, Hashable {
    /// All that Kong says of it, by Kong's names. Over ProtoBuf:1 these are the fields that its message has, and what is
    /// 0, false or empty is left out.
    public let fields: [String: Value]
    /// Its id, a UUID.
    public let id: String

    init?(_ answer: Answer) throws(PDKError) {
        guard let fields = try answer.optionalMap() else { return nil }
        guard let id = fields.text("id") else { throw answer.unexpected("a route with an id") }
        self.fields = fields
        self.id = id
    }

    /// Its name, if it has one.
    public var name: String? { fields.text("name") }
    /// "http", "https", "grpc", "grpcs", "tcp", "tls", "udp" …
    public var protocols: [String] { fields.texts("protocols") }
    /// The methods that it takes; empty for all.
    public var methods: [HTTPMethod] { fields.texts("methods").map { HTTPMethod($0) } }
    /// The hosts that it takes; empty for all.
    public var hosts: [String] { fields.texts("hosts") }
    /// The paths that it takes, as prefixes or, after "~", regular expressions; empty for all.
    public var paths: [String] { fields.texts("paths") }
    /// The names of TLS servers that it takes; empty for all.
    public var snis: [String] { fields.texts("snis") }
    /// What it is tagged with.
    public var tags: [String] { fields.texts("tags") }
    /// The headers that it asks for, each with the values that will do. Over MessagePack only.
    public var headers: [String: [String]] {
        (fields["headers"]?.mapValue ?? [:]).mapValues { $0.arrayValue?.compactMap(\.stringValue) ?? [] }
    }
    /// Whether Kong takes off the matching part of the path.
    public var stripsPath: Bool { fields.boolean("strip_path") ?? false }
    /// Whether the service gets the client's `host`.
    public var preservesHost: Bool { fields.boolean("preserve_host") ?? false }
    /// Which of several regular expressions goes first: the higher.
    public var regexPriority: Int { fields.integer("regex_priority") ?? 0 }
    /// The status that redirects a client without TLS.
    public var httpsRedirectStatus: Int? { fields.integer("https_redirect_status_code") }
    /// The id of the service that it leads to; nil if it leads to none.
    public var serviceID: String? { fields["service"]?["id"]?.stringValue }
    /// In seconds since 1970.
    public var createdAt: Int? { fields.integer("created_at") }
    /// In seconds since 1970.
    public var updatedAt: Int? { fields.integer("updated_at") }
}
