/// A consumer: somebody who uses what Kong serves.
public struct Consumer: Sendable, Hashable {
    /// All that Kong says of it, by Kong's names. Over ProtoBuf:1 these are the fields that its message has.
    public let fields: [String: Value]
    /// Its id, a UUID unless a plugin has made it up.
    public let id: String

    /// A consumer that Kong does not have, for `kong.client.authenticate`.
    public init(id: String, username: String? = nil, customID: String? = nil, tags: [String] = []) {
        var fields: [String: Value] = ["id": .string(id)]
        fields["username"] = username.map { .string($0) }
        fields["custom_id"] = customID.map { .string($0) }
        if !tags.isEmpty { fields["tags"] = .array(tags.map { .string($0) }) }
        self.fields = fields
        self.id = id
    }

    init?(_ answer: Answer) throws(PDKError) {
        guard let fields = try answer.optionalMap() else { return nil }
        guard let id = fields.text("id") else { throw answer.unexpected("a consumer with an id") }
        self.fields = fields
        self.id = id
    }

    /// The name that Kong's users know it by.
    public var username: String? { fields.text("username") }
    /// The id that it has outside of Kong.
    public var customID: String? { fields.text("custom_id") }
    /// What it is tagged with.
    public var tags: [String] { fields.texts("tags") }
    /// In seconds since 1970.
    public var createdAt: Int? { fields.integer("created_at") }
}

/// What a consumer has proved to be itself with. Which fields it has depends on the plugin that has authenticated it.
public struct Credential: Sendable, Hashable {
    /// All of it, by Kong's names. Over ProtoBuf:1 these are "id" and "consumer_id".
    public let fields: [String: Value]

    /// A credential of your own, for `kong.client.authenticate`.
    /// - Parameters:
    ///   - id: its id.
    ///   - consumerID: the id of the consumer that it is of.
    ///   - fields: others, by name. ProtoBuf:1 does not carry them.
    public init(id: String, consumerID: String? = nil, fields: [String: Value] = [:]) {
        var fields = fields
        fields["id"] = .string(id)
        if let consumerID { fields["consumer_id"] = .string(consumerID) }
        self.fields = fields
    }

    init?(_ answer: Answer) throws(PDKError) {
        guard let fields = try answer.optionalMap() else { return nil }
        self.fields = fields
    }

    /// Its id.
    public var id: String? { fields.text("id") }
    /// The id of the consumer that it is of.
    public var consumerID: String? { fields.text("consumer_id") ?? fields["consumer"]?["id"]?.stringValue }
}
