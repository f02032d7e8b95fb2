extension Value: CustomStringConvertible {
    /// As JSON would have it, for messages; bytes that are not UTF-8 show as `<5 bytes>`.
    public var description: String {
        switch self {
        case .nil: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value.debugDescription
        case .bytes(let value): stringValue?.debugDescription ?? "<\(value.count) bytes>"
        case .array(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
        case .map(let entries):
            "{"
                + entries.sorted { $0.key < $1.key }
                .map { "\($0.key.debugDescription): \($0.value)" }.joined(separator: ", ") + "}"
        }
    }

    /// What kind of value it is, and which if that is short, to end a sentence with: `the string "x"`.
    var phrase: String {
        switch self {
        case .nil: "null"
        case .boolean: "the boolean \(self)"
        case .integer: "the integer \(self)"
        case .number: "the number \(self)"
        case .array: "an array"
        case .map: "a map"
        case .string, .bytes:
            switch stringValue {
            case nil: "a string that is not UTF-8"
            case .some(let text) where text.count > 60: "the string \(String(text.prefix(60)).debugDescription)…"
            case .some(let text): "the string \(text.debugDescription)"
            }
        }
    }
}
