extension ConfigShape {
    /// A value of exactly this shape: with integers where integers belong and numbers where numbers do, with the
    /// default of each field that is missing or null, and without the fields that the shape does not have.
    ///
    /// Kong's own entries in a configuration (`__seq__`, `__key__`, `service_id`…) are such fields.
    func fit(_ value: Value, at path: String) throws(ConfigError) -> Value {
        switch (self, value) {
        case (.boolean, .boolean):
            return value
        case (.integer(let range), _):
            if let integer = value.integerValue, range.contains(integer) { return .integer(integer) }
        case (.number, _):
            if let number = value.numberValue { return .number(number) }
        case (.string, _):
            if let text = value.stringValue { return .string(text) }
        case (.oneOf(let values), _):
            let candidates: [Value] = [value.stringValue.map(Value.string), value.integerValue.map(Value.integer)]
                .compactMap { $0 }
            if let match = candidates.first(where: values.contains) { return match }
        case (.array(let element), _), (.set(let element), _):
            if let items = element == UInt8.shape ? value.itemsOrBytes : value.arrayValue {
                return try .array(Self.fit(items, to: element, at: path))
            }
        case (.map(let keys, let values), _):
            if let entries = value.mapValue { return try .map(Self.fit(entries, to: keys, values, at: path)) }
        case (.record(let fields, _), _):
            if let entries = value.mapValue { return try .map(Self.fit(entries, to: fields, at: path)) }
        default:
            break
        }
        throw ConfigError(path: path, expected: phrase, found: value.phrase)
    }

    private static func fit(
        _ items: [Value], to element: ConfigShape, at path: String
    ) throws(ConfigError) -> [Value] {
        var result: [Value] = []
        result.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            try result.append(element.fit(item, at: "\(path)[\(index)]"))
        }
        return result
    }

    private static func fit(
        _ entries: [String: Value], to keys: ConfigShape, _ values: ConfigShape, at path: String
    ) throws(ConfigError) -> [String: Value] {
        var result: [String: Value] = [:]
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
            let path = "\(path)[\(key.debugDescription)]"
            _ = try keys.fit(.string(key), at: path)
            result[key] = try values.fit(value, at: path)
        }
        return result
    }

    private static func fit(
        _ entries: [String: Value], to fields: [Field], at path: String
    ) throws(ConfigError) -> [String: Value] {
        var result: [String: Value] = [:]
        for field in fields {
            let path = "\(path).\(field.name)"
            if let given = entries[field.name], !given.isNil {
                result[field.name] = try field.shape.fit(given, at: path)
                continue
            }
            switch field.whenMissing {
            case .error: throw ConfigError(path: path, expected: field.shape.phrase, found: "nothing")
            case .nil: break
            case .value(let value): result[field.name] = value
            }
        }
        return result
    }
}

extension Value {
    /// The items of an array; or a string as an array of its bytes, for `[UInt8]`.
    fileprivate var itemsOrBytes: [Value]? {
        arrayValue ?? bytesValue?.map { .integer(Int64($0)) }
    }
}

extension Value {
    /// Throws for what Kong could not give back: a number that is not finite, or an integer that Lua skips.
    func checkNumbers(at path: String, of name: String = "the default") throws(SchemaError) {
        switch self {
        case .number(let number) where !number.isFinite:
            throw SchemaError(path: path, reason: "\(name) \(number) is not a number that JSON has")
        case .integer(let integer) where integer.magnitude > ConfigShape.largestExactInteger.magnitude:
            throw SchemaError(
                path: path,
                reason: "\(name) \(integer) is beyond 2^53, where the numbers of Kong's Lua skip integers")
        case .array(let items):
            for item in items { try item.checkNumbers(at: "\(path)[]", of: name) }
        case .map(let entries):
            for entry in entries { try entry.value.checkNumbers(at: "\(path){}", of: name) }
        default:
            break
        }
    }
}
