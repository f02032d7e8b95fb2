/// Encodes the defaults of a configuration, `Config()`, with Kong's names, and takes down what `@Field` says of them.
///
/// A struct becomes a map of its fields; a set becomes an array in a fixed order.
struct ConfigEncoder: Encoder {
    private let slot: Slot
    private let path: String
    /// Whether the keys are those of a dictionary, which are no names.
    private let keysAreData: Bool
    private let depth: Int

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    static func encode(_ value: some Encodable, at path: String) throws(SchemaError) -> ConfigSample {
        let slot = Slot()
        try encode(value, into: slot, path, depth: 1)
        return slot.sample
    }

    private static func encode(
        _ value: some Encodable, into slot: Slot, _ path: String, depth: Int
    ) throws(SchemaError) {
        if let scalar = value as? any ConfigScalar {
            slot.content = .value(scalar.configValue)
            return
        }
        if let field = value as? any ConfigField {
            slot.spec = field.spec
            try encode(field.content, into: slot, path, depth: depth)
            return
        }
        guard depth <= Value.depthLimit else {
            throw SchemaError(path: path, reason: "the default is nested more than \(Value.depthLimit) levels deep")
        }
        do {
            try value.encode(
                to: ConfigEncoder(slot: slot, path: path, keysAreData: value is any ConfigMap, depth: depth))
        } catch let error as SchemaError {
            throw error
        } catch {
            let refusal = ConfigRefusal(error)
            throw SchemaError(
                path: path + refusal.subpath, reason: "the default cannot be encoded: \(refusal.message)")
        }
        if value is any ConfigSet { slot.sort() }
        try demandFields(of: value, in: slot, path)
    }

    /// A type that encodes itself can miss a property, or encode it without what `@Field` says of it.
    private static func demandFields(of value: some Encodable, in slot: Slot, _ path: String) throws(SchemaError) {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .struct || mirror.displayStyle == .class else { return }
        for case (let label?, let field as any ConfigField) in mirror.children {
            guard let spec = field.spec, !slot.has(spec) else { continue }
            throw SchemaError(
                path: path,
                reason: "what @Field says of \(label.drop { $0 == "_" }) is lost, since the type's encode(to:) does not encode "
                    + "\(label)")
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.beginMap()
        return KeyedEncodingContainer(Keyed(slot: slot, path: path, keysAreData: keysAreData, depth: depth))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.beginArray()
        return Unkeyed(slot: slot, path: path, depth: depth)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        Single(slot: slot, path: path, depth: depth)
    }

    /// Where a value goes that is being encoded. A class, since containers outlive the calls that made them.
    private final class Slot {
        enum Content {
            case nothing
            case value(Value)
            case array([Slot])
            case map([String: Slot])
        }

        var content = Content.nothing
        var spec: FieldSpec?

        /// A struct without properties encodes nothing at all.
        var sample: ConfigSample {
            switch content {
            case .nothing: ConfigSample(.map([:]), spec: spec)
            case .value(let value): ConfigSample(.value(value), spec: spec)
            case .array(let slots): ConfigSample(.array(slots.map(\.sample)), spec: spec)
            case .map(let slots): ConfigSample(.map(slots.mapValues(\.sample)), spec: spec)
            }
        }

        func has(_ spec: FieldSpec) -> Bool {
            guard case .map(let slots) = content else { return false }
            return slots.values.contains { $0.spec === spec }
        }

        func beginMap() {
            if case .map = content { return }
            content = .map([:])
        }

        func beginArray() {
            if case .array = content { return }
            content = .array([])
        }

        func entry(_ name: String) -> Slot {
            let slot = Slot()
            if case .map(var slots) = content {
                slots[name] = slot
                content = .map(slots)
            }
            return slot
        }

        func item() -> Slot {
            let slot = Slot()
            if case .array(let slots) = content { content = .array(slots + [slot]) }
            return slot
        }

        var count: Int {
            if case .array(let slots) = content { slots.count } else { 0 }
        }

        func sort() {
            guard case .array(let slots) = content else { return }
            content = .array(slots.sorted { $0.sample.value.precedes($1.sample.value) })
        }
    }
}

extension ConfigEncoder {
    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let slot: Slot
        let path: String
        let keysAreData: Bool
        let depth: Int
        let codingPath: [any CodingKey] = []

        private func name(_ key: some CodingKey) -> String { keysAreData ? key.stringValue : key.fieldName }
        private func path(_ key: some CodingKey) -> String { keysAreData ? "\(path){}" : "\(path).\(name(key))" }

        func encodeNil(forKey key: Key) { slot.entry(name(key)).content = .value(.nil) }

        func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            try ConfigEncoder.encode(value, into: slot.entry(name(key)), path(key), depth: depth + 1)
        }

        private func nested(_ key: some CodingKey) -> ConfigEncoder {
            ConfigEncoder(slot: slot.entry(name(key)), path: path(key), keysAreData: false, depth: depth + 1)
        }

        func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) -> KeyedEncodingContainer<K> {
            nested(key).container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nested(key).unkeyedContainer() }
        func superEncoder() -> any Encoder { nested(ConfigKey(stringValue: "super")) }
        func superEncoder(forKey key: Key) -> any Encoder { nested(key) }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let slot: Slot
        let path: String
        let depth: Int
        let codingPath: [any CodingKey] = []

        var count: Int { slot.count }

        func encodeNil() { slot.item().content = .value(.nil) }

        func encode<T: Encodable>(_ value: T) throws {
            try ConfigEncoder.encode(value, into: slot.item(), "\(path)[]", depth: depth + 1)
        }

        private func nested() -> ConfigEncoder {
            ConfigEncoder(slot: slot.item(), path: "\(path)[]", keysAreData: false, depth: depth + 1)
        }

        func nestedContainer<K: CodingKey>(keyedBy type: K.Type) -> KeyedEncodingContainer<K> {
            nested().container(keyedBy: type)
        }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
        func superEncoder() -> any Encoder { nested() }
    }

    private struct Single: SingleValueEncodingContainer {
        let slot: Slot
        let path: String
        let depth: Int
        let codingPath: [any CodingKey] = []

        func encodeNil() { slot.content = .value(.nil) }

        func encode<T: Encodable>(_ value: T) throws {
            try ConfigEncoder.encode(value, into: slot, path, depth: depth + 1)
        }
    }
}

extension Value {
    /// An order for the elements of a set: numbers by their size, all else by how it reads.
    fileprivate func precedes(_ other: Value) -> Bool {
        if let number = numberValue, let other = other.numberValue { return number < other }
        return description < other.description
    }
}
