/// Finds the shape of a type by having it decode itself from a decoder that writes down what is asked for.
///
/// A type must be given real values for that, and some are choosy (an enum, a type that checks its string). Hence the
/// examples: the default of the property, where there is one, which the type has made itself.
struct ConfigProbe {
    /// A record in a record is three levels further down in the schema, so that this stays within what a `kong_value`
    /// can be (`Value.depthLimit`).
    private static let depthLimit = 16

    let path: String
    /// The types around this place, to notice one that contains itself.
    private let enclosing: [ObjectIdentifier]

    init(path: String) {
        self.init(path: path, enclosing: [])
    }

    private init(path: String, enclosing: [ObjectIdentifier]) {
        self.path = path
        self.enclosing = enclosing
    }

    /// The same, one step further down: `.name`, `[]` or `{}`.
    func inside(_ step: String) -> ConfigProbe {
        ConfigProbe(path: path + step, enclosing: enclosing)
    }

    func error(_ reason: String) -> SchemaError { SchemaError(path: path, reason: reason) }

    /// The shape of a type, and a value of it if it takes the example or a sample.
    struct Finding<T> {
        let shape: ConfigShape
        let value: Result<T, ConfigRefusal>
    }

    /// The shape of what an array, a set or a dictionary holds.
    func element<T: Decodable>(_ type: T.Type, example: ConfigSample?) throws(SchemaError) -> ConfigShape {
        guard !(type is any ConfigOptional.Type) else {
            throw error("\(type) is optional, but Kong has no null in arrays, sets and maps")
        }
        return try find(type, example: example, defaults: nil).shape
    }

    /// `example` is a value that the type takes, `defaults` are those of its properties; both are missing where the
    /// type is an element, or optional and nil, unless it says itself what they are.
    func find<T: Decodable>(_ type: T.Type, example: ConfigSample?, defaults: ConfigSample?) throws(SchemaError) -> Finding<T> {
        if let scalar = type as? any ConfigScalar.Type {
            let value = example.flatMap { scalar.init(fitted: $0.value) as? T } ?? (scalar.sample as? T)
            return Finding(shape: scalar.shape, value: result(value))
        }
        guard !(type is any ConfigField.Type) else {
            throw error("@Field is for the properties of a struct, not for what they hold")
        }
        guard !enclosing.contains(ObjectIdentifier(type)) else {
            throw error("\(type) contains itself, and a schema of Kong cannot")
        }
        guard enclosing.count < Self.depthLimit else {
            throw error("\(type) is nested more than \(Self.depthLimit) levels deep")
        }
        let probe = ConfigProbe(path: path, enclosing: enclosing + [ObjectIdentifier(type)])
        if let collection = type as? any ConfigCollection.Type {
            return Finding(shape: try collection.shape(probe, example: example), value: result(collection.empty as? T))
        }
        if let cases = type as? any (CaseIterable & Encodable).Type {
            return try probe.find(cases: cases, as: type, example: example)
        }
        return try probe.decode(type, example: example, defaults: defaults)
    }

    private func result<T>(_ value: T?) -> Result<T, ConfigRefusal> {
        value.map(Result.success) ?? .failure(ConfigRefusal(message: "there is no sample"))
    }

    private func find<T>(
        cases type: any (CaseIterable & Encodable).Type, as _: T.Type, example: ConfigSample?
    ) throws(SchemaError) -> Finding<T> {
        let cases = try ConfigCases(type, at: path)
        return Finding(shape: .oneOf(cases.values), value: result(cases.instance(of: example?.value) as? T))
    }

    private func decode<T: Decodable>(
        _ type: T.Type, example: ConfigSample?, defaults: ConfigSample?
    ) throws(SchemaError) -> Finding<T> {
        var defaults = defaults
        if defaults == nil, let config = type as? any PluginConfig.Type {
            defaults = try ConfigSample(encoding: config.init(), at: path)
        }
        let record = ConfigProbeRecord(probe: self, example: example ?? defaults, defaults: defaults)
        let value: Result<T, ConfigRefusal>
        do {
            value = .success(try T(from: ConfigProbeDecoder(record: record)))
        } catch let error as SchemaError {
            throw error
        } catch {
            value = .failure(ConfigRefusal(error))
        }
        try demandCases(type, value)
        switch (record.asked, value) {
        case (.single(let shape), _): return Finding(shape: shape, value: value)
        // A struct without properties asks for nothing.
        case (.nothing, .success):
            return Finding(shape: .record([], checks: try checks(of: type, [])), value: value)
        case (.fields(let fields), .success):
            return Finding(shape: .record(fields, checks: try checks(of: type, fields)), value: value)
        case (_, .failure(let refusal)):
            throw inside(refusal.subpath).error(
                "\(type) could not be decoded to see what it consists of: \(refusal.message)")
        }
    }

    private func checks(of type: Any.Type, _ fields: [ConfigShape.Field]) throws(SchemaError) -> [Value] {
        guard let config = type as? any PluginConfig.Type else { return [] }
        return try ConfigCheckScope.checks(of: config, fields, at: path)
    }

    /// An enum must be CaseIterable: without its cases Kong would let every string through.
    private func demandCases<T>(_ type: T.Type, _ value: Result<T, ConfigRefusal>) throws(SchemaError) {
        guard type is any RawRepresentable.Type else { return }
        switch value {
        case .success(let value):
            guard Mirror(reflecting: value).displayStyle == .enum else { return }
            throw error("the enum \(type) must be CaseIterable, so that Kong can be told its values")
        case .failure(let refusal):
            throw error(
                "\(type) does not take the sample that it is tried with (\(refusal.message)); "
                    + "if it is an enum, make it CaseIterable")
        }
    }
}

/// The cases of an enum, as Kong sees them.
private struct ConfigCases {
    let values: [Value]
    private let instances: [Any]

    init<T: CaseIterable & Encodable>(_ type: T.Type, at path: String) throws(SchemaError) {
        var values: [Value] = []
        for instance in type.allCases {
            let value = try ConfigSample(encoding: instance, at: path).value
            try value.checkNumbers(at: path)
            values.append(value)
        }
        self.values = values
        instances = Array(type.allCases)
        guard !values.isEmpty else { throw SchemaError(path: path, reason: "\(type) has no cases") }
        let areStrings = values.allSatisfy { if case .string = $0 { true } else { false } }
        let areIntegers = values.allSatisfy { if case .integer = $0 { true } else { false } }
        guard areStrings || areIntegers else {
            throw SchemaError(path: path, reason: "\(type) needs raw values that are strings or integers")
        }
    }

    /// The case with that value, or else the first.
    func instance(of value: Value?) -> Any? {
        let index = value.flatMap { value in values.firstIndex(of: value) }
        return instances[index ?? 0]
    }
}
