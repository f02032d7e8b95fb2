import PluginLoader

/// Configurations that are made of a plugin's schema.
enum ConfigSample {
    static let advice = "no configuration that fits the schema could be made up; give one with --config"

    /// One that Kong takes: the defaults, and for required fields without one something of their type. Nil: it has more
    /// rules than types.
    static func fitting(_ plugin: PluginDescription) -> JSONValue? {
        guard let config = record(plugin.configSchema), plugin.violation(of: config) == nil else { return nil }
        return plugin.effectiveConfig(config)
    }

    /// A record with what it must have.
    private static func record(_ schema: JSONValue) -> JSONValue? {
        var record: [String: JSONValue] = [:]
        for (name, field) in fields(of: schema) where field["required"] == .boolean(true) && field["default"] == nil {
            guard let value = value(of: field) else { return nil }
            record[name] = value
        }
        return .object(record)
    }

    /// Something that goes for a field by its type, and by what is easily kept of its constraints.
    private static func value(of field: JSONValue) -> JSONValue? {
        if case .array(let items)? = field["one_of"], let first = items.first { return first }
        switch field["type"] {
        case .string("string"):
            if field["uuid"] == .boolean(true) { return .string("01234567-89ab-cdef-0123-456789abcdef") }
            if case .integer(let length)? = field["len_min"], (1...1000).contains(length) {
                return .string(String(repeating: "x", count: Int(length)))
            }
            // An address is a good text, too; nobody listens there.
            return .string("http://127.0.0.1:1/")
        case .string("integer"), .string("number"):
            if case .array(let range)? = field["between"], let least = range.first { return least }
            if let bound = field["gt"], case .integer(let number) = bound, number < .max { return .integer(number + 1) }
            return .integer(1)
        case .string("boolean"): return .boolean(true)
        case .string("array"), .string("set"):
            guard let element = field["elements"].flatMap(value(of:)) else { return nil }
            return .array([element])
        case .string("map"): return .object([:])
        case .string("record"): return record(field)
        default: return nil
        }
    }

    /// Configurations with one thing wrong in each, and what that is.
    static func wrong(_ config: JSONValue, _ schema: JSONValue) -> [(config: JSONValue, what: String)] {
        guard case .object(let right) = config else { return [] }
        return fields(of: schema).flatMap { name, field -> [(JSONValue, String)] in
            var wrong: [(JSONValue, String)] = []
            if let value = otherType(than: field) {
                wrong.append((.object(right.merging([name: value]) { $1 }), "\(name): \(value.text), which is no \(typeName(of: field))"))
            }
            if field["required"] == .boolean(true), field["default"] == nil, field["type"] != .string("record") {
                wrong.append((.object(right.filter { $0.key != name }), "no \(name), which is required"))
            }
            return wrong
        }
    }

    private static func otherType(than field: JSONValue) -> JSONValue? {
        switch field["type"] {
        case .string("string"), .string("boolean"): .array([.integer(7)])
        case .string("integer"), .string("number"), .string("array"), .string("set"), .string("map"), .string("record"): .string("seven")
        default: nil
        }
    }

    private static func typeName(of field: JSONValue) -> String {
        if case .string(let type)? = field["type"] { type } else { "value of its type" }
    }

    private static func fields(of schema: JSONValue) -> [(name: String, field: JSONValue)] {
        guard case .array(let items)? = schema["fields"] else { return [] }
        return items.flatMap { item -> [(String, JSONValue)] in
            guard case .object(let entry) = item else { return [] }
            return entry.map { ($0.key, $0.value) }
        }
    }
}
