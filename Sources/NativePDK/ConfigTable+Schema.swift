import PluginLoader

extension ConfigTable {
    /// The record in the schema language of Kong.
    var schema: [String: JSONValue] {
        ["type": "record", "fields": .array(fields.map { .object([$0.name: .object($0.schema)]) })]
    }
}

extension ConfigTable.Field {
    /// What the type says, and what the attributes say: where both speak of the same, the attributes are right, and Kong's
    /// rules for schemas are held against the whole.
    fileprivate var schema: [String: JSONValue] {
        let implied: [String: JSONValue] =
            switch kind {
            case .text, .string: ["type": "string"]
            case .integer: ["type": "integer"]
            case .number: ["type": "number"]
            case .boolean: ["type": "boolean"]
            case .strings: ["type": "array", "elements": ["type": "string"]]
            case .integers: ["type": "array", "elements": ["type": "integer"]]
            case .numbers: ["type": "array", "elements": ["type": "number"]]
            case .map: ["type": "map", "keys": ["type": "string"], "values": ["type": "string"]]
            case .value: [:]
            case .record(let table): table.schema
            case .records(let table): ["type": "array", "elements": .object(table.schema)]
            }
        return implied.merging(attributes) { $0.merged(with: $1) }
    }
}

extension JSONValue {
    fileprivate func merged(with other: JSONValue) -> JSONValue {
        if case .object(let one) = self, case .object(let other) = other {
            return .object(one.merging(other) { $0.merged(with: $1) })
        }
        return other
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    public init(stringLiteral text: String) { self = .string(text) }
    public init(dictionaryLiteral pairs: (String, JSONValue)...) {
        self = .object(Dictionary(pairs, uniquingKeysWith: { $1 }))
    }
}
