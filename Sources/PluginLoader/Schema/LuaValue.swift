/// A string of Lua: bytes.
struct LuaString: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ text: String) { bytes = Array(text.utf8) }
    init(stringLiteral: String) { self.init(stringLiteral) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// For messages: on one line, and not too long of one.
    var description: String {
        let text = String(decoding: bytes.prefix(64), as: UTF8.self).printable
        return bytes.count > 64 ? "\(text)…" : text
    }
}

/// A value as Kong's Lua has it, once it has read a plugin's schema from JSON: all numbers are doubles, and an empty array
/// is an empty map.
indirect enum LuaValue: Sendable {
    /// `ngx.null`, which is not Lua's nil: it counts as true.
    case null
    case boolean(Bool)
    case number(Double)
    case string(LuaString)
    case table(LuaTable)

    var table: LuaTable? {
        if case .table(let table) = self { table } else { nil }
    }

    var string: LuaString? {
        if case .string(let string) = self { string } else { nil }
    }

    var number: Double? {
        if case .number(let number) = self { number } else { nil }
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// Whether Lua takes it for true.
    var isTrue: Bool {
        if case .boolean(false) = self { false } else { true }
    }

    /// Lua's `==`. Two tables are never the same one here.
    func equals(_ other: LuaValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.boolean(let one), .boolean(let two)): one == two
        case (.number(let one), .number(let two)): one == two
        case (.string(let one), .string(let two)): one == two
        default: false
        }
    }
}

extension LuaValue: CustomStringConvertible {
    /// For messages: `"text"`, `3`, `an array of 2`.
    var description: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let value): Self.text(of: value)
        case .string(let value): "\"\(value)\""
        case .table(let table):
            if table.isEmpty {
                "an empty array or map"
            } else if table.isSequence {
                "an array of \(table.items.count)"
            } else {
                "a map with \(table.keys.prefix(3).map(\.description).joined(separator: ", "))\(table.keys.count > 3 ? ", …" : "")"
            }
        }
    }

    /// Lua's `tostring`, for what is no table.
    var plainText: String { if case .string(let text) = self { text.text } else { description } }

    static func text(of number: Double) -> String {
        if let integer = Int64(exactly: number) { "\(integer)" } else { "\(number)" }
    }
}

/// A table of Lua that came from JSON: an array or a map; when empty, either.
struct LuaTable: Sendable {
    var items: [LuaValue]
    /// In the order of the schema.
    private(set) var keys: [LuaString] = []
    private var values: [LuaString: LuaValue] = [:]

    init(items: [LuaValue] = []) { self.items = items }

    var isEmpty: Bool { items.isEmpty && keys.isEmpty }

    /// Kong's `is_sequence` (kong/db/schema/init.lua).
    var isSequence: Bool { keys.isEmpty }

    /// The number of its items and entries.
    var count: Int { items.count + keys.count }

    var entries: some Sequence<(key: LuaString, value: LuaValue)> {
        keys.lazy.compactMap { key in values[key].map { (key, $0) } }
    }

    subscript(key: LuaString) -> LuaValue? {
        get { values[key] }
        set {
            if let newValue {
                if values.updateValue(newValue, forKey: key) == nil { keys.append(key) }
            } else if values.removeValue(forKey: key) != nil {
                keys.removeAll { $0 == key }
            }
        }
    }
}
