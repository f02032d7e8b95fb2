/// What a field of a configuration is in Kong: the types of Kong's schema language (kong/db/schema/init.lua,
/// `valid_types`) that a Swift type can become.
indirect enum ConfigShape: Sendable, Equatable {
    case boolean
    case integer(ClosedRange<Int64>)
    case number
    case string
    /// The raw values of an enum: strings, or integers.
    case oneOf([Value])
    case array(ConfigShape)
    case set(ConfigShape)
    case map(keys: ConfigShape, values: ConfigShape)
    /// `checks` are its `entity_checks`.
    case record([Field], checks: [Value] = [])

    struct Field: Sendable, Equatable {
        let name: String
        let shape: ConfigShape
        let constraints: ConfigConstraints
        let whenMissing: WhenMissing
    }

    /// What it means that a field is not there, or null.
    enum WhenMissing: Sendable, Equatable {
        case error
        case `nil`
        case value(Value)
    }

    /// All of `Int` and `Int64`: no bounds that are worth telling Kong.
    static let anyInteger = Int64.min...Int64.max

    /// Lua's numbers are doubles: beyond this they skip integers.
    static let largestExactInteger: Int64 = 1 << 53

    var isRecord: Bool {
        if case .record = self { true } else { false }
    }

    /// Whether it is a record that cannot be made of defaults alone.
    var hasRequiredField: Bool {
        guard case .record(let fields, _) = self else { return false }
        return fields.contains { $0.whenMissing == .error }
    }

    /// Whether a default of this shape has to stand up to checks of several fields.
    fileprivate var hasChecks: Bool {
        guard case .record(let fields, let checks) = self else { return false }
        return !checks.isEmpty || fields.contains { $0.whenMissing != .nil && $0.shape.hasChecks }
    }

    /// A default without what Kong makes up itself.
    func withoutAutomatic(_ value: Value) -> Value {
        guard case .record(let fields, _) = self, case .map(var entries) = value else { return value }
        for field in fields {
            entries[field.name] =
                field.constraints.isAuto ? nil : entries[field.name].map(field.shape.withoutAutomatic)
        }
        return .map(entries)
    }

    /// The type in Kong's schema language.
    var kongType: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .oneOf(let values): values.contains { $0.integerValue == nil } ? "string" : "integer"
        case .array: "array"
        case .set: "set"
        case .map: "map"
        case .record: "record"
        }
    }

    /// For messages: `an integer`.
    var phrase: String {
        switch self {
        case .boolean: "a boolean"
        case .integer(Self.anyInteger): "an integer"
        case .integer(let range): "an integer between \(range.lowerBound) and \(range.upperBound)"
        case .number: "a number"
        case .string: "a string"
        case .oneOf(let values): "one of " + values.map(\.description).joined(separator: ", ")
        case .array, .set: "an array"
        case .map: "a map"
        case .record: "a record"
        }
    }
}

// MARK: - As Kong's schema

extension ConfigShape {
    /// The attributes of a field of this shape, in Kong's schema language.
    ///
    /// `examples` are values that the schema must allow, which are defaults: Kong holds each default against its field
    /// (kong/db/schema/metaschema.lua, `default`), and a string without `len_min` must not be empty
    /// (kong/db/schema/init.lua, `validate_field`).
    func schema(allowing examples: [Value], _ constraints: ConfigConstraints = .none) -> [String: Value] {
        var schema: [String: Value] = ["type": .string(kongType)]
        switch self {
        case .boolean, .number:
            break
        case .integer(let range):
            if range != Self.anyInteger { schema["between"] = [.integer(range.lowerBound), .integer(range.upperBound)] }
        case .string:
            if examples.contains("") { schema["len_min"] = 0 }
        case .oneOf(let values):
            schema["one_of"] = .array(values)
            if values.contains("") { schema["len_min"] = 0 }
        case .array(let element), .set(let element):
            let items = examples.flatMap { $0.arrayValue ?? [] }
            schema["elements"] = .map(element.schema(allowing: items, constraints.nested(in: "elements")))
        case .map(let keys, let values):
            let entries = examples.flatMap { $0.mapValue ?? [:] }
            schema["keys"] = .map(
                keys.schema(allowing: entries.map { .string($0.key) }, constraints.nested(in: "keys")))
            schema["values"] = .map(values.schema(allowing: entries.map(\.value), constraints.nested(in: "values")))
        case .record(let fields, let checks):
            schema["fields"] = .array(
                fields.map { field in [field.name: .map(field.schema(allowing: examples.compactMap { $0[field.name] }))] })
            if !checks.isEmpty { schema["entity_checks"] = .array(checks) }
        }
        return schema.merging(constraints.attributes) { own, set in
            // The bounds of the type hold whatever is set.
            guard case .integer(let range) = self, let low = set[0]?.integerValue, let high = set[1]?.integerValue
            else { return set }
            return [.integer(max(low, range.lowerBound)), .integer(min(high, range.upperBound))]
        }
    }
}

extension ConfigShape.Field {
    /// A field with a default is not `required`: in Kong that would only forbid to set it to null, which is how a
    /// user takes a setting back, and how the configurations of Go plugins, without defaults, are stored.
    ///
    /// A record that may be missing must say so, since Kong takes the records of a plugin for required ones otherwise,
    /// makes them of defaults, and refuses them for what has none (kong/db/schema/entity.lua, `make_records_required`).
    ///
    /// That is what is wanted for a record with required fields, and for one with checks of several fields: the defaults alone
    /// need not stand up to these, and Kong may try.
    fileprivate func schema(allowing examples: [Value]) -> [String: Value] {
        var schema = shape.schema(allowing: examples + [defaultValue].compactMap { $0 }, constraints)
        switch whenMissing {
        case .error:
            schema["required"] = true
        case .nil:
            if shape.isRecord { schema["required"] = false }
        case .value:
            if let defaultValue { schema["default"] = defaultValue }
            if shape.isRecord { schema["required"] = .boolean(defaultValue == nil) }
        }
        return schema
    }

    /// What Kong is told of the default.
    private var defaultValue: Value? {
        guard case .value(let value) = whenMissing, !constraints.isAuto, !shape.hasChecks else { return nil }
        return shape.withoutAutomatic(value)
    }
}
