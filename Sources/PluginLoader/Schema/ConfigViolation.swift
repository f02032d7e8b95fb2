/// What Kong's Admin API answers when somebody configures a plugin in a way that its schema forbids.
///
/// Kong's checks and, as far as they are known, its words. The checks of several fields at once (`entity_checks`) and
/// regular expressions (`is_regex`) are not looked at.
public struct ConfigViolation: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Field: Hashable, Sendable {
        /// As "config.retry.count".
        public let path: String
        /// Kong's words.
        public let text: String
        public let found: String
        /// What may have been meant.
        public let suggestion: String?
    }

    /// At least one.
    public let fields: [Field]

    /// Kong's message (kong/db/errors.lua, `schema_violation`); what is deeper than two levels it writes as Lua does.
    public var description: String {
        let list = fields.map { "\($0.path): \($0.text)" }.joined(separator: "; ")
        return fields.count == 1 ? "schema violation (\(list))" : "\(fields.count) schema violations (\(list))"
    }
}

extension PluginDescription {
    /// What Kong would have against a configuration; nil: it takes it.
    public func violation(of config: JSONValue) -> ConfigViolation? { ConfigViolation(of: configSchema, by: config) }
}

extension ConfigViolation {
    /// - Parameter schema: of the field "config", one that Kong takes.
    /// - Returns: nil if Kong takes the configuration.
    public init?(of schema: JSONValue, by config: JSONValue) {
        guard let record = LuaValue(schema).table?.requiringRecords else { return nil }
        var check = DefaultCheck(steps: 1_000_000)
        let fields = check.violations(of: LuaValue(config), by: record)
        guard !fields.isEmpty else { return nil }
        self.init(fields: fields)
    }
}

extension DefaultCheck {
    /// All that is wrong with a configuration, a line for each of its fields, in their order, as Kong sorts them.
    fileprivate mutating func violations(of config: LuaValue, by record: LuaTable) -> [ConfigViolation.Field] {
        guard let table = config.table, table.items.isEmpty else {
            return [Self.violation(.takes("a record, which is a map", not: config, kong: "expected a record"))]
        }
        let filled: LuaTable
        do {
            filled = try self.filled(table, record)
        } catch {
            return [Self.violation(error)]
        }
        let definitions = Dictionary(record.fields.map { ($0.name, $0.definition) }, uniquingKeysWith: { $1 })
        var violations: [ConfigViolation.Field] = []
        for (name, value) in filled.entries {
            do throws(Mismatch) {
                try validate(value, named: name, definitions)
            } catch {
                violations.append(Self.violation(error))
            }
        }
        for (name, definition) in definitions where definition.has("required") && filled[name] == nil {
            violations.append(
                Self.violation(Mismatch(place: ".\(name)", found: "missing", wanted: "needs it", kongsWords: Self.missing)))
        }
        return violations.sorted { $0.path < $1.path }
    }

    private static func violation(_ mismatch: Mismatch) -> ConfigViolation.Field {
        ConfigViolation.Field(
            path: "config" + mismatch.place, text: mismatch.kongsWords ?? mismatch.wanted, found: mismatch.found,
            suggestion: mismatch.kongsWords == "unknown field" ? mismatch.fix : nil)
    }
}

extension LuaTable {
    /// The definition of a record as Kong loads it from a plugin: records in it that do not say otherwise are required
    /// (kong/db/schema/entity.lua, `make_records_required`).
    fileprivate var requiringRecords: LuaTable {
        guard let fields = self["fields"]?.table else { return self }
        var (record, items) = (self, fields.items)
        for (index, item) in items.enumerated() {
            guard var entry = item.table, let name = entry.keys.first, var field = entry[name]?.table, field.fieldType == .record
            else { continue }
            if field["required"] == nil { field["required"] = .boolean(true) }
            entry[name] = .table(field.requiringRecords)
            items[index] = .table(entry)
        }
        record["fields"] = .table(LuaTable(items: items))
        return record
    }
}

extension LuaValue {
    /// A value as Kong has it after it has read it from JSON.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .number(Double(value))
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(LuaString(value))
        case .array(let items): self = .table(LuaTable(items: items.map { LuaValue($0) }))
        case .object(let entries):
            var table = LuaTable()
            for (key, value) in entries.sorted(by: { $0.key < $1.key }) { table[LuaString(key)] = LuaValue(value) }
            self = .table(table)
        }
    }
}
