/// A value of a configuration's type, or of a type in it, encoded with Kong's names; and the constraints of its fields.
///
/// What Swift can tell of a type that has no instance is not enough: defaults and constraints are read from one.
struct ConfigSample {
    enum Content {
        case value(Value)
        case array([ConfigSample])
        /// The fields of a struct, also those that are nil; or the entries of a dictionary.
        case map([String: ConfigSample])
    }

    let content: Content
    /// What `@Field` says of the property that this is the value of.
    let spec: FieldSpec?

    init(_ content: Content, spec: FieldSpec?) {
        self.content = content
        self.spec = spec
    }

    init(encoding value: some Encodable, at path: String) throws(SchemaError) {
        self = try ConfigEncoder.encode(value, at: path)
    }

    /// Without the fields that are nil.
    var value: Value {
        switch content {
        case .value(let value): value
        case .array(let items): .array(items.map(\.value))
        case .map(let entries): .map(entries.mapValues(\.value).filter { !$0.value.isNil })
        }
    }

    /// The sample itself, unless it is nil.
    var ifSet: ConfigSample? {
        if case .value(.nil) = content { nil } else { self }
    }

    /// A field, which may be nil.
    subscript(name: String) -> ConfigSample? {
        if case .map(let entries) = content { entries[name] } else { nil }
    }

    /// An item of an array, or the value of an entry of a dictionary.
    var anyElement: ConfigSample? {
        switch content {
        case .value: nil
        case .array(let items): items.first
        case .map(let entries): entries.min { $0.key < $1.key }?.value
        }
    }

    /// Where the fields of this struct are, and of the structs in it: `a.b` is the field b of the struct a. A field that was
    /// copied has more than one name.
    var fieldNames: [ObjectIdentifier: [String]] {
        var names: [ObjectIdentifier: [String]] = [:]
        collectNames(into: &names, prefix: "")
        return names
    }

    private func collectNames(into names: inout [ObjectIdentifier: [String]], prefix: String) {
        guard case .map(let entries) = content else { return }
        for (name, entry) in entries {
            if let spec = entry.spec { names[ObjectIdentifier(spec), default: []].append(prefix + name) }
            entry.collectNames(into: &names, prefix: "\(prefix)\(name).")
        }
    }
}
