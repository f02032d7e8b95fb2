/// The constraints of a field, held against a value of its type that is not null (kong/db/schema/init.lua, `validators`
/// and `validators_order`).
struct ConstraintCheck {
    typealias Mismatch = DefaultCheck.Mismatch

    let field: LuaTable

    func check(_ value: LuaValue, steps: inout Int) throws(Mismatch) {
        try checkEquality(value)
        try checkNumber(value)
        try checkLength(value)
        try checkText(value, steps: &steps)
        try checkItems(value)
        if field["custom_validator"] != nil { throw DefaultCheck.null("custom_validator", value) }
    }

    /// An attribute that is a table; nil if it is not there. Kong's Lua fails with null.
    private func table(_ attribute: LuaString, _ value: LuaValue) throws(Mismatch) -> LuaTable? {
        guard let found = field[attribute] else { return nil }
        guard let table = found.table else { throw DefaultCheck.null(attribute, value) }
        return table
    }

    private func number(_ attribute: LuaString, _ value: LuaValue) throws(Mismatch) -> Double? {
        guard let found = field[attribute] else { return nil }
        guard let number = found.number else { throw DefaultCheck.null(attribute, value) }
        return number
    }

    private func text(_ attribute: LuaString, _ value: LuaValue) throws(Mismatch) -> LuaString? {
        guard let found = field[attribute] else { return nil }
        guard let text = found.string else { throw DefaultCheck.null(attribute, value) }
        return text
    }

    private func checkEquality(_ value: LuaValue) throws(Mismatch) {
        if let eq = field["eq"], !value.equals(eq) { throw .takes("only \(eq)", not: value, kong: "value must be \(eq.plainText)") }
        if let ne = field["ne"], value.equals(ne) {
            throw .takes("anything but \(ne)", not: value, kong: "value must not be \(value.plainText)")
        }
        if let options = try table("not_one_of", value), options.items.contains(where: { value.equals($0) }) {
            throw .takes("none of \(Self.list(options))", not: value, kong: "must not be one of: \(Self.plainList(options))")
        }
        if let options = try table("one_of", value), !options.items.contains(where: { value.equals($0) }) {
            throw .takes("one of \(Self.list(options))", not: value, kong: "expected one of: \(Self.plainList(options))")
        }
    }

    private static func list(_ options: LuaTable) -> String {
        options.items.prefix(20).map(\.description).joined(separator: ", ") + (options.items.count > 20 ? ", …" : "")
    }

    private static func plainList(_ options: LuaTable) -> String { options.items.map(\.plainText).joined(separator: ", ") }

    private func checkNumber(_ value: LuaValue) throws(Mismatch) {
        if let limit = try number("gt", value) {
            guard let number = value.number, number > limit else {
                let limit = LuaValue.text(of: limit)
                throw .takes("a number greater than \(limit)", not: value, kong: "value must be greater than \(limit)")
            }
        }
        // The value of the attribute does not matter, in the following three.
        if field["timestamp"] != nil {
            guard let number = value.number, number > 0 else {
                throw .takes("a time, which is greater than 0", not: value, kong: "expected a valid timestamp")
            }
        }
        if field["uuid"] != nil {
            guard let text = value.string, text.isUUID else { throw .takes("a UUID", not: value, kong: "expected a valid UUID") }
        }
        if let limits = try table("between", value) {
            guard limits.items.count == 2, let lowest = limits.items[0].number, let highest = limits.items[1].number,
                let number = value.number, number >= lowest, number <= highest
            else {
                let range = "between \(limits.items.map(\.description).joined(separator: " and "))"
                throw .takes("a number \(range)", not: value, kong: "value should be \(range)")
            }
        }
    }

    private func checkLength(_ value: LuaValue) throws(Mismatch) {
        // Kong takes no empty string, unless the field says what length it takes.
        let least = field["len_min"] == nil && field.fieldType == .string ? 1 : try number("len_min", value)
        let exact = try number("len_eq", value), most = try number("len_max", value)
        guard least != nil || exact != nil || most != nil else { return }
        let length: Int
        switch value {
        case .string(let text): length = text.bytes.count
        // Lua's `#` counts the items; for maps Kong adds the entries, which the items are as well.
        case .table(let table): length = table.items.count + (field.fieldType == .map ? table.count : 0)
        default: throw .takes("something that has a length", not: value, fix: "leave len_eq, len_min and len_max out")
        }
        if let exact, Double(length) != exact {
            let text = LuaValue.text(of: exact)
            throw .takes("a length of \(text)", not: value, kong: "length must be \(text)")
        }
        if let least, Double(length) < least {
            let text = "at least \(LuaValue.text(of: least))"
            throw .takes(
                "a length of \(text)", not: value,
                fix: length == 0 && field["len_min"] == nil ? "set len_min: 0, or leave the default out" : nil,
                kong: "length must be \(text)")
        }
        if let most, Double(length) > most {
            let text = "at most \(LuaValue.text(of: most))"
            throw .takes("a length of \(text)", not: value, kong: "length must be \(text)")
        }
    }

    private func checkText(_ value: LuaValue, steps: inout Int) throws(Mismatch) {
        if let prefix = try text("starts_with", value) {
            let text: LuaString
            switch value {
            case .string(let string): text = string
            case .number(let number): text = LuaString(LuaValue.text(of: number))
            default: throw .takes("a string that starts with \"\(prefix)\"", not: value)
            }
            guard text.bytes.starts(with: prefix.bytes) else {
                throw .takes("a string that starts with \"\(prefix)\"", not: value, kong: "should start with: \(prefix)")
            }
        }
        let invalid = "invalid value: \(value.plainText)"
        if let pattern = try text("not_match", value), try isFound(pattern, in: value, &steps) == true {
            throw .takes("a string without a match of \"\(pattern)\"", not: value, kong: invalid)
        }
        for (pattern, error) in try patterns("match_none", value) where try isFound(pattern, in: value, &steps) == true {
            throw .takes("a string without a match of \"\(pattern)\"", not: value, kong: error ?? invalid)
        }
        if let pattern = try text("match", value), try isFound(pattern, in: value, &steps) == false {
            throw .takes("a string that matches \"\(pattern)\"", not: value, kong: invalid)
        }
        for (pattern, error) in try patterns("match_all", value) where try isFound(pattern, in: value, &steps) == false {
            throw .takes("a string that matches \"\(pattern)\"", not: value, kong: error ?? invalid)
        }
        if let any = try table("match_any", value) {
            var isMatch = false
            for pattern in any["patterns"]?.table?.items.compactMap(\.string) ?? [] where !isMatch {
                isMatch = try isFound(pattern, in: value, &steps) ?? true
            }
            guard isMatch else {
                throw .takes("a string that matches one of the patterns", not: value, kong: any["err"]?.string?.text ?? invalid)
            }
        }
    }

    /// Of an array of {pattern, err}.
    private func patterns(
        _ attribute: LuaString, _ value: LuaValue
    ) throws(Mismatch) -> [(pattern: LuaString, error: String?)] {
        try table(attribute, value)?.items.compactMap { item in
            item.table?["pattern"]?.string.map { ($0, item.table?["err"]?.string?.text) }
        } ?? []
    }

    /// Nil when it takes too long to tell.
    private func isFound(_ pattern: LuaString, in value: LuaValue, _ steps: inout Int) throws(Mismatch) -> Bool? {
        guard let text = value.string else { throw .takes("a string, to match it with \"\(pattern)\"", not: value) }
        let most = min(steps, 20_000)
        var left = most
        defer { steps -= most - left }
        do {
            return try LuaPattern(pattern).isFound(in: text, steps: &left)
        } catch {
            guard case .malformed(let flaw) = error else { return nil }
            throw Mismatch(
                found: "\(value)", wanted: "cannot match it with \"\(pattern)\": \(flaw)",
                fix: "correct the pattern: lua.org/manual/5.1/manual.html#5.4.1")
        }
    }

    private func checkItems(_ value: LuaValue) throws(Mismatch) {
        if let wanted = field["contains"] {
            guard value.table?.items.contains(where: { $0.equals(wanted) }) ?? false else {
                throw .takes("an array with \(wanted)", not: value, kong: "expected to contain: \(wanted.plainText)")
            }
        }
        guard let subsets = try table("mutually_exclusive_subsets", value) else { return }
        let items: [LuaValue]
        switch value {
        case .table(let table): items = table.items
        case .string: return
        default: throw .takes("an array", not: value, fix: "leave mutually_exclusive_subsets out")
        }
        // Of the subsets that have an item the last counts.
        var subsetOf: [LuaString: Int] = [:]
        for (index, subset) in subsets.items.enumerated() {
            for name in subset.table?.items.compactMap(\.string) ?? [] { subsetOf[name] = index }
        }
        let used = Set(items.compactMap { $0.string.flatMap { subsetOf[$0] } })
        guard used.count <= 1 else {
            throw .takes("items of only one of the mutually exclusive subsets", not: value)
        }
    }
}

extension LuaString {
    /// Five groups of hexadecimal digits.
    var isUUID: Bool {
        bytes.count == 36
            && bytes.enumerated().allSatisfy { index, byte in
                switch index {
                case 8, 13, 18, 23: byte == UInt8(ascii: "-")
                default:
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
                }
            }
    }
}
