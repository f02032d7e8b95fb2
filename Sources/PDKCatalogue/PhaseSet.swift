/// The phases of a request in which something is allowed. Bit n is the `kong_phase` n of the plugin ABI.
public struct PhaseSet: OptionSet, Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let certificate = PhaseSet(rawValue: 1 << 0)
    public static let rewrite = PhaseSet(rawValue: 1 << 1)
    public static let access = PhaseSet(rawValue: 1 << 2)
    public static let response = PhaseSet(rawValue: 1 << 3)
    public static let preread = PhaseSet(rawValue: 1 << 4)
    public static let log = PhaseSet(rawValue: 1 << 5)

    public static let all: PhaseSet = [.certificate, .rewrite, .access, .response, .preread, .log]

    /// By Kong's names, in the order of the bits.
    private static let named: [(PhaseSet, String)] = [
        (.certificate, "certificate"), (.rewrite, "rewrite"), (.access, "access"), (.response, "response"),
        (.preread, "preread"), (.log, "log"),
    ]

    public var description: String { Self.named.filter { contains($0.0) }.map(\.1).joined(separator: ", ") }
}
