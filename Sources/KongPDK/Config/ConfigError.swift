/// Why a configuration from Kong cannot be used. Kong checks configurations against the schema, so this is for what
/// the schema cannot say, and for configurations that were stored before the schema became what it is.
public struct ConfigError: Error, Hashable, Sendable {
    /// The field, as `config.rules[0].name` or `config.limits["free"]`.
    public let path: String
    /// As `an integer`.
    public let expected: String
    /// As `the string "x"`; `nothing` for a field that is missing.
    public let found: String
    /// What the plugin's own type said when it refused the value.
    public let detail: String?

    /// An error at a field. A type of your own throws whatever it likes: that becomes the `detail`.
    public init(path: String, expected: String, found: String, detail: String? = nil) {
        self.path = path
        self.expected = expected
        self.found = found
        self.detail = detail
    }
}

extension ConfigError: CustomStringConvertible {
    public var description: String {
        "\(path): expected \(expected), found \(found)" + (detail.map { " (\($0))" } ?? "")
    }
}
