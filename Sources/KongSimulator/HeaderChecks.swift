import WireProtocol

/// What the PDK takes for headers' names and values (kong/pdk/private/checks.lua).
enum HeaderChecks {
    /// `validate_header`. 2.8 takes no array in `set_header` and `add_header`.
    static func validate(_ name: OwnedValue, _ value: OwnedValue) throws(Interruption) {
        guard case .string(let bytes) = name else {
            throw .raised("invalid header name \(Lua.quoted(name.luaText)): got \(name.luaType), expected string")
        }
        try validate(bytes, value, expected: "array of string, string, number or boolean")
    }

    /// `validate_headers`: a table of headers, given by name in an order that Lua does not tell; here in that of the names.
    static func validate(_ headers: OwnedValue) throws(Interruption) -> [(name: [UInt8], value: OwnedValue)] {
        guard headers.isTable else { throw .raised("headers must be a table") }
        guard let entries = headers.entries else {
            throw .raised("invalid header name \"1\": got number, expected string")
        }
        let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { (name: $0.key, value: $0.value) }
        for header in sorted {
            try validate(header.name, header.value, expected: "string, number, boolean or array of strings")
        }
        return sorted
    }

    private static func validate(_ name: [UInt8], _ value: OwnedValue, expected: String) throws(Interruption) {
        switch value {
        case .string, .bytes, .integer, .number, .boolean: return
        case .null:
            throw .raised("invalid header value for \(Lua.quoted(name)): got nil, expected \(expected)")
        case .array, .map:
            for item in value.luaSequence {
                guard case .string = item else {
                    throw .raised("invalid header value in array \(Lua.quoted(name)): got \(item.luaType), expected string")
                }
            }
        }
    }

    /// `normalize_multi_header`: one string for each line. An empty value becomes a space, since nginx takes an empty one
    /// for none. A table with names in it counts as an empty array, and clears the header.
    static func lines(_ value: OwnedValue) -> [[UInt8]] {
        let values = value.isTable ? value.luaSequence : [value]
        return values.map { $0.luaText.isEmpty ? [UInt8(ascii: " ")] : $0.luaText }
    }

    /// Kong passes over this header in an answer, with a warning. 2.8 sets it.
    static func isTransferEncoding(_ name: [UInt8]) -> Bool {
        let name = name.lowercasedASCII.text
        return name == "transfer-encoding" || name == "transfer_encoding"
    }
}
