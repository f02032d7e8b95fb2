/// Why no schema can be derived from a configuration type: a mistake of the plugin's author, found when the plugin is
/// opened.
public struct SchemaError: Error, Hashable, Sendable {
    /// The property, with Kong's names: `config.retry.codes[]` is the element of an array, `config.limits{}` what a
    /// dictionary holds.
    public let path: String
    /// What is wrong with it.
    public let reason: String

    /// An error at a property.
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}

extension SchemaError: CustomStringConvertible {
    public var description: String { "\(path): \(reason)" }
}
