/// What Kong wants to know of a plugin before it uses it.
public struct PluginDescription: Sendable, Hashable, Codable {
    public let name: String
    public let version: String
    public let priority: Int32
    /// The phases that the plugin handles, by Kong's names.
    public let phases: [String]
    /// Of the field "config": a record.
    public let configSchema: JSONValue

    enum CodingKeys: String, CodingKey {
        case name, version, priority, phases
        case configSchema = "config_schema"
    }

    public init(_ plugin: OpenPlugin) {
        name = plugin.name.description
        version = plugin.version
        priority = plugin.priority
        phases = plugin.phases.names
        configSchema = plugin.descriptor.pointee.config_schema.map { JSONValue($0.pointee) } ?? .null
    }

    /// The plugin's schema as Kong validates it.
    public var schema: JSONValue {
        .object([
            "name": .string(name),
            "fields": .array([.object(["config": configSchema])]),
        ])
    }

    /// The plugin as the dumps and GetPluginInfo give it; the keys are case-sensitive.
    public var value: JSONValue {
        .object([
            "Name": .string(name),
            "Version": .string(version),
            "Priority": .integer(Int64(priority)),
            "Phases": .array(phases.map { .string($0) }),
            "Schema": schema,
        ])
    }

    /// A configuration with the schema's defaults for what it lacks, and without what the schema does not have, such as
    /// Kong's own keys.
    public func effectiveConfig(_ config: JSONValue) -> JSONValue { Self.effective(config, configSchema) }

    private static func effective(_ config: JSONValue, _ record: JSONValue) -> JSONValue {
        guard case .array(let fields)? = record["fields"] else { return config }
        var result: [String: JSONValue] = [:]
        for case .object(let field) in fields {
            for (name, type) in field {
                var value = config[name] ?? .null
                if value == .null { value = type["default"] ?? .null }
                // An optional one stays away; one that does not say so is not optional in a plugin's schema.
                if type["type"] == .string("record"), value != .null || type["required"] != .boolean(false) {
                    value = effective(value, type)
                }
                if value != .null { result[name] = value }
            }
        }
        return .object(result)
    }
}
