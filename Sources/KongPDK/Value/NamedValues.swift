import CKongPlugin

/// Names with their values, each name any number of times: what `Headers` and `Query` have in common.
struct NamedValues: Sendable {
    struct Entry: Sendable, Hashable {
        var name: LuaString
        /// Nil: a query argument without "=".
        var value: LuaString?
    }

    private(set) var entries: [Entry] = []
    let ignoresCase: Bool

    init(ignoringCase: Bool) { ignoresCase = ignoringCase }

    func first(_ name: String) -> Entry? {
        entries.first { $0.name.isEqual(to: name, ignoringCase: ignoresCase) }
    }

    func all(_ name: String) -> [Entry] {
        entries.filter { $0.name.isEqual(to: name, ignoringCase: ignoresCase) }
    }

    mutating func append(_ name: LuaString, _ value: LuaString?) {
        entries.append(Entry(name: name, value: value))
    }

    mutating func remove(_ name: String) {
        entries.removeAll { $0.name.isEqual(to: name, ignoringCase: ignoresCase) }
    }

    /// Puts one value where the first was, and removes the others.
    mutating func replace(_ name: String, _ value: LuaString?) {
        let place = entries.firstIndex { $0.name.isEqual(to: name, ignoringCase: ignoresCase) }
        remove(name)
        entries.insert(Entry(name: LuaString(name), value: value), at: place ?? entries.endIndex)
    }

    /// Gives the values of a name another, in place of what that had. False: there are none, and nothing changes.
    mutating func rename(_ name: String, to newName: String) -> Bool {
        guard first(name) != nil else { return false }
        if !LuaString(name).isEqual(to: newName, ignoringCase: ignoresCase) { remove(newName) }
        for index in entries.indices where entries[index].name.isEqual(to: name, ignoringCase: ignoresCase) {
            entries[index].name = LuaString(newName)
        }
        return true
    }

    /// Each name once, where it first came, with its values in order: what Kong takes is a map.
    var groups: [(name: LuaString, values: [LuaString?])] {
        var places: [LuaString: Int] = [:]
        var groups: [(name: LuaString, values: [LuaString?])] = []
        for entry in entries {
            let key = ignoresCase ? entry.name.lowercased : entry.name
            if let place = places[key] {
                groups[place].values.append(entry.value)
            } else {
                places[key] = groups.count
                groups.append((entry.name, [entry.value]))
            }
        }
        return groups
    }
}

// MARK: - Equality: which values a name has matters, and their order, but not the order of the names

extension NamedValues: Hashable {
    private var valuesByName: [LuaString: [LuaString?]] {
        Dictionary(
            groups.map { (ignoresCase ? $0.name.lowercased : $0.name, $0.values) }, uniquingKeysWith: { $0 + $1 })
    }

    static func == (one: NamedValues, other: NamedValues) -> Bool { one.valuesByName == other.valuesByName }
    func hash(into hasher: inout Hasher) { hasher.combine(valuesByName) }
}

// MARK: - From Kong, and to it

extension NamedValues {
    /// Kong has one value as a string and several as an array; an argument without a value is `true`, or over MessagePack
    /// an empty array.
    init(_ answer: kong_value, ignoringCase: Bool) throws(PDKError) {
        self.init(ignoringCase: ignoringCase)
        switch Int(answer.type) {
        case Int(KONG_NIL): return
        // An empty table of Lua looks like an empty array.
        case Int(KONG_ARRAY) where answer.array.count == 0: return
        case Int(KONG_MAP): break
        default: throw PDKError(unexpected: Value(answer), expected: "a table")
        }
        let map = UnsafeBufferPointer(start: answer.map.entries, count: Int(clamping: answer.map.count))
        entries.reserveCapacity(map.count)
        for entry in map {
            let name = LuaString(entry.key)
            if Int(entry.value.type) == Int(KONG_ARRAY) {
                let count = Int(clamping: entry.value.array.count)
                if count == 0 { append(name, nil) }
                for item in UnsafeBufferPointer(start: entry.value.array.items, count: count) {
                    append(name, try Self.value(item))
                }
            } else {
                append(name, try Self.value(entry.value))
            }
        }
    }

    private static func value(_ value: kong_value) throws(PDKError) -> LuaString? {
        switch Int(value.type) {
        case Int(KONG_STRING), Int(KONG_BYTES): return LuaString(value.string)
        case Int(KONG_BOOLEAN): return value.boolean ? nil : LuaString("false")
        case Int(KONG_INTEGER): return LuaString("\(value.integer)")
        case Int(KONG_NUMBER): return LuaString("\(value.number)")
        default: throw PDKError(unexpected: Value(value), expected: "a string")
        }
    }
}

extension NamedValues: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        let storage = KongValueStorage(self)
        return withExtendedLifetime(storage) { body(storage.value) }
    }
}
