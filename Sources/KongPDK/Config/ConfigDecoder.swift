/// Decodes a value that has been fitted to its shape (`ConfigShape.fit`): types are right and defaults are in place, so
/// that what can still fail is what the plugin's own types refuse.
struct ConfigDecoder: Decoder {
    private let value: Value
    private let path: String
    /// Whether the keys are those of a dictionary, which are no names.
    private let keysAreData: Bool

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    static func decode<T: Decodable>(_ type: T.Type, from value: Value, at path: String) throws(ConfigError) -> T {
        if let scalar = type as? any ConfigScalar.Type {
            if let result = scalar.init(fitted: value) as? T { return result }
            throw ConfigError(path: path, expected: scalar.shape.phrase, found: value.phrase)
        }
        do {
            return try T(from: ConfigDecoder(value: value, path: path, keysAreData: type is any ConfigMap.Type))
        } catch let error as ConfigError {
            throw error
        } catch {
            let refusal = ConfigRefusal(error)
            throw ConfigError(
                path: path + refusal.subpath, expected: "a value that \(type) accepts", found: value.phrase,
                detail: refusal.message)
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let entries = value.mapValue else { throw mismatch("a map") }
        return KeyedDecodingContainer(Keyed(entries: entries, path: path, keysAreData: keysAreData))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let items = value.arrayValue else { throw mismatch("an array") }
        return Unkeyed(items: items, path: path)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        Single(value: value, path: path)
    }

    private func mismatch(_ expected: String) -> ConfigError {
        ConfigError(path: path, expected: expected, found: value.phrase)
    }
}

extension ConfigDecoder {
    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let entries: [String: Value]
        let path: String
        let keysAreData: Bool
        let codingPath: [any CodingKey] = []

        /// The keys of a dictionary. Those of a record cannot be told from its fields' names, and no type whose schema
        /// could be derived asks for them.
        var allKeys: [Key] { entries.keys.sorted().compactMap { Key(stringValue: $0) } }

        private func value(_ key: Key) -> Value { entries[keysAreData ? key.stringValue : key.fieldName] ?? .nil }

        private func path(_ key: Key) -> String {
            keysAreData ? "\(path)[\(key.stringValue.debugDescription)]" : "\(path).\(key.fieldName)"
        }

        func contains(_ key: Key) -> Bool { !value(key).isNil }
        func decodeNil(forKey key: Key) -> Bool { value(key).isNil }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try ConfigDecoder.decode(type, from: value(key), at: path(key))
        }

        private func nested(_ key: Key) -> ConfigDecoder {
            ConfigDecoder(value: value(key), path: path(key), keysAreData: false)
        }

        func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) throws -> KeyedDecodingContainer<K> {
            try nested(key).container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try nested(key).unkeyedContainer()
        }

        func superDecoder() -> any Decoder {
            ConfigDecoder(value: entries["super"] ?? .nil, path: "\(path).super", keysAreData: false)
        }

        func superDecoder(forKey key: Key) -> any Decoder { nested(key) }
    }

    private struct Unkeyed: UnkeyedDecodingContainer {
        let items: [Value]
        let path: String
        let codingPath: [any CodingKey] = []
        private(set) var currentIndex = 0

        init(items: [Value], path: String) {
            self.items = items
            self.path = path
        }

        var count: Int? { items.count }
        var isAtEnd: Bool { currentIndex >= items.count }

        private var itemPath: String { "\(path)[\(currentIndex)]" }

        private mutating func next(_ expected: String) throws(ConfigError) -> Value {
            guard !isAtEnd else { throw ConfigError(path: itemPath, expected: expected, found: "the end of the array") }
            defer { currentIndex += 1 }
            return items[currentIndex]
        }

        mutating func decodeNil() -> Bool {
            guard !isAtEnd, items[currentIndex].isNil else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            let path = itemPath
            return try ConfigDecoder.decode(type, from: next("another item"), at: path)
        }

        private mutating func nested() throws(ConfigError) -> ConfigDecoder {
            let path = itemPath
            return ConfigDecoder(value: try next("another item"), path: path, keysAreData: false)
        }

        mutating func nestedContainer<K: CodingKey>(keyedBy type: K.Type) throws -> KeyedDecodingContainer<K> {
            try nested().container(keyedBy: type)
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try nested().unkeyedContainer()
        }
        mutating func superDecoder() throws -> any Decoder { try nested() }
    }

    private struct Single: SingleValueDecodingContainer {
        let value: Value
        let path: String
        let codingPath: [any CodingKey] = []

        func decodeNil() -> Bool { value.isNil }

        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try ConfigDecoder.decode(type, from: value, at: path)
        }
    }
}
