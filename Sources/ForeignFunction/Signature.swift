/// The type of a C function, as a text: the result, and in parentheses the arguments, one letter each. `i(pp)` is
/// `int32_t f(const void *, const void *)`.
public struct Signature: Hashable, Sendable, CustomStringConvertible {
    public enum Letter: UInt8, Sendable {
        case void = 0x76  // v
        case boolean = 0x62  // b
        case int32 = 0x69  // i
        case uint32 = 0x75  // u
        case int64 = 0x6C  // l
        case size = 0x7A  // z
        case double = 0x64  // d
        case pointer = 0x70  // p
    }

    public let result: Letter
    public let arguments: [Letter]

    /// More arguments than this are a mistake.
    public static let argumentLimit = 32

    /// Nil: it is none.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 3, bytes.count <= Self.argumentLimit + 3, bytes[1] == UInt8(ascii: "("),
            bytes.last == UInt8(ascii: ")"), let result = Letter(rawValue: bytes[0])
        else { return nil }
        let letters = bytes[2..<(bytes.count - 1)]
        arguments = letters.compactMap { Letter(rawValue: $0) }
        // Nothing is no argument.
        guard arguments.count == letters.count, !arguments.contains(.void) else { return nil }
        self.result = result
    }

    public var description: String {
        String(decoding: [result.rawValue, UInt8(ascii: "(")] + arguments.map(\.rawValue) + [UInt8(ascii: ")")], as: UTF8.self)
    }
}
