/// What Kong puts where a record lacks fields (kong/db/schema/init.lua, `process_auto_fields`, `adjust_field_for_context`
/// and `handle_missing_field`), and how it checks the record then (`validate`).
extension DefaultCheck {
    mutating func filled(_ record: LuaTable, _ definition: LuaTable) throws(Mismatch) -> LuaTable {
        if let shorthands = definition["shorthand_fields"], shorthands.isNull {
            throw Self.null("shorthand_fields", .table(record))
        }
        for (_, field) in definition.fields {
            // Kong cannot make a schema of a record whose references lead nowhere.
            if field.fieldType == .foreign, !SchemaCheck.entities.contains(field["reference"]?.string?.text ?? "") {
                throw .takes("no record with a field of type foreign whose reference it does not know", not: .table(record))
            }
        }
        var record = record
        for (name, field) in definition.fields {
            steps -= 1
            guard steps > 0 else { return record }
            record[name] = try adjusted(automatic(record[name], name, field), field)
        }
        return record
    }

    /// What Kong makes up itself.
    private func automatic(_ value: LuaValue?, _ name: LuaString, _ field: LuaTable) -> LuaValue? {
        guard field.has("auto") else { return value }
        if field.has("uuid") { return value ?? .string("01234567-89ab-cdef-0123-456789abcdef") }
        if field.fieldType == .string { return value ?? .string("abcdefghijklmnopqrstuvwxyz012345") }
        let isMissing = value.map(\.isNull) ?? true
        if (name == "created_at" && isMissing) || name == "updated_at", field.fieldType == .number || field.fieldType == .integer {
            return .number(1_700_000_000)
        }
        return value
    }

    private mutating func adjusted(_ value: LuaValue?, _ field: LuaTable) throws(Mismatch) -> LuaValue? {
        if field.has("abstract") { return value }
        var value = value
        if field.fieldType == .record {
            switch value {
            case .null?: break
            case nil where !field.isRequired: break
            default:
                // Lua's `or`: false is as good as missing.
                if !(value?.isTrue ?? false) { value = try missing(field) }
                if case .table(let table)? = value { return .table(try filled(table, field)) }
            }
        } else if case .table(let table)? = value {
            value = .table(try adjustedItems(table, field))
        }
        if let value { return value }
        return try missing(field)
    }

    private mutating func adjustedItems(_ table: LuaTable, _ field: LuaTable) throws(Mismatch) -> LuaTable {
        var table = table
        let inner: LuaTable?
        switch field.fieldType {
        case .array:
            inner = field["elements"]?.table
        case .set:
            if table.isSequence { table.items = Self.distinct(table.items) }
            inner = field["elements"]?.table
        case .map:
            inner = field["values"]?.table
        default:
            return table
        }
        guard let inner else { return table }
        for index in table.items.indices {
            if let item = try adjusted(table.items[index], inner) { table.items[index] = item }
        }
        for (key, value) in Array(table.entries) { table[key] = try adjusted(value, inner) }
        return table
    }

    /// Without later ones that are the same as earlier ones.
    private static func distinct(_ items: [LuaValue]) -> [LuaValue] {
        var seenTexts: Set<LuaString> = []
        var seenNumbers: Set<Double> = []
        var others: [LuaValue] = []
        return items.filter { item in
            switch item {
            case .string(let text): return seenTexts.insert(text).inserted
            case .number(let number): return seenNumbers.insert(number).inserted
            case .table: return true
            case .null, .boolean:
                guard !others.contains(where: { $0.equals(item) }) else { return false }
                others.append(item)
                return true
            }
        }
    }

    private mutating func missing(_ field: LuaTable) throws(Mismatch) -> LuaValue? {
        if let value = field["default"] { return value }
        guard field.isRequired else { return .null }
        if field.has("abstract") { return nil }
        return field.fieldType == .record ? .table(try filled(LuaTable(), field)) : nil
    }

    /// Checks a record that has been filled.
    mutating func validateRecord(_ record: LuaTable, _ definition: LuaTable) throws(Mismatch) {
        let fields = definition.fields
        // Of two fields of one name the last counts.
        let byName = Dictionary(fields.map { ($0.name, $0.definition) }, uniquingKeysWith: { $1 })
        for (index, item) in record.items.enumerated() {
            try validate(item, named: LuaString("\(index + 1)"), byName)
        }
        for (name, value) in record.entries { try validate(value, named: name, byName) }
        for (name, field) in fields where field.has("required") && record[name].map(\.isNull) ?? true {
            throw Mismatch(
                place: ".\(name)", found: "missing", wanted: "needs it, since that field is required", fix: "set it in the default",
                kongsWords: Self.missing)
        }
        if let checks = definition["entity_checks"], checks.isNull { throw Self.null("entity_checks", .table(record)) }
    }

    mutating func validate(
        _ value: LuaValue, named name: LuaString, _ fields: [LuaString: LuaTable]
    ) throws(Mismatch) {
        guard let field = fields[name] else {
            let near = Spelling.nearest(to: name, among: fields.keys.map(\.text))
            throw Mismatch(
                place: ".\(name)", found: "\(value)", wanted: "knows no such field", fix: near.map { "write \"\($0)\"" },
                kongsWords: "unknown field")
        }
        // Kong sets the one itself, and has a JSON schema for the other.
        if (name == "updated_at" && ignoresUpdatedAt) || field.fieldType == .json { return }
        do {
            if field.fieldType == .foreign, !value.isNull { try checkReference(value) }
            try validate(value, field)
        } catch {
            if !error.isSilent { throw error.at(".\(name)") }
        }
    }

    /// Within a record Kong knows the entities that fields refer to, and how these are referred to
    /// (`validate_primary_key`).
    private func checkReference(_ value: LuaValue) throws(Mismatch) {
        guard let id = value.table?["id"]?.string, id.isUUID else { throw .takes("{id: UUID}", not: value) }
    }
}

extension LuaTable {
    /// Whether a field is required; other values than true do not fill it in.
    fileprivate var isRequired: Bool {
        if case .boolean(true)? = self["required"] { true } else { false }
    }
}
