/// The checks of several fields at once (kong/db/schema/metaschema.lua, `entity_checks_schema`).
extension SchemaCheck {
    mutating func checkEntityChecks(_ checks: LuaTable, _ path: SchemaPath, in place: Place, of record: LuaTable) {
        // Kong looks no deeper than at the shape of what is in a condition.
        var place = place
        place.isStructural = false
        for (index, item) in checks.items.enumerated() {
            let path = path.item(index)
            guard let check = item.table, check.items.isEmpty else {
                note(path, Self.found(item, path), "takes a map of one check there", "write {at_least_one_of: [NAME, …]}")
                continue
            }
            checkRecord(check, FieldAttributes.entityChecks, path, in: place, of: record)
            let present = check.entries.filter { Self.isPresent($0.value, for: $0.key) }
            guard present.count == 1, let (name, argument) = present.first else {
                note(
                    path, "\(path.attribute) with \(present.isEmpty ? "no check" : "\(present.count) checks")",
                    "takes a map of exactly one check there, and no empty one", "write one map for each check: {NAME: …}")
                continue
            }
            warnOfFailures(of: name, argument, path.key(name), in: record)
        }
    }

    /// Kong's `is_nonempty`, for the argument of a check. Kong fills in what maps lack, so that these are never empty.
    private static func isPresent(_ argument: LuaValue, for name: LuaString) -> Bool {
        guard let check = FieldAttributes.entityChecks.first(where: { $0.name == name }) else { return false }
        switch (check.shape, argument) {
        case (_, .null), (.record, .boolean(false)): return false
        case (.array, .table(let table)): return !table.isEmpty
        default: return true
        }
    }

    // MARK: What Kong takes, and then fails with

    private mutating func warnOfFailures(of name: LuaString, _ argument: LuaValue, _ path: SchemaPath, in record: LuaTable) {
        switch name {
        case "custom_entity_check":
            warn(
                path, "\(path.attribute) without fn", "needs a function of Lua for it, and fails on each configuration",
                "leave the check out, and check the configuration in the plugin")
        case "conditional":
            requireMembers(["if_field", "if_match", "then_field", "then_match"], of: argument, path)
            checkNames(["if_field", "then_field"], of: argument, path, in: record)
        case "conditional_at_least_one_of":
            requireMembers(["if_field", "if_match", "then_at_least_one_of"], of: argument, path)
            checkNames(["if_field", "then_at_least_one_of", "else_then_at_least_one_of"], of: argument, path, in: record)
        case "mutually_exclusive_sets":
            requireMembers(["set1", "set2"], of: argument, path)
            checkNames(["set1", "set2"], of: argument, path, in: record)
        default:
            checkNames(argument, path, in: record)
        }
    }

    private mutating func requireMembers(_ names: [LuaString], of argument: LuaValue, _ path: SchemaPath) {
        for name in names where !(argument.table?.has(name) ?? true) || argument.table?[name]?.isNull ?? false {
            warn(path, "\(path.attribute) without \(name)", "needs it, and fails on configurations", "set \(name)")
        }
    }

    private mutating func checkNames(_ members: [LuaString], of argument: LuaValue, _ path: SchemaPath, in record: LuaTable) {
        for member in members {
            guard let value = argument.table?[member] else { continue }
            checkNames(value, path.key(member), in: record)
        }
    }

    /// A name, or an array of them; `a.b` is the field b of the record a.
    private mutating func checkNames(_ value: LuaValue, _ path: SchemaPath, in record: LuaTable) {
        for name in value.table?.items ?? [value] {
            guard let name = name.string, !name.bytes.isEmpty, !Self.hasField(name, record) else { continue }
            let near = Spelling.nearest(to: name, among: record.fields.map(\.name.text))
            warn(
                path, "\(path.attribute) names \"\(name)\"", "has no such field in this record",
                near.map { "write \"\($0)\"" } ?? "name a field of this record")
        }
    }

    private static func hasField(_ name: LuaString, _ record: LuaTable) -> Bool {
        var record = record
        let parts = name.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard let field = record.fields.last(where: { $0.name.bytes.elementsEqual(part) }) else { return false }
            // What is in a map or an entity is not to be known.
            if index < parts.count - 1, field.definition.fieldType != .record { return true }
            record = field.definition
        }
        return true
    }
}
