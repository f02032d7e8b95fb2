/// Patterns are Lua's (lua.org/manual/5.1/manual.html#5.4.1), and match anywhere in the string unless they begin with `^`
/// and end with `$`.
extension FieldConstraint where Content == String {
    /// The pattern must match.
    public static func match(_ pattern: String) -> Self { Self("match", .string(pattern)) }
    /// The pattern must not match.
    public static func notMatch(_ pattern: String) -> Self { Self("not_match", .string(pattern)) }

    /// All of these must match; Kong answers with the `err` of the first that does not.
    public static func matchAll(_ patterns: TextPattern...) -> Self { Self("match_all", .array(patterns.map(\.value))) }

    /// None of these may match; Kong answers with the `err` of the first that does.
    public static func matchNone(_ patterns: TextPattern...) -> Self { Self("match_none", .array(patterns.map(\.value))) }

    /// One of these must match, or Kong answers with `err`.
    public static func matchAny(_ patterns: String..., err: String) -> Self {
        Self("match_any", ["patterns": .array(patterns.map(Value.string)), "err": .string(err)])
    }

    /// How the string must begin.
    public static func startsWith(_ prefix: String) -> Self { Self("starts_with", .string(prefix)) }

    /// Five groups of hexadecimal digits.
    public static var uuid: Self { Self("uuid", true) }

    /// A regular expression that PCRE takes.
    public static var isRegex: Self { Self("is_regex", true) }

    /// A user may refer to a secret in a vault, as `{vault://env/api-key}`: the plugin gets the secret. Kong holds no
    /// reference against the other constraints, nor the secret.
    public static var referenceable: Self { Self("referenceable", true) }

    /// Kong makes up a value when a configuration is written without one: a UUID if the property is a `uuid`, else 32
    /// random characters. The value in `init()` is no default then.
    public static var auto: Self { Self("auto", true) }
}

/// A pattern, and what Kong answers when it decides.
public struct TextPattern: Sendable {
    let value: Value

    /// A pattern, and what Kong answers when it decides.
    public static func pattern(_ pattern: String, err: String) -> Self {
        Self(value: ["pattern": .string(pattern), "err": .string(err)])
    }
}
