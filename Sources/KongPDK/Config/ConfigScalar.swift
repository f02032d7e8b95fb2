/// A type of the standard library that is one of Kong's scalars: what deriving a schema, encoding the defaults and
/// decoding a configuration come down to.
protocol ConfigScalar: Codable {
    static var shape: ConfigShape { get }
    /// Some value, for when there is no better one.
    static var sample: Self { get }
    /// From a value that fits the shape; nil from any other.
    init?(fitted value: Value)
    var configValue: Value { get }
}

extension Bool: ConfigScalar {
    static var shape: ConfigShape { .boolean }
    static var sample: Bool { false }
    var configValue: Value { .boolean(self) }

    init?(fitted value: Value) {
        guard let value = value.booleanValue else { return nil }
        self = value
    }
}

extension String: ConfigScalar {
    static var shape: ConfigShape { .string }
    static var sample: String { "" }
    var configValue: Value { .string(self) }

    init?(fitted value: Value) {
        guard let value = value.stringValue else { return nil }
        self = value
    }
}

extension Double: ConfigScalar {
    static var shape: ConfigShape { .number }
    static var sample: Double { 0 }
    var configValue: Value { .number(self) }

    init?(fitted value: Value) {
        guard let value = value.numberValue else { return nil }
        self = value
    }
}

extension Float: ConfigScalar {
    static var shape: ConfigShape { .number }
    static var sample: Float { 0 }
    /// The shortest number that is this one as a Float, so that a default of 0.1 reads 0.1 in Kong.
    var configValue: Value { .number(Double(description) ?? Double(self)) }

    init?(fitted value: Value) {
        guard let value = value.numberValue else { return nil }
        self.init(value)
    }
}

extension ConfigScalar where Self: FixedWidthInteger {
    /// Integers with the bounds of the type, as far as Lua's numbers are exact; without any for `Int` and `Int64`, as
    /// go-pluginserver has it for Go's `int`.
    static var shape: ConfigShape {
        guard let upper = Int64(exactly: Self.max) else { return .integer(0...ConfigShape.largestExactInteger) }
        return .integer(Int64(clamping: Self.min)...upper)
    }

    static var sample: Self { 0 }
    var configValue: Value { .integer(Int64(clamping: self)) }

    init?(fitted value: Value) {
        guard let value = value.integerValue, let integer = Self(exactly: value) else { return nil }
        self = integer
    }
}

extension Int: ConfigScalar {}
extension Int8: ConfigScalar {}
extension Int16: ConfigScalar {}
extension Int32: ConfigScalar {}
extension Int64: ConfigScalar {}
extension UInt: ConfigScalar {}
extension UInt8: ConfigScalar {}
extension UInt16: ConfigScalar {}
extension UInt32: ConfigScalar {}
extension UInt64: ConfigScalar {}
