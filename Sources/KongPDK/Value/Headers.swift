import CKongPlugin

/// The headers of a request or a response: names, which are not case-sensitive, each with one value or several.
///
///     let headers: Headers = ["content-type": "text/plain", "x-tag": "one", "x-tag": "two"]
///     headers["Content-Type"]         // "text/plain"
///     headers.values("x-tag")         // ["one", "two"]
///
/// The values of a name keep their order. The names have the order in which they were added, or in which Kong sent them,
/// which is none in particular; what is sent to Kong is a map, and has none.
///
/// A value may hold any bytes. Where one is a `String`, U+FFFD stands for what is not UTF-8; `bytes(_:)` has them all.
public struct Headers: Sendable, Hashable {
    var named = NamedValues(ignoringCase: true)

    /// No headers.
    public init() {}

    /// From names and values, in order; a name may come several times.
    public init(_ fields: some Sequence<(name: String, value: String)>) {
        for field in fields { add(field.name, field.value) }
    }

    /// Each name with its values in order.
    public init(_ values: [String: [String]]) {
        for (name, values) in values { for value in values { add(name, value) } }
    }

    /// The first value of a header; nil if there is none. Setting it replaces all values, and nil removes them.
    public subscript(name: String) -> String? {
        get { named.first(name)?.value.map(\.text) }
        set {
            if let newValue { named.replace(name, LuaString(newValue)) } else { named.remove(name) }
        }
    }

    /// All values of a header, in order.
    public func values(_ name: String) -> [String] { named.all(name).map { $0.value?.text ?? "" } }

    /// All values of a header, in order, whatever bytes they are made of.
    public func bytes(_ name: String) -> [[UInt8]] { named.all(name).map { $0.value?.bytes ?? [] } }

    /// Whether there is such a header.
    public func contains(_ name: String) -> Bool { named.first(name) != nil }

    /// Each name once, as it was first written.
    public var names: [String] { named.groups.map(\.name.text) }

    /// Adds a value to those that the header has.
    public mutating func add(_ name: String, _ value: String) { named.append(LuaString(name), LuaString(value)) }

    /// Adds a value of any bytes.
    public mutating func add(_ name: String, _ value: [UInt8]) { named.append(LuaString(name), LuaString(value)) }

    /// Removes a header with all its values.
    public mutating func remove(_ name: String) { named.remove(name) }

    /// Gives a header another name: its values go with it, whatever bytes they are made of, in place of those that the other
    /// had. False: there is no such header, and nothing changes.
    @discardableResult
    public mutating func rename(_ name: String, to newName: String) -> Bool { named.rename(name, to: newName) }
}

/// A name may come several times: it then has several values.
extension Headers: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral fields: (String, String)...) {
        for (name, value) in fields { add(name, value) }
    }
}

/// One element for each value.
extension Headers: RandomAccessCollection {
    /// A header's name with one of its values.
    public struct Field: Sendable, Hashable {
        private let entry: NamedValues.Entry

        init(_ entry: NamedValues.Entry) { self.entry = entry }

        /// The name, as it was written.
        public var name: String { entry.name.text }
        /// The name's bytes.
        public var nameBytes: [UInt8] { entry.name.bytes }
        /// The value.
        public var value: String { entry.value?.text ?? "" }
        /// The value's bytes.
        public var valueBytes: [UInt8] { entry.value?.bytes ?? [] }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { named.entries.count }
    public subscript(index: Int) -> Field { Field(named.entries[index]) }
}

extension Headers: CustomStringConvertible {
    /// A line for each value.
    public var description: String { map { "\($0.name): \($0.value)" }.joined(separator: "\n") }
}

extension Headers: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result { named.lend(body) }
}
