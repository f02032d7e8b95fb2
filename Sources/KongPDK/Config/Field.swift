/// Says more about a property of a `PluginConfig` than its type does: what Kong is to refuse, and how it is to treat it.
///
/// ```swift
/// struct Config: PluginConfig {
///     @Field(.between(1...65535), .description("The upstream's port.")) var port = 8080
///     @Field(.encrypted, .referenceable) var apiKey: String? = nil
///     @Field(.required, .url) var endpoint = ""
///     @Field(.lenMax(10), .elements(.uuid)) var ids: [String] = []
/// }
/// ```
///
/// The property stays what it was: it has its type, its default, its place in the memberwise initializer, and is coded as
/// its value alone. The constraints are typed by the property, so that `.uuid` on an `Int` does not compile; those of
/// an optional are those of what it holds. `FieldConstraint` has all of them.
///
/// `$port` stands for the field in the checks of several fields, see `ConfigCheck`. For that alone, `@Field` will do.
///
/// An optional property is nil without `= nil` too, if there are constraints; with it, the memberwise initializer takes a
/// plain value for it.
@propertyWrapper
public struct Field<Content: Codable & Sendable>: Sendable {
    /// The property's value.
    public var wrappedValue: Content
    /// What stands in the attribute; nil for a field that was decoded, since nobody asks that one.
    let spec: FieldSpec?

    /// The field itself, `$port` for `port`: what checks name.
    public var projectedValue: Field<Content> { self }

    /// A property with a default, and what else Kong is to know of it.
    public init(wrappedValue: Content, _ constraints: FieldConstraint<Content>...) {
        self.wrappedValue = wrappedValue
        spec = FieldSpec(constraints.flatMap(\.parts))
    }

    /// An optional property with a default, and what else Kong is to know of it.
    public init<Wrapped>(
        wrappedValue: Content, _ constraints: FieldConstraint<Wrapped>...
    ) where Content == Wrapped? {
        self.wrappedValue = wrappedValue
        spec = FieldSpec(constraints.flatMap(\.parts))
    }

    /// An optional property that is nil unless it is set.
    public init<Wrapped>(_ constraints: FieldConstraint<Wrapped>...) where Content == Wrapped? {
        wrappedValue = nil
        spec = FieldSpec(constraints.flatMap(\.parts))
    }

    init(decoded content: Content) {
        wrappedValue = content
        spec = nil
    }
}

/// The constraints of one field. A class, so that a field can be found again by the identity of its constraints: that is
/// how a check's `\.$port` becomes a name.
final class FieldSpec: Sendable {
    let parts: [ConstraintPart]

    init(_ parts: [ConstraintPart]) { self.parts = parts }
}

// MARK: - As if it were not there

extension Field: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(decoded: try decoder.singleValueContainer().decode(Content.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

extension KeyedDecodingContainer {
    /// What the synthesized decoding calls for an optional property with `@Field`: a missing one is nil, as without it.
    public func decode<Wrapped>(_ type: Field<Wrapped?>.Type, forKey key: Key) throws -> Field<Wrapped?> {
        try decodeIfPresent(type, forKey: key) ?? Field(decoded: nil)
    }
}

extension Field: Equatable where Content: Equatable {
    public static func == (one: Self, two: Self) -> Bool { one.wrappedValue == two.wrappedValue }
}

extension Field: Hashable where Content: Hashable {
    public func hash(into hasher: inout Hasher) { wrappedValue.hash(into: &hasher) }
}

extension Field: CustomDebugStringConvertible {
    public var debugDescription: String { String(reflecting: wrappedValue) }
}

// MARK: - Among the types of a configuration

/// A field of any type.
protocol ConfigField {
    var spec: FieldSpec? { get }
    var content: any Encodable { get }
    /// Writes the field down, and makes one to go on with.
    static func find(
        in record: ConfigProbeRecord, _ key: some CodingKey, isOptional: Bool
    ) throws(SchemaError) -> Result<any ConfigField, ConfigRefusal>
}

extension Field: ConfigField {
    var content: any Encodable { wrappedValue }

    static func find(
        in record: ConfigProbeRecord, _ key: some CodingKey, isOptional: Bool
    ) throws(SchemaError) -> Result<any ConfigField, ConfigRefusal> {
        if let optional = Content.self as? any ConfigOptional.Type, let wrapped = optional.wrapped as? any Decodable.Type,
            let none = optional.none as? Content
        {
            try note(wrapped, in: record, key)
            return .success(Field(decoded: none))
        }
        return try record.decode(Content.self, key, isOptional: isOptional, isField: true).map { Field(decoded: $0) }
    }

    private static func note<Wrapped: Decodable>(
        _ type: Wrapped.Type, in record: ConfigProbeRecord, _ key: some CodingKey
    ) throws(SchemaError) {
        _ = try record.decode(type, key, isOptional: true, isField: true)
    }
}
