/// Kong's schema for a plugin's configuration, derived from the configuration's type; and what turns a configuration
/// from Kong into a value of that type.
///
/// | Swift | Kong |
/// | --- | --- |
/// | `Bool` | `boolean` |
/// | `Int`, `Int64` | `integer` |
/// | the other integers | `integer` with `between`; `UInt` and `UInt64` up to 2^53, Lua's last exact one |
/// | `Double`, `Float` | `number` |
/// | `String` | `string`; with `len_min` 0 if a default is empty, since Kong refuses empty strings otherwise |
/// | a `CaseIterable` enum with raw values | `string` or `integer` with `one_of` |
/// | `[T]`, `Set<T>` | `array`, `set` with `elements` |
/// | `[String: T]` | `map` with `keys` and `values` |
/// | a `Codable` struct | `record` with `fields`, in the order of the properties |
/// | a type that codes itself as a single one of these | the same |
/// | `@Field` | the attributes of the field, see `FieldConstraint` |
/// | `PluginConfig.checks` | `entity_checks` of the record |
///
/// A property with a default has it in the schema, so that Kong's Admin API fills it in and shows it, and is not
/// `required`: a user may set it to null to go back to the default. A property without a default (see `PluginConfig`
/// for where that can be) is `required` unless it is optional. A record that may be missing says `required: false`,
/// since Kong takes records for required otherwise. One with a property that is required, or with checks of its own, is
/// `required`, and Kong makes its default from those of its fields.
public struct ConfigSchema<Config: PluginConfig>: Sendable {
    /// `{type: "record", fields: [{NAME: {type: …}}, …]}`, what Kong wants as the field `config` of a plugin's schema.
    /// `fields` is an array even if there are none; Kong would not start with null.
    public let value: Value

    private let shape: ConfigShape
    private static var path: String { "config" }

    /// Derives the schema. It makes a `Config()` and decodes a few more, so it is done once for a plugin.
    ///
    /// Throws a `SchemaError` if a property's type has no counterpart in Kong, if types contain each other, if two
    /// properties have the same name in Kong, or if a property has a name that Kong itself writes into configurations; and
    /// for a constraint that Kong would refuse, that the property's default breaks, or whose place in a check is not found.
    public init(_ type: Config.Type = Config.self) throws(SchemaError) {
        let defaults = try ConfigSample(encoding: Config(), at: Self.path)
        shape = try ConfigProbe(path: Self.path).find(type, example: defaults, defaults: defaults).shape
        guard case .record(let fields, _) = shape else {
            throw SchemaError(path: Self.path, reason: "\(type) must be a struct with properties, not \(shape.phrase)")
        }
        for field in fields where Self.isTaken(field.name) {
            throw SchemaError(
                path: "\(Self.path).\(field.name)", reason: "Kong writes a value of its own under that name")
        }
        value = .map(shape.schema(allowing: []))
    }

    /// kong/runloop/plugins_iterator.lua, `get_plugin_config`: these are written over what the user has set.
    private static func isTaken(_ name: String) -> Bool {
        name.hasPrefix("__") || ["route_id", "service_id", "consumer_id", "plugin_instance_name"].contains(name)
    }

    /// The configuration that Kong sent.
    ///
    /// A field that is missing or null has its default, in records at any depth. Fields that the type does not have,
    /// which are Kong's own (`__seq__`, `route_id`…) or older than the plugin, are ignored. An integer may come as a
    /// number without a fraction, a number as an integer, and an empty table as an array or a map. For `[UInt8]` a
    /// string will do, whatever its bytes.
    ///
    /// Throws a `ConfigError` for the first field, in the order of the properties, that is of a wrong type or out of
    /// range, or that the plugin's own type refuses.
    public func decode(_ value: Value) throws(ConfigError) -> Config {
        // A plugin that was configured without any setting has null for a configuration.
        let fitted = try shape.fit(value.isNil ? [:] : value, at: Self.path)
        return try ConfigDecoder.decode(Config.self, from: fitted, at: Self.path)
    }
}
