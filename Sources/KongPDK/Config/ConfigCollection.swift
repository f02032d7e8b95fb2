/// The collections of the standard library, found by their type: a Decoder is only told that somebody wants an unkeyed
/// or a keyed container, which is the same for an array and a set, for a dictionary and a struct.
protocol ConfigCollection {
    static var empty: Self { get }
    static func shape(
        _ probe: ConfigProbe, example: ConfigSample?
    ) throws(SchemaError) -> ConfigShape
}

extension Array: ConfigCollection where Element: Decodable {
    static var empty: [Element] { [] }

    static func shape(_ probe: ConfigProbe, example: ConfigSample?) throws(SchemaError) -> ConfigShape {
        .array(try probe.inside("[]").element(Element.self, example: example?.anyElement))
    }
}

extension Set: ConfigCollection where Element: Decodable {
    static var empty: Set<Element> { [] }

    static func shape(_ probe: ConfigProbe, example: ConfigSample?) throws(SchemaError) -> ConfigShape {
        .set(try probe.inside("[]").element(Element.self, example: example?.anyElement))
    }
}

extension Dictionary: ConfigCollection where Key: Decodable, Value: Decodable {
    static var empty: [Key: Value] { [:] }

    static func shape(_ probe: ConfigProbe, example: ConfigSample?) throws(SchemaError) -> ConfigShape {
        let values = try probe.inside("{}").element(Value.self, example: example?.anyElement)
        return .map(keys: try keyShape(probe), values: values)
    }

    /// Only a String, or an enum that a dictionary writes as a string, makes a key of a Lua table that JSON can carry.
    private static func keyShape(_ probe: ConfigProbe) throws(SchemaError) -> ConfigShape {
        if Key.self == String.self { return .string }
        if Key.self is any CodingKeyRepresentable.Type, Key.self is any CaseIterable.Type {
            let shape = try probe.element(Key.self, example: nil)
            if case .oneOf(let values) = shape, values.allSatisfy({ $0.stringValue != nil }) { return shape }
        }
        throw SchemaError(
            path: probe.path,
            reason: "the keys of a dictionary are Strings in Kong, or an enum of Strings that is CaseIterable and "
                + "CodingKeyRepresentable; not \(Key.self)")
    }
}

/// A dictionary of any kind: its keys are data, not names of fields.
protocol ConfigMap {}
extension Dictionary: ConfigMap {}

/// A set of any kind: its order is nobody's.
protocol ConfigSet {}
extension Set: ConfigSet {}

protocol ConfigOptional {
    static var wrapped: Any.Type { get }
    static var none: Self { get }
}

extension Optional: ConfigOptional {
    static var wrapped: Any.Type { Wrapped.self }
}
