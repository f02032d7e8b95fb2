/// The types of a field in Kong's schema language (kong/db/schema/init.lua, `valid_types`).
enum FieldType: String, CaseIterable, Sendable {
    case array, set, string, number, boolean, integer, foreign, map, record, function, json

    /// The releases that know it.
    var releases: KongReleases { self == .json ? .since(.v3_5) : .all }

    /// What a field of this type cannot do without (kong/db/schema/metaschema.lua, `required_attributes`).
    var requiredAttributes: [LuaString] {
        switch self {
        case .array, .set: ["elements"]
        case .map: ["keys", "values"]
        case .record: ["fields"]
        case .json: ["json_schema"]
        default: []
        }
    }

    /// An example, for the fix of a finding.
    static func example(of attribute: LuaString) -> String {
        switch attribute {
        case "fields": "fields: []"
        case "json_schema": "json_schema: {inline: {type: \"object\"}}"
        default: "\(attribute): {type: \"string\"}"
        }
    }
}

extension LuaTable {
    /// Of a field's definition; nil if it has none that is known.
    var fieldType: FieldType? { self["type"]?.string.flatMap { FieldType(rawValue: $0.text) } }

    /// Whether Lua takes an attribute for true.
    func has(_ attribute: LuaString) -> Bool { self[attribute]?.isTrue ?? false }

    /// The fields of a record's definition, as far as they are well formed.
    var fields: [(name: LuaString, definition: LuaTable)] {
        self["fields"]?.table?.items.compactMap { item in
            guard let item = item.table, let name = item.keys.first, let definition = item[name]?.table else { return nil }
            return (name, definition)
        } ?? []
    }
}
