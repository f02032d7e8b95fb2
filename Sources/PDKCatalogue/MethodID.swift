/// Names a PDK method of the catalogue in one word: its place in `PDKCatalogue.all`, counted from 1.
///
/// It is the `kong_method` of the plugin ABI, which a plugin looks up once and then passes with each call.
public struct MethodID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No method.
    public static let none = MethodID(rawValue: 0)
}
