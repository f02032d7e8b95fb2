extension SchemaCheck {
    /// Checks the value of an attribute of a field, or of a map in one.
    mutating func check(
        _ value: LuaValue, _ attribute: Attribute, _ path: SchemaPath, in place: Place, of field: LuaTable
    ) {
        switch (attribute.shape, value) {
        case (.fields, _):
            checkFields(value, of: field, place)
        case (.field, .null) where place.isStructural:
            refuse(value, attribute.shape, path)
        case (.field, .boolean(false)):
            warn(path, Self.found(value, path), "takes it for missing", "leave it out")
        case (.jsonSchema, .null):
            refuse(value, attribute.shape, path, by: attribute.releases)
        case (_, .null) where attribute.isRequired:
            refuse(value, attribute.shape, path)
        case (_, .null):
            warn(path, Self.found(value, path), "takes it, but not for missing, and may fail on configurations", "leave it out")
        case (.record, .boolean(false)) where !attribute.isNilable:
            warn(path, Self.found(value, path), "takes it for missing", "leave it out")
        default:
            check(value, attribute.shape, path, in: place, of: field)
        }
    }

    /// Checks a value that is not null.
    private mutating func check(
        _ value: LuaValue, _ shape: AttributeShape, _ path: SchemaPath, in place: Place, of field: LuaTable
    ) {
        switch (shape, value) {
        case (.any, _), (.default, _), (.boolean, .boolean), (.number, .number), (.type, _):
            break
        case (.integer, .number(let number)) where number.rounded() == number:
            break
        case (.text, .string(let text)) where !text.bytes.isEmpty:
            checkPattern(text, path)
        case (.textOfLength(let range), .string(let text)) where range.contains(text.bytes.count):
            break
        case (.oneOf(let names), .string(let text)) where names.contains(text.text):
            break
        case (.array(let element, let count), .table(let table)) where table.isSequence && count.allows(table.items.count):
            checkItems(of: table, element, path, in: place, of: field)
        case (.record(let attributes), .table(let table)) where table.items.isEmpty:
            checkRecord(table, attributes, path, in: place, of: field)
        case (.field, .table):
            checkField(value, Place(path: path, isStructural: place.isStructural, parent: field))
        case (.fields, _):
            checkFields(value, of: field, place)
        case (.entityChecks, .table(let table)) where table.isSequence:
            checkEntityChecks(table, path, in: place, of: field)
        case (.functions, .table(let table)) where table.isEmpty:
            break
        case (.jsonSchema, .table(let table)) where table.items.isEmpty:
            checkJSONSchema(table, path, in: place, of: field)
        case (.jsonSchemaDocument, .table):
            break
        default:
            refuse(value, shape, path)
        }
    }

    mutating func checkRecord(
        _ table: LuaTable, _ attributes: [Attribute], _ path: SchemaPath, in place: Place, of field: LuaTable
    ) {
        for (name, value) in table.entries {
            guard let attribute = attributes.first(where: { $0.name == name }) else {
                let near = Spelling.nearest(to: name, among: attributes.map(\.name.text))
                note(
                    path, "the attribute \"\(path.key(name).attribute)\"", "does not know it",
                    near.map { "write \"\($0)\"" } ?? "leave it out")
                continue
            }
            if attribute.releases != .all {
                note(
                    path, "the attribute \"\(path.key(name).attribute)\"", "does not know it",
                    "leave it out, or require Kong \(attribute.releases)", by: KongReleases.all.subtracting(attribute.releases))
            }
            check(value, attribute, path.key(name), in: place, of: field)
        }
        for attribute in attributes where attribute.isRequired && table[attribute.name] == nil {
            note(
                path, "\(path.attribute) without \(attribute.name)", "needs \(attribute.shape.phrase) there",
                "set \(attribute.name)")
        }
    }

    private mutating func checkItems(
        of table: LuaTable, _ element: AttributeShape, _ path: SchemaPath, in place: Place, of field: LuaTable
    ) {
        let isBetween = path.steps.last == .key("between")
        for (index, item) in table.items.enumerated() {
            let path = path.item(index)
            if item.isNull {
                refuse(item, element, path)
                continue
            }
            check(item, element, path, in: place, of: field)
            if isBetween, let number = item.number, number.rounded() != number {
                note(
                    path, Self.found(item, path), "takes only integers there",
                    "use whole numbers, or require Kong \(KongReleases.since(.v3_4))",
                    by: .before(.v3_4))
            }
        }
    }

    /// `json_metaschema`: one way to name a JSON schema, and all of it.
    private mutating func checkJSONSchema(_ table: LuaTable, _ path: SchemaPath, in place: Place, of field: LuaTable) {
        checkRecord(table, FieldAttributes.ofJSONSchema, path, in: place, of: field)
        func isSet(_ name: LuaString) -> Bool {
            switch table[name] {
            case nil, .null?: false
            case .table(let table)?: !table.isEmpty
            case .string(let text)?: !text.bytes.isEmpty
            default: true
            }
        }
        let isInline = isSet("inline")
        let hasNamespace = isSet("namespace"), hasKey = isSet("parent_subschema_key")
        let found =
            !isInline && !hasNamespace && !hasKey
            ? "json_schema without a schema"
            : hasNamespace != hasKey
                ? "json_schema with only one of namespace and parent_subschema_key"
                : isInline && (hasNamespace || isSet("optional"))
                    ? "json_schema with inline and another way to find a schema" : nil
        guard let found else { return }
        note(path, found, "takes \(AttributeShape.jsonSchema.phrase)", "write json_schema: {inline: {type: …}}")
    }

    /// Kong meets a pattern's mistakes only when a value comes.
    private mutating func checkPattern(_ text: LuaString, _ path: SchemaPath) {
        guard Self.isPattern(path), let flaw = LuaPattern(text).flaw else { return }
        warn(
            path, "\(path.attribute) is \"\(text)\", and \(flaw)", "takes a pattern of Lua there, and fails on values otherwise",
            "correct the pattern: lua.org/manual/5.1/manual.html#5.4.1")
    }

    private static func isPattern(_ path: SchemaPath) -> Bool {
        switch path.steps.last {
        case .key("match"), .key("not_match"), .key("pattern"): true
        case .item: path.steps.dropLast().last == .key("patterns")
        default: false
        }
    }

    mutating func refuse(_ value: LuaValue, _ shape: AttributeShape, _ path: SchemaPath, by refusedBy: KongReleases = .all) {
        note(path, Self.found(value, path), "takes \(shape.phrase) there", Self.fix(value, shape), by: refusedBy)
    }

    static func found(_ value: LuaValue, _ path: SchemaPath) -> String {
        let attribute = path.attribute
        if attribute.isEmpty { return "\(path.lastKey) is \(value)" }
        if case .string(let text) = value, text.bytes.count > 64 { return "\(attribute) is a string of \(text.bytes.count) bytes" }
        return "\(attribute) is \(value)"
    }

    private static func fix(_ value: LuaValue, _ shape: AttributeShape) -> String {
        switch (shape, value) {
        case (_, .null): "leave it out, or set it"
        case (.boolean, .string(let text)) where text == "true" || text == "false": "write \(text) without quotes"
        case (.number, .string(let text)), (.integer, .string(let text)):
            Double(text.text) == nil ? "write a number" : "write \(text) without quotes"
        case (.text, .string): "leave it out"
        case (.textOfLength, .string): "shorten or lengthen it, or leave it out"
        case (.function, _), (.functions, _): "leave it out, and check the configuration in the plugin"
        case (.array(.any, _), _): "write [\(value)]"
        case (.oneOf(let names), .string(let text)):
            Spelling.nearest(to: text, among: names).map { "write \"\($0)\"" } ?? "write one of these"
        default: "write that"
        }
    }
}

extension SchemaPath {
    var lastKey: LuaString {
        if case .key(let key)? = steps.last { key } else { "" }
    }
}
