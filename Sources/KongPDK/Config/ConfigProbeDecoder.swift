/// What one type asked its decoder for. A class, since the type's containers all write into it.
final class ConfigProbeRecord {
    enum Asked {
        case nothing
        case single(ConfigShape)
        case fields([ConfigShape.Field])
    }

    let probe: ConfigProbe
    let example: ConfigSample?
    let defaults: ConfigSample?
    private(set) var asked = Asked.nothing
    /// The keys behind the fields, to tell a property that is read twice from two that have one name in Kong.
    private var keys: [String: String] = [:]
    /// Keys that the type asked for before it decoded them, so that it can do without.
    private var optionalKeys: Set<String> = []

    init(probe: ConfigProbe, example: ConfigSample?, defaults: ConfigSample?) {
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

    /// Writes a field down, and decodes a value for it. `isField` says that the property has `@Field`.
    func decode<T: Decodable>(
        _ type: T.Type, _ key: some CodingKey, isOptional: Bool, isField: Bool = false
    ) throws(SchemaError) -> Result<T, ConfigRefusal> {
        if let field = type as? any ConfigField.Type {
            return try field.find(in: self, key, isOptional: isOptional).flatMap { field in
                (field as? T).map(Result.success) ?? .failure(ConfigRefusal(message: "there is no sample"))
            }
        }
        let name = key.fieldName
        let inner = probe.inside(".\(name)")
        let constraints = try constraints(of: key, inner, isOptional: isOptional, isField: isField)
        var defaults = defaults?[name]?.ifSet
        if defaults == nil, !isOptional, let config = type as? any PluginConfig.Type {
            defaults = try ConfigSample(encoding: config.init(), at: inner.path)
        }
        let finding = try inner.find(type, example: example?[name]?.ifSet ?? defaults, defaults: defaults)
        try constraints.check(on: finding.shape, at: inner.path)
        guard !constraints.isAuto || finding.shape.kongType == "string" || ["created_at", "updated_at"].contains(name) else {
            throw inner.error("Kong makes up numbers only for created_at and updated_at")
        }

        let whenMissing: ConfigShape.WhenMissing
        if constraints.isRequired || (defaults != nil && finding.shape.hasRequiredField) {
            whenMissing = .error
        } else if let defaults {
            let value = try Self.fit(defaults.value, to: finding.shape, at: inner.path)
            if !constraints.isAuto {
                try constraints.check(
                    default: finding.shape.withoutAutomatic(value), of: finding.shape, at: inner.path)
            }
            whenMissing = .value(value)
        } else {
            whenMissing = isOptional || optionalKeys.contains(name) ? .nil : .error
        }
        guard whenMissing != .nil || constraints.attributes["eq"] == nil else {
            throw inner.error("Kong refuses null where eq is set: make the property required, or give it that value")
        }
        let field = ConfigShape.Field(
            name: name, shape: finding.shape, constraints: constraints, whenMissing: whenMissing)
        try append(field, key.stringValue, inner)
        return finding.value
    }

    /// What `@Field` says of the property, which only an instance knows.
    private func constraints(
        of key: some CodingKey, _ inner: ConfigProbe, isOptional: Bool, isField: Bool
    ) throws(SchemaError) -> ConfigConstraints {
        guard let spec = defaults?[key.fieldName]?.spec ?? example?[key.fieldName]?.spec else {
            guard !isField else {
                throw inner.error(
                    "nobody knows what @Field says of \(key.stringValue): make the struct around it a PluginConfig, which has an "
                        + "init()")
            }
            return .none
        }
        let constraints = try ConfigConstraints(spec.parts, at: inner.path)
        guard !constraints.isRequired || !isOptional else {
            throw inner.error("the property is required, and an optional: take the ? away, or required")
        }
        return constraints
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
