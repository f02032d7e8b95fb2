/// A reference to a secret, taken apart: `{vault://env/cert/key?prefix=SSL_#1}`.
public struct VaultReference: Sendable, Hashable {
    /// The vault, as "env".
    public let name: String
    /// Where in the vault the secret is, as "cert".
    public let resource: String
    /// Which of its values is meant if the secret has several, as "key".
    public let key: String?
    /// What the reference says to the vault, as "prefix".
    public let configuration: [String: Value]
    /// Which version of the secret is meant; nil for the newest.
    public let version: Int?

    init?(_ answer: Answer) throws(PDKError) {
        guard let fields = try answer.optionalMap() else { return nil }
        guard let name = fields.text("name"), let resource = fields.text("resource") else {
            throw answer.unexpected("a reference's name and resource")
        }
        self.name = name
        self.resource = resource
        key = fields.text("key")
        configuration = fields["config"]?.mapValue ?? [:]
        version = fields.integer("version")
    }
}
