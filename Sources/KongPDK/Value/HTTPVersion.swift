/// A version of HTTP: `.http1_1`.
public struct HTTPVersion: Sendable, Hashable, Comparable {
    /// The 1 of 1.0.
    public let major: Int
    /// The 0 of 1.0.
    public let minor: Int

    /// A version, as `HTTPVersion(1, 1)`.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// HTTP/1.0
    public static let http1_0 = HTTPVersion(1, 0)
    /// HTTP/1.1
    public static let http1_1 = HTTPVersion(1, 1)
    /// HTTP/2
    public static let http2 = HTTPVersion(2, 0)
    /// HTTP/3
    public static let http3 = HTTPVersion(3, 0)

    /// From Kong's number, as 1.1; nil for one that is no version.
    init?(_ number: Double) {
        guard number >= 0, number < 100 else { return nil }
        let tenths = Int(number * 10 + 0.5)
        self.init(tenths / 10, tenths % 10)
    }

    public static func < (one: HTTPVersion, other: HTTPVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }
}

extension HTTPVersion: CustomStringConvertible {
    /// "HTTP/1.1"
    public var description: String { "HTTP/\(major).\(minor)" }
}
