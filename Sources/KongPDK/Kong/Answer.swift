/// What Kong answered to a call, and the types that it can be taken for. Kong is free to answer with something else
/// (another plugin may have put it there), so each of these can fail.
struct Answer: Sendable {
    let value: Value
    let method: PDKMethod

    init(_ value: Value, _ method: PDKMethod) {
        self.value = value
        self.method = method
    }

    func unexpected(_ expected: String) -> PDKError {
        PDKError(unexpected: value, expected: expected).of(method.rawValue)
    }

    /// A number is text to Lua wherever it likes.
    func optionalString() throws(PDKError) -> String? {
        switch value {
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
        case .boolean, .array, .map: throw unexpected("a string")
        }
    }

    func string() throws(PDKError) -> String {
        guard let text = try optionalString() else { throw unexpected("a string") }
        return text
    }

    func optionalBytes() throws(PDKError) -> [UInt8]? {
        if case .bytes(let bytes) = value { return bytes }
        return try optionalString().map { Array($0.utf8) }
    }

    func bytes() throws(PDKError) -> [UInt8] {
        guard let bytes = try optionalBytes() else { throw unexpected("a string") }
        return bytes
    }

    /// And text is a number: before 3.7 Kong answers `kong.request.get_forwarded_port` over MessagePack with that of an nginx variable.
    func optionalInteger() throws(PDKError) -> Int? {
        if value.isNil { return nil }
        if let number = value.integerValue { return Int(number) }
        guard let number = value.stringValue.flatMap({ Int($0) }) else { throw unexpected("an integer") }
        return number
    }

    func integer() throws(PDKError) -> Int {
        guard let number = try optionalInteger() else { throw unexpected("an integer") }
        return number
    }

    func number() throws(PDKError) -> Double {
        guard let number = value.numberValue else { throw unexpected("a number") }
        return number
    }

    func boolean() throws(PDKError) -> Bool {
        guard let boolean = value.booleanValue else { throw unexpected("a boolean") }
        return boolean
    }

    func optionalMap() throws(PDKError) -> [String: Value]? {
        if value.isNil { return nil }
        guard let map = value.mapValue else { throw unexpected("a table") }
        return map
    }

    func map() throws(PDKError) -> [String: Value] {
        guard let map = try optionalMap() else { throw unexpected("a table") }
        return map
    }

    /// Kong answers `true`, or nil and why not; Kong 3 leaves the reason out.
    func done() throws(PDKError) {
        if case .boolean(true) = value { return }
        throw PDKError(.refused, method.rawValue, "Kong has not done it, and does not say why")
    }
}

extension PDKError {
    init(unexpected value: Value, expected: String) {
        self.init(.unexpectedResult, "", "expected \(expected), Kong answered \(value)")
    }
}

/// The fields of a record that Kong has sent. One that is missing is nil, and so is one of another type than it should
/// be: that is no reason to withhold the others.
extension [String: Value] {
    func text(_ name: String) -> String? { self[name]?.stringValue }

    func integer(_ name: String) -> Int? { self[name]?.integerValue.map { Int($0) } }

    func boolean(_ name: String) -> Bool? { self[name]?.booleanValue }

    func texts(_ name: String) -> [String] { self[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }

    func milliseconds(_ name: String) -> Duration? { integer(name).map { .milliseconds($0) } }
}
