/// A check of several fields of a configuration at once: an `entity_checks` of Kong's.
///
/// ```swift
/// struct Config: PluginConfig {
///     @Field var apiKey: String? = nil
///     @Field var token: String? = nil
///     @Field var policy = Policy.local
///     @Field(.host) var redisHost: String? = nil
///
///     static let checks: [ConfigCheck<Self>] = [
///         .onlyOneOf(\.$apiKey, \.$token),
///         .conditional(if: .field(\.$policy, .eq(.redis)), then: .field(\.$redisHost, .required)),
///     ]
/// }
/// ```
///
/// The fields are properties with `@Field`, named with `$`; those of a struct in the configuration as `\.redis.$host`. Kong counts
/// a field as set unless it is null, an empty string, or an empty array, set, map or record: what has another default than these
/// always is, `false` too.
public struct ConfigCheck<Config>: Sendable {
    let name: String
    let argument: @Sendable (Config, ConfigCheckScope) throws(SchemaError) -> Value

    /// Some field is set.
    public static func atLeastOneOf<each Content>(_ fields: repeat FieldPath<Config, each Content>) -> Self {
        Self("at_least_one_of", FieldNames.fields(repeat each fields))
    }

    /// One field is set, and no other.
    public static func onlyOneOf<each Content>(_ fields: repeat FieldPath<Config, each Content>) -> Self {
        Self("only_one_of", FieldNames.fields(repeat each fields))
    }

    /// All fields are set, or none.
    public static func mutuallyRequired<each Content>(_ fields: repeat FieldPath<Config, each Content>) -> Self {
        Self("mutually_required", FieldNames.fields(repeat each fields))
    }

    /// No more than one field is set. Since Kong 2.6.
    public static func mutuallyExclusive<each Content>(_ fields: repeat FieldPath<Config, each Content>) -> Self {
        Self("mutually_exclusive", FieldNames.fields(repeat each fields))
    }

    /// Fields of no more than one of the two sets are set.
    public static func mutuallyExclusiveSets(_ one: FieldNames<Config>, _ two: FieldNames<Config>) -> Self {
        Self(name: "mutually_exclusive_sets") { config, scope throws(SchemaError) in
            ["set1": try one.value(config, scope), "set2": try two.value(config, scope)]
        }
    }

    /// No two fields that are set have the same value.
    public static func distinct<each Content>(_ fields: repeat FieldPath<Config, each Content>) -> Self {
        Self("distinct", FieldNames.fields(repeat each fields))
    }

    /// If one field satisfies its constraints, so must another. `err` is what Kong answers otherwise, instead of its own
    /// words.
    public static func conditional(
        if condition: FieldCondition<Config>, then consequence: FieldCondition<Config>, err: String? = nil
    ) -> Self {
        Self(name: "conditional") { config, scope throws(SchemaError) in
            let condition = try condition.values(config, scope), consequence = try consequence.values(config, scope)
            return try scope.value(
                ["if_field": condition.name, "if_match": condition.match, "then_field": consequence.name,
                    "then_match": consequence.match,
                ], err: err)
        }
    }

    /// If one field satisfies its constraints, some of the others are set.
    public static func conditionalAtLeastOneOf(
        if condition: FieldCondition<Config>, then names: FieldNames<Config>, err: String? = nil
    ) -> Self {
        Self(name: "conditional_at_least_one_of") { config, scope throws(SchemaError) in
            let condition = try condition.values(config, scope)
            return try scope.value(
                ["if_field": condition.name, "if_match": condition.match,
                    "then_at_least_one_of": try names.value(config, scope),
                ], err: err)
        }
    }

    private init(_ name: String, _ names: FieldNames<Config>) {
        self.init(name: name, argument: names.value)
    }

    private init(name: String, argument: @escaping @Sendable (Config, ConfigCheckScope) throws(SchemaError) -> Value) {
        self.name = name
        self.argument = argument
    }
}

/// Names a property with `@Field`: `\.$port`.
public typealias FieldPath<Config, Content: Codable & Sendable> = KeyPath<Config, Field<Content>> & Sendable

/// Some fields, in a check that knows more than one list of them.
public struct FieldNames<Config>: Sendable {
    let value: @Sendable (Config, ConfigCheckScope) throws(SchemaError) -> Value

    /// These fields.
    public static func fields<each Content>(_ fields: repeat FieldPath<Config, each Content>) -> Self {
        Self { config, scope throws(SchemaError) in
            var names: [Value] = []
            for field in repeat each fields { names.append(try scope.name(of: config[keyPath: field].spec)) }
            guard !names.isEmpty else { throw scope.error("names no field") }
            return .array(names)
        }
    }
}

/// What a field is to satisfy, in a condition.
public struct FieldCondition<Config>: Sendable {
    let values: @Sendable (Config, ConfigCheckScope) throws(SchemaError) -> (name: Value, match: Value)

    /// A field, and what it has to satisfy.
    @_disfavoredOverload
    public static func field<Content>(
        _ field: FieldPath<Config, Content>, _ constraints: FieldConstraint<Content>...
    ) -> Self {
        Self(constraints.flatMap(\.parts)) { $0[keyPath: field].spec }
    }

    /// An optional field, and what it has to satisfy.
    public static func field<Content>(
        _ field: FieldPath<Config, Content?>, _ constraints: FieldConstraint<Content>...
    ) -> Self {
        Self(constraints.flatMap(\.parts)) { $0[keyPath: field].spec }
    }

    private init(_ parts: [ConstraintPart], _ spec: @escaping @Sendable (Config) -> FieldSpec?) {
        values = { config, scope throws(SchemaError) in
            let name = try scope.name(of: spec(config))
            return (name, try scope.match(parts, of: name))
        }
    }
}
