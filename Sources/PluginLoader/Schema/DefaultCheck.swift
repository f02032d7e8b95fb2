/// Holds the default of a field against the field's own definition, as Kong does when it loads a schema
/// (kong/db/schema/init.lua, `validate_field`; kong/db/schema/metaschema.lua, the field `default`).
///
/// The definition must be a valid one. Errors that Kong's Lua would raise refuse the default too: Kong catches them here.
/// Not looked at: regular expressions (`is_regex`), JSON schemas, and the entity checks of a record, which Kong runs here
/// or not by chance.
struct DefaultCheck {
    /// What is wrong with a default.
    struct Mismatch: Error {
        /// Where in the default: `.retry[2]`; empty for all of it.
        var place = ""
        let found: String
        /// What Kong takes: `takes a string there`.
        let wanted: String
        var fix: String?
        /// Kong's own words to whoever sets such a value, as far as they are known.
        var kongsWords: String?
        /// Kong refuses the value without an error message, and where it only looks for messages, takes it.
        var isSilent = false

        func at(_ step: String) -> Mismatch {
            var mismatch = self
            mismatch.place = step + place
            return mismatch
        }

        static func takes(_ wanted: String, not found: LuaValue, fix: String? = nil, kong kongsWords: String? = nil) -> Mismatch {
            Mismatch(found: "\(found)", wanted: "takes \(wanted) there", fix: fix, kongsWords: kongsWords)
        }

        /// Of a type.
        static func expected(_ phrase: String, not found: LuaValue) -> Mismatch {
            .takes(phrase, not: found, kong: "expected \(phrase)")
        }
    }

    /// What may still be spent; when it is used up, the rest is taken to be right.
    var steps: Int
    /// Whether it is for a Kong that leaves `updated_at` unchecked, as all since 3.3 do.
    var ignoresUpdatedAt = true

    /// What is wrong with the value; nil if the field takes it.
    mutating func mismatch(of value: LuaValue, with field: LuaTable) -> Mismatch? {
        do {
            try validate(value, field)
            return nil
        } catch {
            return error.isSilent ? nil : error
        }
    }

    mutating func validate(_ value: LuaValue, _ field: LuaTable, isRequired: Bool = false) throws(Mismatch) {
        steps -= 1
        guard steps > 0 else { return }
        if value.isNull {
            if let ne = field["ne"], ne.isNull { throw .takes("anything but null", not: value) }
            if let eq = field["eq"], !eq.isNull { throw .takes("only \(eq)", not: value) }
            if isRequired || field.has("required") {
                throw .takes(
                    "a value, since the field is required", not: value, fix: "set a default, or leave it out", kong: Self.missing)
            }
            return
        }
        if let eq = field["eq"], eq.isNull { throw .takes("only null", not: value) }
        if field.has("abstract") { throw .takes("no value, since the field is abstract", not: value) }
        if let deprecation = field["deprecation"], deprecation.isNull { throw Self.null("deprecation", value) }
        guard try validateType(of: value, field) else { return }
        do {
            try ConstraintCheck(field: field).check(value, steps: &steps)
        } catch {
            var mismatch = error
            if let words = field["err"]?.string { mismatch.kongsWords = words.text }
            throw mismatch
        }
    }

    static let missing = "required field missing"

    /// A null in the definition that Kong's Lua cannot work with.
    static func null(_ attribute: LuaString, _ value: LuaValue) -> Mismatch {
        Mismatch(found: "\(value)", wanted: "cannot check it: \(attribute) is null", fix: "leave \(attribute) out")
    }

    /// Whether the constraints are still to be checked.
    private mutating func validateType(of value: LuaValue, _ field: LuaTable) throws(Mismatch) -> Bool {
        switch field.fieldType {
        case .array?, .set?:
            guard let table = value.table, table.isSequence else { throw .expected(field.fieldType == .set ? "a set" : "an array", not: value) }
            try validateItems(table, field)
        case .map?:
            guard let table = value.table else { throw .expected("a map", not: value) }
            try validateEntries(table, field)
        case .record?:
            guard let table = value.table else { throw .takes("a record, which is a map", not: value, kong: "expected a record") }
            try validateRecord(try filled(table, field), field)
        case .foreign?, nil:
            break
        case .integer?:
            guard let number = value.number, number.rounded() == number else { throw .expected("an integer", not: value) }
        case .number?:
            guard value.number != nil else { throw .expected("a number", not: value) }
        case .boolean?:
            guard case .boolean = value else { throw .expected("a boolean", not: value) }
        case .string?:
            guard let text = value.string else { throw .expected("a string", not: value) }
            if field.has("referenceable"), text.isReference { return false }
        case .function?:
            throw .takes("a function of Lua", not: value, fix: "leave it out")
        case .json?:
            throw Mismatch(found: "\(value)", wanted: "takes no default there", isSilent: true)
        }
        return true
    }

    private mutating func validateItems(_ table: LuaTable, _ field: LuaTable) throws(Mismatch) {
        guard let elements = field["elements"]?.table else { throw Self.null("elements", .table(table)) }
        for (index, item) in table.items.enumerated() {
            do {
                try validate(item, elements, isRequired: true)
            } catch {
                var mismatch = error.at("[\(index)]")
                mismatch.isSilent = false
                throw mismatch
            }
        }
    }

    private mutating func validateEntries(_ table: LuaTable, _ field: LuaTable) throws(Mismatch) {
        guard let keys = field["keys"]?.table, let values = field["values"]?.table else {
            throw Self.null("keys or values", .table(table))
        }
        // The keys of an array are its indices, from 1.
        for (index, item) in table.items.enumerated() {
            try validate(.number(Double(index + 1)), keys, isRequired: true)
            do {
                try validate(item, values, isRequired: true)
            } catch {
                throw error.at("[\(index)]")
            }
        }
        for (key, value) in table.entries {
            do {
                try validate(.string(key), keys, isRequired: true)
            } catch {
                throw error.at("{key}")
            }
            do {
                try validate(value, values, isRequired: true)
            } catch {
                throw error.at(".\(key)")
            }
        }
    }
}

extension LuaString {
    /// Whether it refers to a secret in a vault (kong/pdk/vault.lua, `is_reference`).
    var isReference: Bool { bytes.starts(with: Array("{vault://".utf8)) && bytes.last == UInt8(ascii: "}") }
}
