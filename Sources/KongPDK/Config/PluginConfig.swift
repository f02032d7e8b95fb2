/// The configuration of a plugin: the properties are what Kong's users can set, their values in `init()` the defaults.
///
/// ```swift
/// struct Config: PluginConfig {
///     var attach = false
///     var rateLimit = 100
///     var mode = Mode.strict              // enum Mode: String, Codable, CaseIterable
///     var allowed: Set<String> = []
///     var retry = Retry()                 // struct Retry: Codable
///     var upstream: String?
/// }
/// ```
///
/// Nothing else has to be written. Kong's schema comes from the types (see `ConfigSchema`), so the Admin API refuses
/// what does not fit, and shows the defaults.
///
/// **Names.** Kong's fields are in snake_case: `rateLimit` is `rate_limit` in Kong. `CodingKeys` go the same way,
/// and only lose their capitals: a raw value without any, such as `"max-age"`, is taken as it is. Where they are written
/// by hand, the fields are in their order.
///
/// **Types.** `Bool`, `String`, the integer types, `Double` and `Float`; enums with raw values that are `CaseIterable`;
/// arrays and sets of these; dictionaries with `String` keys (or such an enum that is `CodingKeyRepresentable`);
/// structs of them that are `Codable`; and types that code themselves as one of them. A property may be optional;
/// what is in an array, a set or a dictionary may not, since Kong has no null there.
///
/// **Defaults.** A property that a user did not set, or set to null, has its value from `init()`. That goes for
/// structs in structs too, property by property. A struct in an array, a set or a dictionary, or one that is optional
/// and nil, has defaults if it is a `PluginConfig` itself; if it is no more than `Codable` nobody knows them, and Kong
/// asks for each property that is not optional. An optional property whose default is not nil can never become nil.
///
/// **Constraints.** What the type does not say, `@Field` does, property by property: bounds, lengths, patterns, what must be
/// given, what is a secret (see `FieldConstraint`). And `checks` says what several properties are to each other:
///
/// ```swift
/// struct Config: PluginConfig {
///     @Field(.required, .url) var endpoint = ""                   // no default: the user must give one
///     @Field(.between(1...600)) var timeout = 60
///     @Field(.encrypted, .referenceable) var apiKey: String? = nil
///     @Field(.encrypted, .referenceable) var token: String? = nil
///     @Field(.elements(.startsWith("x-"))) var headers: [String] = []
///     static let checks: [ConfigCheck<Self>] = [.onlyOneOf(\.$apiKey, \.$token)]
/// }
/// ```
///
/// They are read from a value of the struct. So a struct in an array, a set or a dictionary that has some must be a
/// `PluginConfig`, and every property with `@Field` needs a value or is optional.
///
/// **Who checks.** Kong holds a configuration against the schema when it is written. What the plugin is given is checked
/// for its types, which also goes for what was stored before the schema became what it is, and not for constraints.
///
/// **What Kong does to values.** It refuses an empty string unless `""` is the property's default. And before 3.9 it sends
/// numbers with 14 digits.
public protocol PluginConfig: Codable, Sendable {
    /// The configuration of which nothing is set.
    init()

    /// What Kong is to check of several properties at once; nothing, if it is left out.
    static var checks: [ConfigCheck<Self>] { get }
}

extension PluginConfig {
    public static var checks: [ConfigCheck<Self>] { [] }
}
