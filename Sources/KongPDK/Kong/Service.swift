/// An upstream service of Kong's, as the one that a request's route leads to.
public struct Service: Sendable, Hashable {
    /// All that Kong says of it, by Kong's names. Over ProtoBuf:1 these are the fields that its message has, and what is
    /// 0, false or empty is left out.
    public let fields: [String: Value]
    /// Its id, a UUID.
    public let id: String

    init?(_ answer: Answer) throws(PDKError) {
        guard let fields = try answer.optionalMap() else { return nil }
        guard let id = fields.text("id") else { throw answer.unexpected("a service with an id") }
        self.fields = fields
        self.id = id
    }

    /// Its name, if it has one.
    public var name: String? { fields.text("name") }
    /// "http", "https", "grpc", "grpcs", "tcp", "tls", "udp" …
    public var networkProtocol: String? { fields.text("protocol") }
    /// A name, an address, or the name of an upstream of Kong's.
    public var host: String? { fields.text("host") }
    /// The port that it listens on.
    public var port: Int? { fields.integer("port") }
    /// What the paths of requests begin with.
    public var path: String? { fields.text("path") }
    /// How often Kong tries again when it cannot connect.
    public var retries: Int { fields.integer("retries") ?? 0 }
    /// How long Kong waits for the connection.
    public var connectTimeout: Duration? { fields.milliseconds("connect_timeout") }
    /// How long Kong waits for each write.
    public var writeTimeout: Duration? { fields.milliseconds("write_timeout") }
    /// How long Kong waits for each read.
    public var readTimeout: Duration? { fields.milliseconds("read_timeout") }
    /// What it is tagged with.
    public var tags: [String] { fields.texts("tags") }
    /// The id of the certificate that Kong shows to the service.
    public var clientCertificateID: String? { fields["client_certificate"]?["id"]?.stringValue }
    /// In seconds since 1970.
    public var createdAt: Int? { fields.integer("created_at") }
    /// In seconds since 1970.
    public var updatedAt: Int? { fields.integer("updated_at") }
}
