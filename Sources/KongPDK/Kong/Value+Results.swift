/// What Kong answered, as the type that a call returns. Kong is free to answer with something else (another plugin
/// may have put it there), so each of these can fail.
extension Value {
    func unexpected(_ method: PDKMethod, _ expected: String) -> PDKError {
        PDKError(.unexpectedResult, method.rawValue, "expected \(expected), Kong answered \(self)")
    }

    func optionalString(_ method: PDKMethod) throws(PDKError) -> String? {
        switch self {
        case .nil: return nil
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .number(let number): return "\(number)"
        case .bytes(let bytes):
            // From MessagePack's `bin`, which says nothing about its bytes.
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw PDKError(.notUTF8, method.rawValue, "the \(bytes.count) bytes that Kong answered are not UTF-8")
            }
            return text
        case .boolean, .array, .map: throw unexpected(method, "a string")
        }
    }

    func string(_ method: PDKMethod) throws(PDKError) -> String {
        guard let text = try optionalString(method) else { throw unexpected(method, "a string") }
        return text
    }

    func optionalBytes(_ method: PDKMethod) throws(PDKError) -> [UInt8]? {
        switch self {
        case .bytes(let bytes): return bytes
        default: return try optionalString(method).map { Array($0.utf8) }
        }
    }

    func integer(_ method: PDKMethod) throws(PDKError) -> Int {
        guard let number = integerValue else { throw unexpected(method, "an integer") }
        return Int(number)
    }

    func number(_ method: PDKMethod) throws(PDKError) -> Double {
        guard let number = numberValue else { throw unexpected(method, "a number") }
        return number
    }

    func optionalMap(_ method: PDKMethod) throws(PDKError) -> [String: Value]? {
        switch self {
        case .nil: return nil
        case .map(let map): return map
        // An empty table of Lua looks like an empty array.
        case .array(let items) where items.isEmpty: return [:]
        default: throw unexpected(method, "a table")
        }
    }

    /// A header or query map: each name with its values in order. Kong has one value as a string, several as an
    /// array, and `true` for an argument without a value.
    func multimap(_ method: PDKMethod) throws(PDKError) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for (name, value) in try optionalMap(method) ?? [:] {
            switch value {
            case .array(let values):
                var texts: [String] = []
                for value in values { texts.append(try value.repairedText(method)) }
                result[name] = texts
            case .boolean: result[name] = []
            default: result[name] = [try value.repairedText(method)]
            }
        }
        return result
    }

    /// A value of a multimap. `?a=1&a` gives a the values "1" and true.
    func multimapText(_ method: PDKMethod) throws(PDKError) -> String {
        if case .boolean = self { return "" }
        return try string(method)
    }

    private func repairedText(_ method: PDKMethod) throws(PDKError) -> String {
        if case .boolean = self { return "" }
        return try repairedString(method)
    }

    /// A string in which U+FFFD stands for what is not UTF-8: one odd header, which any client can send, must not make
    /// all the others unreadable.
    func repairedString(_ method: PDKMethod) throws(PDKError) -> String {
        if case .bytes(let bytes) = self { return String(decoding: bytes, as: UTF8.self) }
        return try string(method)
    }
}
