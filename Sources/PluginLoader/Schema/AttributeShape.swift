/// What the value of an attribute must be.
indirect enum AttributeShape: Sendable {
    /// Whatever JSON can say.
    case any
    case boolean
    case number
    case integer
    /// Never empty, as all strings in Kong that do not say so.
    case text
    /// Of so many bytes.
    case textOfLength(ClosedRange<Int>)
    case oneOf([String])
    /// None of the items may be null.
    case array(AttributeShape, count: Count = .any)
    case record([Attribute])
    /// A function of Lua: nothing that comes through JSON is one.
    case function
    case type
    /// The field's own definition says what it must be.
    case `default`
    /// A field's definition.
    case field
    /// An array of maps, each from one name to one definition.
    case fields
    case entityChecks
    /// An array of maps, each from one name to something with a function: only an empty one comes through JSON.
    case functions
    case jsonSchema
    case jsonSchemaDocument

    enum Count: Sendable {
        case any, atLeastOne, two

        func allows(_ count: Int) -> Bool {
            switch self {
            case .any: true
            case .atLeastOne: count > 0
            case .two: count == 2
            }
        }
    }

    static let strings = AttributeShape.array(.text)

    /// For messages: `a boolean`.
    var phrase: String {
        switch self {
        case .any, .default: "a value"
        case .boolean: "a boolean"
        case .number: "a number"
        case .integer: "an integer"
        case .text: "a string that is not empty"
        case .textOfLength(let range): "a string of \(range.lowerBound) to \(range.upperBound) bytes"
        case .oneOf(let names): "one of \(names.joined(separator: ", "))"
        case .array(.text, .any): "an array of strings"
        case .array(.number, .two): "an array of two numbers, [lowest, highest]"
        case .array(_, .any): "an array"
        case .array(_, .atLeastOne): "an array that is not empty"
        case .array(_, .two): "an array of two"
        case .record: "a map"
        case .function: "a function of Lua, which a plugin outside of Kong cannot have"
        case .type: "one of \(FieldType.allCases.map(\.rawValue).joined(separator: ", "))"
        case .field: "the definition of a field, {type: …}"
        case .fields: "an array of fields, [{NAME: {type: …}}, …]"
        case .entityChecks: "an array of checks, [{at_least_one_of: [NAME, …]}, …]"
        case .functions: "an array of functions of Lua, which a plugin outside of Kong cannot have"
        case .jsonSchema: "{inline: …}, or {namespace: …, parent_subschema_key: …}"
        case .jsonSchemaDocument: "a JSON schema, draft 4, which is a map"
        }
    }
}

/// An attribute of a field's definition, or of a map in one.
struct Attribute: Sendable {
    let name: LuaString
    let shape: AttributeShape
    var isRequired = false
    /// Of a record: Kong takes false for one that is not there, unless its meta-schema calls it nilable.
    var isNilable = false
    /// The types of field that may have it; nil for all.
    var types: Set<FieldType>?
    /// The types that it works for. With others Kong takes it, and fails when a configuration comes.
    var workingTypes: Set<FieldType>?
    var releases = KongReleases.all

    init(
        _ name: LuaString, _ shape: AttributeShape, required isRequired: Bool = false, nilable isNilable: Bool = false,
        on types: Set<FieldType>? = nil, worksOn workingTypes: Set<FieldType>? = nil, in releases: KongReleases = .all
    ) {
        self.name = name
        self.shape = shape
        self.isRequired = isRequired
        self.isNilable = isNilable
        self.types = types
        self.workingTypes = workingTypes
        self.releases = releases
    }
}
