import CKongPlugin

/// The phases that a plugin has a handler for: the `phases` of `kong_plugin`.
public struct Phases: OptionSet, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ phase: Int) { rawValue = 1 << phase }

    public static let certificate = Phases(KONG_CERTIFICATE)
    public static let rewrite = Phases(KONG_REWRITE)
    public static let access = Phases(KONG_ACCESS)
    public static let response = Phases(KONG_RESPONSE)
    public static let preread = Phases(KONG_PREREAD)
    public static let log = Phases(KONG_LOG)

    /// All that this host knows.
    public static let all: Phases = [.certificate, .rewrite, .access, .response, .preread, .log]

    /// Kong's names, in the order in which a request passes them.
    public var names: [String] {
        let named: [(Phases, String)] = [
            (.certificate, "certificate"), (.rewrite, "rewrite"), (.access, "access"), (.response, "response"),
            (.preread, "preread"), (.log, "log"),
        ]
        return named.filter { contains($0.0) }.map(\.1)
    }

    public var description: String { names.joined(separator: ", ") }
}
