/// What `@Field` says of a property whose values are of type `Content`: attributes of Kong's schema language
/// (kong/db/schema/metaschema.lua), by Kong's names in camelCase.
///
/// | for | constraints | before this Kong does not start with it |
/// | --- | --- | --- |
/// | all | `required`, `err` | |
/// | | `description` | 3.4 |
/// | | `examples` | 3.6 |
/// | | `deprecated` | 3.7, with `replacedBy` 3.8 |
/// | numbers | `between`, `gt`, `timestamp` | `between` with fractions: 3.4 |
/// | numbers, strings, enums | `eq`, `ne`, `oneOf`, `notOneOf`, `unique` | |
/// | strings | `match`, `notMatch`, `matchAll`, `matchNone`, `matchAny`, `startsWith`, `uuid`, `isRegex`, `auto` | |
/// | | `encrypted`, also of arrays, sets and dictionaries | 2.7 |
/// | | `referenceable` | 2.8 |
/// | strings, arrays, sets, dictionaries | `lenMin`, `lenMax`, `lenEq` | |
/// | arrays, sets | `elements`, `contains`, `mutuallyExclusiveSubsets` | |
/// | dictionaries | `keys`, `values` | |
/// | ready-made | `host`, `ip`, `url`, `path`, `httpMethod`, `headerName`; `port`, `timeout` | |
///
/// Which versions of Kong take a plugin's schema, and why others do not, is in the log when the plugin is loaded.
///
/// Kong holds a configuration against these when it is written, and only then: what reaches the plugin is not checked
/// again. What Kong's other attributes say has no place here: `abstract`, `foreign`, `immutable` and such concern Kong's
/// own entities, `custom_validator` is a function of Lua, and `legacy` kept Kong 3 from starting and did nothing before.
public struct FieldConstraint<Content: Codable & Sendable>: Sendable {
    let parts: [ConstraintPart]

    init(_ parts: [ConstraintPart]) { self.parts = parts }

    init(_ name: String, _ value: Value) {
        parts = [ConstraintPart(name: name, argument: .value(value))]
    }

    init(_ name: String, encoding content: some Encodable & Sendable) {
        parts = [ConstraintPart(name: name, argument: .encoded(content))]
    }

    init(_ name: String, _ constraints: [ConstraintPart]) {
        parts = [ConstraintPart(name: name, argument: .constraints(constraints))]
    }
}

/// One attribute of Kong's.
struct ConstraintPart: Sendable {
    enum Argument: Sendable {
        case value(Value)
        /// A value of the property's type.
        case encoded(any Encodable & Sendable)
        /// Of what an array, a set or a dictionary holds.
        case constraints([ConstraintPart])
    }

    let name: String
    let argument: Argument
}

// MARK: - Of every property

extension FieldConstraint {
    /// Kong refuses a configuration without the property.
    ///
    /// The value that stands in `init()` is then no default: Kong is not told of it, and the plugin never sees it. It is
    /// only there because each property of a Swift struct has one: `@Field(.required) var endpoint = ""`.
    ///
    /// It is not for optionals, which are what need not be set.
    public static var required: Self { Self("required", true) }

    /// What Kong's documentation and its tools say of the property: 10 to 500 bytes.
    public static func description(_ text: String) -> Self { Self("description", .string(text)) }

    /// Values as an example, for documentation.
    public static func examples(_ values: Content...) -> Self { Self("examples", encoding: values) }

    /// What Kong answers instead of its own words when the value breaks a constraint.
    public static func err(_ message: String) -> Self { Self("err", .string(message)) }

    /// Kong logs a warning when a configuration sets the property.
    ///
    /// - Parameters:
    ///   - message: what to do instead.
    ///   - version: in which version of the plugin the property will be gone.
    ///   - oldDefault: a value that is no reason for a warning.
    ///   - replacement: the field that takes its place, by its path of names in Kong.
    public static func deprecated(
        _ message: String, removalInVersion version: String, oldDefault: Content? = nil, replacedBy replacement: [String] = []
    ) -> Self {
        var parts = [
            ConstraintPart(name: "message", argument: .value(.string(message))),
            ConstraintPart(name: "removal_in_version", argument: .value(.string(version))),
        ]
        if let oldDefault { parts.append(ConstraintPart(name: "old_default", argument: .encoded(oldDefault))) }
        if !replacement.isEmpty {
            let path: Value = ["path": .array(replacement.map(Value.string))]
            parts.append(ConstraintPart(name: "replaced_with", argument: .value([path])))
        }
        return Self("deprecation", parts)
    }
}
