/// A method of HTTP: `.get`, or any other: `HTTPMethod("PURGE")`. Methods are case-sensitive.
public struct HTTPMethod: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    /// The method of that name, written as it is sent.
    public init(_ name: String) { rawValue = name }

    /// `GET`
    public static let get = HTTPMethod("GET")
    /// `HEAD`
    public static let head = HTTPMethod("HEAD")
    /// `PUT`
    public static let put = HTTPMethod("PUT")
    /// `POST`
    public static let post = HTTPMethod("POST")
    /// `DELETE`
    public static let delete = HTTPMethod("DELETE")
    /// `OPTIONS`
    public static let options = HTTPMethod("OPTIONS")
    /// `PATCH`
    public static let patch = HTTPMethod("PATCH")
    /// `TRACE`
    public static let trace = HTTPMethod("TRACE")
    /// `CONNECT`
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
