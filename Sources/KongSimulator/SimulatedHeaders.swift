/// Headers in their order: names without regard to case, each as often as it comes, and any bytes in values.
public struct SimulatedHeaders: Hashable, Sendable {
    public struct Field: Hashable, Sendable, CustomStringConvertible {
        public var name: [UInt8]
        public var value: [UInt8]

        public init(_ name: [UInt8], _ value: [UInt8]) {
            self.name = name
            self.value = value
        }

        public init(_ name: String, _ value: String) {
            self.init(Array(name.utf8), Array(value.utf8))
        }

        /// "name: value", with what is not UTF-8 replaced.
        public var description: String { "\(name.text): \(value.text)" }
    }

    public var fields: [Field]

    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// The values of a header, as text: what is not UTF-8 is replaced.
    public subscript(name: String) -> [String] {
        values(of: Array(name.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The values of a header.
    public func values(of name: [UInt8]) -> [[UInt8]] {
        let name = name.lowercasedASCII
        return fields.filter { $0.name.lowercasedASCII == name }.map(\.value)
    }

    func first(_ name: String) -> [UInt8]? {
        values(of: Array(name.utf8)).first
    }

    public mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name, value))
    }

    mutating func removeAll(_ name: [UInt8]) {
        let name = name.lowercasedASCII
        fields.removeAll { $0.name.lowercasedASCII == name }
    }
}

extension SimulatedHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral pairs: (String, String)...) {
        self.init(pairs.map { Field($0.0, $0.1) })
    }
}

extension SimulatedHeaders: CustomStringConvertible {
    /// A line for each.
    public var description: String { fields.map(\.description).joined(separator: "\n") }
}
