/// Holds a schema against Kong's meta-schema, and against what Kong does with a schema right after that.
///
/// Where the rules come from: `field_schema`, `check_field` and `check_fields` of kong/db/schema/metaschema.lua; how its
/// records treat what is missing, null or false, from `process_auto_fields` and `validate_field` of
/// kong/db/schema/init.lua; `make_records_required` of kong/db/schema/entity.lua; `compatible_fields` of init.lua.
struct SchemaCheck {
    /// Nobody reads more.
    private static let findingLimit = 100

    private(set) var findings: [SchemaFinding] = []
    /// The releases that refuse the schema, all findings together.
    private(set) var refusedBy: KongReleases = []
    /// What holding defaults against their fields may cost.
    private(set) var stepsForDefaults = 200_000

    /// Where a definition stands.
    struct Place {
        let path: SchemaPath
        /// Whether it is in an array of fields, under a name.
        var isNamed = false
        /// Whether Kong looks at its structure: not so in the conditions of entity checks.
        var isStructural = true
        /// Whether only records are above it: Kong walks through these when it loads the schema.
        var isInRecords = false
        /// What has the array of fields that it is in.
        var parent: LuaTable?
    }

    /// The value of the field "config" of the plugin's schema.
    mutating func checkConfig(_ config: LuaValue) {
        checkField(config, Place(path: .config, isNamed: true, isInRecords: true))
        if stepsForDefaults <= 0 {
            warn(
                .config, "defaults of too many values", "checks them all, but this server has not", "see that Kong starts")
        }
        switch config.table?.fieldType {
        case .record?, nil:
            break
        case .json?:
            note(
                .config, "type \"json\"", "takes only a record for a whole configuration",
                "make it {type: \"record\", fields: […]}", by: .before(.v3_9))
        case let type?:
            note(
                .config, "type \"\(type.rawValue)\"", "takes only a record for a whole configuration",
                "make it {type: \"record\", fields: […]}")
        }
    }

    mutating func note(
        _ path: SchemaPath, _ found: String, _ wanted: String, _ fix: String, by refusedBy: KongReleases = .all
    ) {
        self.refusedBy.formUnion(refusedBy)
        let attribute = path.attribute
        let found = attribute.isEmpty || found.contains(attribute) ? found : "\(attribute): \(found)"
        let finding = SchemaFinding(path, found: found, wanted: wanted, fix: fix, refusedBy: refusedBy)
        guard findings.count < Self.findingLimit || (finding.isError && !findings.contains { $0.isError }) else { return }
        findings.append(finding)
    }

    /// Notes what is not refused, but will not work.
    mutating func warn(_ path: SchemaPath, _ found: String, _ wanted: String, _ fix: String) {
        note(path, found, wanted, fix, by: [])
    }

    // MARK: A field's definition

    mutating func checkField(_ value: LuaValue, _ place: Place) {
        guard let field = value.table, field.items.isEmpty else {
            note(place.path, "\(value) for a definition", "needs a map", "write {type: …}")
            return
        }
        let refusedBefore = refusedBy
        refusedBy = []
        let type = checkType(of: field, place)
        for (name, value) in field.entries where name != "type" && name != "default" {
            checkAttribute(name, value, of: field, type, place)
        }
        if let type, place.isStructural { checkStructure(of: field, type, place) }
        checkUniqueness(of: field, place)
        // Only a definition that is right says what is right for its default.
        if refusedBy != .all, let value = field["default"] { checkDefault(value, of: field, place.path) }
        refusedBy.formUnion(refusedBefore)
    }

    private mutating func checkType(of field: LuaTable, _ place: Place) -> FieldType? {
        guard let value = field["type"], !value.isNull else {
            note(
                place.path, field["type"] == nil ? "no type" : "type null", "needs the type of each field",
                "set type to \(AttributeShape.type.phrase)")
            return nil
        }
        guard let name = value.string, let type = FieldType(rawValue: name.text) else {
            let near = value.string.flatMap { Spelling.nearest(to: $0, among: FieldType.allCases.map(\.rawValue)) }
            note(
                place.path, "type \(value)", "takes \(AttributeShape.type.phrase)",
                near.map { "write type: \"\($0)\"" } ?? "set type to one of these")
            return nil
        }
        if type.releases != .all {
            note(
                place.path, "type \"\(type.rawValue)\"", "does not know that type",
                "require Kong \(type.releases), or use another type",
                by: KongReleases.all.subtracting(type.releases))
        }
        if type == .function {
            warn(
                place.path, "type \"function\"", "takes only functions of Lua for its value, which no configuration has",
                "use another type")
        }
        return type
    }

    private mutating func checkAttribute(
        _ name: LuaString, _ value: LuaValue, of field: LuaTable, _ type: FieldType?, _ place: Place
    ) {
        guard let attribute = FieldAttributes.ofField.first(where: { $0.name == name }) else {
            let near = Spelling.nearest(to: name, among: FieldAttributes.ofField.map(\.name.text))
            note(
                place.path, "the attribute \"\(name)\"", "does not know it",
                near.map { $0 == "set" ? "use type \"set\"" : "write \"\($0)\"" } ?? "leave it out")
            return
        }
        if attribute.releases != .all {
            note(
                place.path, "the attribute \"\(name)\"", "does not know it", "leave it out, or require Kong \(attribute.releases)",
                by: KongReleases.all.subtracting(attribute.releases))
        }
        if let type, place.isStructural, let types = attribute.types, !types.contains(type) {
            note(
                place.path, "the attribute \"\(name)\" with type \"\(type.rawValue)\"", "takes it only with \(Self.list(types))",
                name.fixOnOtherType(type) ?? "leave it out, or change the type")
        } else if let type, let types = attribute.workingTypes, !types.contains(type), !value.isNull {
            warn(
                place.path, "the attribute \"\(name)\" with type \"\(type.rawValue)\"",
                "can apply it only to \(Self.list(types)), and fails on each configuration with this field",
                name.fixOnOtherType(type) ?? "leave it out, or change the type")
        }
        check(value, attribute, place.path.key(name), in: place, of: field)
    }

    static func list(_ types: Set<FieldType>) -> String {
        types.map(\.rawValue).sorted().joined(separator: ", ")
    }

    /// What `check_field` asks for besides, and what comes after it.
    private mutating func checkStructure(of field: LuaTable, _ type: FieldType, _ place: Place) {
        for name in type.requiredAttributes where !field.has(name) {
            if type == .record, field.has("abstract") {
                let fix = "set fields, and leave abstract out"
                if place.isInRecords {
                    note(place.path, "an abstract record without fields", "cannot load one", fix)
                } else {
                    warn(place.path, "an abstract record without fields", "takes no value for it", fix)
                }
                continue
            }
            note(
                place.path, "type \"\(type.rawValue)\" without \(name)", "needs the attribute \"\(name)\" with it",
                "set \(FieldType.example(of: name))")
        }
        if type != .record || field["fields"] != nil, field.has("abstract") {
            warn(place.path, "the attribute \"abstract\"", "takes no value for an abstract field", "leave it out")
        }
        if type == .json { checkParentKey(of: field, place) }
        if type == .foreign { checkReference(of: field, place) }
        if type == .map, let keys = field["keys"]?.table?.fieldType, keys != .string {
            warn(
                place.path.key("keys"), "type \"\(keys.rawValue)\"", "gets configurations as JSON, where all keys are strings",
                "write type: \"string\"")
        }
    }

    /// A field that is a key of the database must be one everywhere (`field_entity_checks`).
    private mutating func checkUniqueness(of field: LuaTable, _ place: Place) {
        guard place.isNamed, case .boolean(true)? = field["unique_across_ws"] else { return }
        if case .boolean(true)? = field["unique"] { return }
        note(place.path, "unique_across_ws without unique", "takes them only together", "leave unique_across_ws out")
    }

    /// A JSON schema that another field names: that is to be a string of the same record.
    private mutating func checkParentKey(of field: LuaTable, _ place: Place) {
        guard let key = field["json_schema"]?.table?["parent_subschema_key"], key.isTrue else { return }
        if let name = key.string, let sibling = place.parent?.fields.first(where: { $0.name == name }),
            sibling.definition.fieldType == .string
        {
            return
        }
        note(
            place.path, "json_schema.parent_subschema_key is \(key)", "takes the name of a string field of the same record there",
            "name a field of type \"string\" beside this one, or use json_schema.inline")
    }

    /// Kong looks the entity up only when a configuration comes (`get_foreign_schema_for_field`).
    private mutating func checkReference(of field: LuaTable, _ place: Place) {
        if let name = field["reference"]?.string, Self.entities.contains(name.text) { return }
        warn(
            place.path, "type \"foreign\" with reference \(field["reference"].map { "\($0)" } ?? "missing")",
            "fails on each configuration unless it has such an entity",
            "set reference to one of \(Self.entities.joined(separator: ", "))")
    }

    /// Those of Kong itself that all releases have.
    static let entities = ["ca_certificates", "certificates", "consumers", "plugins", "routes", "services", "snis", "upstreams"]

    // MARK: Arrays of fields

    mutating func checkFields(_ value: LuaValue, of record: LuaTable, _ place: Place) {
        guard let table = value.table, table.isSequence else {
            note(
                place.path, "fields is \(value)", "takes an array of fields there",
                value.isNull ? "write fields: [] for a record without any" : "write fields: [{NAME: {type: …}}, …]")
            return
        }
        var names: Set<LuaString> = []
        for (index, item) in table.items.enumerated() {
            let path = place.path.key("fields").item(index)
            guard let entry = item.table, entry.items.isEmpty, entry.count == 1, let name = entry.keys.first,
                let definition = entry[name], !name.bytes.isEmpty
            else {
                note(
                    path, "fields[\(index)] is \(Self.describe(entry: item))", "takes a map of one name and its definition there",
                    (item.table?.keys.count ?? 0) > 1
                        ? "write one map for each field: [{A: {…}}, {B: {…}}]" : "write {NAME: {type: …}}")
                continue
            }
            if !names.insert(name).inserted {
                warn(path.key(name), "a second field of this name", "checks both, and fills in only one", "rename one of them")
            }
            var inner = Place(path: path.key(name), isNamed: true, isStructural: place.isStructural, parent: record)
            inner.isInRecords = place.isInRecords && record.fieldType == .record
            checkField(definition, inner)
        }
    }

    private static func describe(entry: LuaValue) -> String {
        if let table = entry.table, table.keys.first?.bytes.isEmpty == true, table.count == 1 { return "a map with an empty name" }
        return "\(entry)"
    }

    private mutating func checkDefault(_ value: LuaValue, of field: LuaTable, _ path: SchemaPath) {
        // The two ways differ only for records.
        for (ignoresUpdatedAt, releases) in [(true, KongReleases.all), (false, .before(.v3_3))] {
            var check = DefaultCheck(steps: stepsForDefaults, ignoresUpdatedAt: ignoresUpdatedAt)
            let mismatch = check.mismatch(of: value, with: field)
            stepsForDefaults = check.steps
            if let mismatch {
                note(
                    path, "default\(mismatch.place) is \(mismatch.found)", mismatch.wanted,
                    mismatch.fix ?? "correct the default, or leave it out", by: releases)
                return
            }
            if value.table == nil { return }
        }
    }
}

extension LuaString {
    /// What to use where an attribute does not fit the type.
    fileprivate func fixOnOtherType(_ type: FieldType) -> String? {
        switch (self, type) {
        case ("match", .array), ("match", .set), ("one_of", .array), ("one_of", .set), ("uuid", .array), ("uuid", .set),
            ("between", .array), ("between", .set):
            "put it into elements"
        case ("match", .map), ("one_of", .map), ("between", .map):
            "put it into values, or keys"
        case ("len_min", .integer), ("len_min", .number), ("len_max", .integer), ("len_max", .number):
            "use between: [lowest, highest]"
        case ("between", .string): "use len_min and len_max for its length"
        default: nil
        }
    }
}
