/// A method of HTTP: `.get`, or any other: `HTTPMethod("PURGE")`. Methods are case-sensitive.
public struct HTTPMethod: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ name: String) { rawValue = name }

    public static let get = HTTPMethod("GET")
    public static let head = HTTPMethod("HEAD")
    public static let put = HTTPMethod("PUT")
    public static let post = HTTPMethod("POST")
    public static let delete = HTTPMethod("DELETE")
    public static let options = HTTPMethod("OPTIONS")
    public static let patch = HTTPMethod("PATCH")
    public static let trace = HTTPMethod("TRACE")
    public static let connect = HTTPMethod("CONNECT")

    /// Those that `kong.service.request.setMethod` takes.
    static let settable: Set<HTTPMethod> = [
        .get, .head, .put, .post, .delete, .options, .patch, .trace, "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH",
        "LOCK", "UNLOCK",
    ]
}

extension HTTPMethod: ExpressibleByStringLiteral {
    public init(stringLiteral name: String) { rawValue = name }
}

extension HTTPMethod: CustomStringConvertible {
    public var description: String { rawValue }
}
