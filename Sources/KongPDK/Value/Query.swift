import CKongPlugin

/// The arguments of a query: names, each with one value or several, or with none (`?debug`).
///
///     let query: Query = ["page": "2", "tag": "one", "tag": "two"]
///     query["page"]           // "2"
///     query.values("tag")     // ["one", "two"]
///
/// Names and values are decoded: Kong encodes them. The values of a name keep their order; the names have the order in
/// which they were added, or in which Kong sent them, which is not that of the request.
///
/// Both may hold any bytes. Where one is a `String`, U+FFFD stands for what is not UTF-8; an element has the bytes.
public struct Query: Sendable, Hashable {
    var named = NamedValues(ignoringCase: false)

    /// No arguments.
    public init() {}

    /// From names and values, in order; a name may come several times.
    public init(_ arguments: some Sequence<(name: String, value: String)>) {
        for argument in arguments { add(argument.name, argument.value) }
    }

    /// Each name with its values in order.
    public init(_ values: [String: [String]]) {
        for (name, values) in values { for value in values { add(name, value) } }
    }

    /// The first value of an argument, empty for one without a value; nil if there is none. Setting it replaces all
    /// values, and nil removes them.
    public subscript(name: String) -> String? {
        get { named.first(name).map { $0.value?.text ?? "" } }
        set {
            if let newValue { named.replace(name, LuaString(newValue)) } else { named.remove(name) }
        }
    }

    /// All values of an argument, in order; empty where it has no "=".
    public func values(_ name: String) -> [String] { named.all(name).map { $0.value?.text ?? "" } }

    /// All values of an argument, in order, whatever bytes they are made of.
    public func bytes(_ name: String) -> [[UInt8]] { named.all(name).map { $0.value?.bytes ?? [] } }

    /// Whether there is such an argument, with a value or without.
    public func contains(_ name: String) -> Bool { named.first(name) != nil }

    /// Each name once.
    public var names: [String] { named.groups.map(\.name.text) }

    /// Adds a value to those that the argument has; nil for an argument without "=".
    public mutating func add(_ name: String, _ value: String?) { named.append(LuaString(name), value.map { LuaString($0) }) }

    /// Adds an argument of any bytes.
    public mutating func add(_ name: [UInt8], _ value: [UInt8]?) {
        named.append(LuaString(name), value.map { LuaString($0) })
    }

    /// Removes an argument with all its values.
    public mutating func remove(_ name: String) { named.remove(name) }

    /// Gives an argument another name: its values go with it, whatever bytes they are made of, in place of those that the
    /// other had. False: there is no such argument, and nothing changes.
    @discardableResult
    public mutating func rename(_ name: String, to newName: String) -> Bool { named.rename(name, to: newName) }
}

/// A name may come several times: it then has several values.
extension Query: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral arguments: (String, String)...) {
        for (name, value) in arguments { add(name, value) }
    }
}

/// One element for each value.
extension Query: RandomAccessCollection {
    /// An argument's name with one of its values.
    public struct Argument: Sendable, Hashable {
        private let entry: NamedValues.Entry

        init(_ entry: NamedValues.Entry) { self.entry = entry }

        /// The name.
        public var name: String { entry.name.text }
        /// The name's bytes.
        public var nameBytes: [UInt8] { entry.name.bytes }
        /// Nil: it has no "=".
        public var value: String? { entry.value?.text }
        /// The value's bytes; nil: it has no "=".
        public var valueBytes: [UInt8]? { entry.value?.bytes }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { named.entries.count }
    public subscript(index: Int) -> Argument { Argument(named.entries[index]) }
}

extension Query: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result { named.lend(body) }
}
