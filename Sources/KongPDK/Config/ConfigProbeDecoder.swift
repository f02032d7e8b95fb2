/// What one type asked its decoder for. A class, since the type's containers all write into it.
final class ConfigProbeRecord {
    enum Asked {
        case nothing
        case single(ConfigShape)
        case fields([ConfigShape.Field])
    }

    let probe: ConfigProbe
    let example: Value?
    let defaults: Value?
    private(set) var asked = Asked.nothing
    /// The keys behind the fields, to tell a property that is read twice from two that have one name in Kong.
    private var keys: [String: String] = [:]
    /// Keys that the type asked for before it decoded them, so that it can do without.
    private var optionalKeys: Set<String> = []

    init(probe: ConfigProbe, example: Value?, defaults: Value?) {
        self.probe = probe
        self.example = example
        self.defaults = defaults
    }

    func beginFields() throws(SchemaError) {
        switch asked {
        case .nothing: asked = .fields([])
        case .fields: break
        case .single: throw probe.error("the type decodes itself in more than one way")
        }
    }

    func single(_ shape: ConfigShape) throws(SchemaError) {
        switch asked {
        case .nothing: asked = .single(shape)
        case .single(shape): break
        case .single, .fields: throw probe.error("the type decodes itself in more than one way")
        }
    }

    func note(optional key: some CodingKey) { optionalKeys.insert(key.fieldName) }

    /// Writes a field down, and decodes a value for it.
    func decode<T: Decodable>(
        _ type: T.Type, _ key: some CodingKey, isOptional: Bool
    ) throws(SchemaError) -> Result<T, ConfigRefusal> {
        let name = key.fieldName
        let inner = probe.inside(".\(name)")
        var defaultValue = defaults?[name]
        if defaultValue == nil, !isOptional, let config = type as? any PluginConfig.Type {
            defaultValue = try ConfigEncoder.encode(config.init(), at: inner.path)
        }
        let finding = try inner.find(type, example: example?[name] ?? defaultValue, defaults: defaultValue)

        let whenMissing: ConfigShape.WhenMissing
        if let defaultValue {
            whenMissing = .value(try Self.fit(defaultValue, to: finding.shape, at: inner.path))
        } else {
            whenMissing = isOptional || optionalKeys.contains(name) ? .nil : .error
        }
        try append(
            ConfigShape.Field(name: name, shape: finding.shape, whenMissing: whenMissing), key.stringValue, inner)
        return finding.value
    }

    private static func fit(_ value: Value, to shape: ConfigShape, at path: String) throws(SchemaError) -> Value {
        let fitted: Value
        do {
            fitted = try shape.fit(value, at: path)
        } catch {
            throw SchemaError(
                path: error.path, reason: "the default is \(error.found), but what is decoded is \(error.expected)")
        }
        try fitted.checkNumbers(at: path)
        return fitted
    }

    private func append(_ field: ConfigShape.Field, _ key: String, _ inner: ConfigProbe) throws(SchemaError) {
        guard case .fields(var fields) = asked else { return }
        if let other = keys[field.name] {
            guard other == key else {
                throw inner.error("both \(other) and \(key) would be \(field.name) in Kong")
            }
            guard fields.contains(where: { $0.name == field.name && $0.shape == field.shape }) else {
                throw inner.error("the property is decoded as more than one type")
            }
            return
        }
        keys[field.name] = key
        fields.append(field)
        asked = .fields(fields)
    }
}

/// The decoder that a probed type decodes itself from.
struct ConfigProbeDecoder: Decoder {
    let record: ConfigProbeRecord
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try record.beginFields()
        return KeyedDecodingContainer(Keyed(record: record))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw record.probe.error(
            "the type decodes itself from a list; of those, Kong's schema has only arrays and sets")
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(record: record) }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let record: ConfigProbeRecord
        let codingPath: [any CodingKey] = []

        /// Only a type that does not know its fields asks for them; the synthesized decoding of an enum with payloads
        /// does too. There is no way to throw here, but no key suits such a type either.
        var allKeys: [Key] { [] }

        func contains(_ key: Key) -> Bool {
            record.note(optional: key)
            return true
        }

        func decodeNil(forKey key: Key) -> Bool {
            record.note(optional: key)
            return false
        }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            // A hand-written `decode(Int?.self, …)`.
            if let optional = type as? any ConfigOptional.Type, let wrapped = optional.wrapped as? any Decodable.Type {
                try note(wrapped, key)
                if let none = optional.none as? T { return none }
            }
            switch try record.decode(type, key, isOptional: false) {
            case .success(let value):
                return value
            case .failure(let refusal):
                throw record.probe.inside(".\(key.fieldName)").error(
                    "\(type) does not take the sample that it is tried with (\(refusal.message)); "
                        + "give the property a default, or the struct around it an init() and PluginConfig")
            }
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            // Refused samples don't matter: there is nil.
            if case .success(let value) = try record.decode(type, key, isOptional: true) { value } else { nil }
        }

        private func note<T: Decodable>(_ type: T.Type, _ key: Key) throws {
            _ = try record.decode(type, key, isOptional: true)
        }

        private var unsupported: SchemaError {
            record.probe.error("the type decodes itself in a way that Kong's schema has no counterpart for")
        }

        func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) throws -> KeyedDecodingContainer<K> {
            throw unsupported
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw unsupported }
        func superDecoder() throws -> any Decoder { throw unsupported }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw unsupported }
    }

    private struct Single: SingleValueDecodingContainer {
        let record: ConfigProbeRecord
        let codingPath: [any CodingKey] = []

        func decodeNil() -> Bool { false }

        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            let finding = try record.probe.find(type, example: record.example, defaults: record.defaults)
            try record.single(finding.shape)
            return try finding.value.get()
        }
    }
}
