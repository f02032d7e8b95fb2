/// What a field of a configuration is in Kong: the types of Kong's schema language (kong/db/schema/init.lua,
/// `valid_types`) that a Swift type can become.
indirect enum ConfigShape: Sendable, Hashable {
    case boolean
    case integer(ClosedRange<Int64>)
    case number
    case string
    /// The raw values of an enum: strings, or integers.
    case oneOf([Value])
    case array(ConfigShape)
    case set(ConfigShape)
    case map(keys: ConfigShape, values: ConfigShape)
    case record([Field])

    struct Field: Sendable, Hashable {
        let name: String
        let shape: ConfigShape
        let whenMissing: WhenMissing
    }

    /// What it means that a field is not there, or null.
    enum WhenMissing: Sendable, Hashable {
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
    func schema(allowing examples: [Value]) -> [String: Value] {
        switch self {
        case .boolean:
            return ["type": "boolean"]
        case .integer(Self.anyInteger):
            return ["type": "integer"]
        case .integer(let range):
            return ["type": "integer", "between": [.integer(range.lowerBound), .integer(range.upperBound)]]
        case .number:
            return ["type": "number"]
        case .string:
            return examples.contains("") ? ["type": "string", "len_min": 0] : ["type": "string"]
        case .oneOf(let values):
            var schema =
                values.contains { $0.integerValue == nil } ? Self.string.schema(allowing: values) : ["type": "integer"]
            schema["one_of"] = .array(values)
            return schema
        case .array(let element):
            return [
                "type": "array", "elements": .map(element.schema(allowing: examples.flatMap { $0.arrayValue ?? [] })),
            ]
        case .set(let element):
            return [
                "type": "set", "elements": .map(element.schema(allowing: examples.flatMap { $0.arrayValue ?? [] })),
            ]
        case .map(let keys, let values):
            let entries = examples.flatMap { $0.mapValue ?? [:] }
            return [
                "type": "map",
                "keys": .map(keys.schema(allowing: entries.map { .string($0.key) })),
                "values": .map(values.schema(allowing: entries.map(\.value))),
            ]
        case .record(let fields):
            return [
                "type": "record",
                "fields": .array(
                    fields.map { field in
                        [field.name: .map(field.schema(allowing: examples.compactMap { $0[field.name] }))]
                    }),
            ]
        }
    }
}

extension ConfigShape.Field {
    /// A field with a default is not `required`: in Kong that would only forbid to set it to null, which is how a
    /// user takes a setting back, and how the configurations of Go plugins, without defaults, are stored.
    ///
    /// A record that may be missing must say so, since Kong takes the records of a plugin for required ones otherwise,
    /// makes them of defaults, and refuses them for what has none (kong/db/schema/entity.lua, `make_records_required`).
    fileprivate func schema(allowing examples: [Value]) -> [String: Value] {
        switch whenMissing {
        case .error:
            shape.schema(allowing: examples).merging(["required": true]) { $1 }
        case .nil:
            shape.schema(allowing: examples).merging(shape.isRecord ? ["required": false] : [:]) { $1 }
        case .value(let value):
            shape.schema(allowing: examples + [value])
                .merging(shape.isRecord ? ["required": false, "default": value] : ["default": value]) { $1 }
        }
    }
}
