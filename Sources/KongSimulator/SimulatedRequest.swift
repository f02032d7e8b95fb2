import WireProtocol

/// A request as the client has sent it.
public struct SimulatedRequest: Hashable, Sendable {
    public var method: String
    /// The path as it stands in the request line: neither decoded nor normalised.
    public var path: [UInt8]
    /// What comes after the `?`; nil if there is none.
    public var query: [UInt8]?
    /// 1, 1.1, 2 or 3.
    public var httpVersion = 1.1
    public var headers: SimulatedHeaders
    public var body: SimulatedBody
    /// The connection's other end: `kong.client.get_ip`.
    public var clientAddress = "127.0.0.1"
    public var clientPort = 50_000
    /// Kong's end.
    public var serverAddress = "127.0.0.1"
    public var serverPort = 8000
    /// Nil for a connection that is not encrypted.
    public var tls: SimulatedTLS?
    /// When it came, in seconds since 1970; nil: when it is simulated.
    public var startTime: Double?

    /// - Parameters:
    ///   - target: The path, and after a `?` the query.
    ///   - headers: A `Host` is added if there is none, as every client does.
    public init(
        _ method: String = "GET", _ target: String = "/", headers: SimulatedHeaders = [:],
        body: SimulatedBody = .bytes([]), tls: SimulatedTLS? = nil
    ) {
        self.init(method, target: Array(target.utf8), headers: headers, body: body, tls: tls)
    }

    public init(
        _ method: String, target: [UInt8], headers: SimulatedHeaders = [:], body: SimulatedBody = .bytes([]),
        tls: SimulatedTLS? = nil
    ) {
        self.method = method
        let mark = target.firstIndex(of: UInt8(ascii: "?"))
        path = Array(target[..<(mark ?? target.endIndex)])
        query = mark.map { Array(target[($0 + 1)...]) }
        self.headers = headers
        self.body = body
        self.tls = tls
        if tls != nil { serverPort = 8443 }
        if headers.first("host") == nil { self.headers.fields.insert(.init("Host", "localhost"), at: 0) }
    }

    var scheme: String { tls == nil ? "http" : "https" }

    /// `$request_uri`.
    var target: [UInt8] { query.map { path + [UInt8(ascii: "?")] + $0 } ?? path }
}

/// A request's body as nginx holds it.
public enum SimulatedBody: Hashable, Sendable {
    case bytes([UInt8])
    /// A file with the body: one that is larger than nginx's buffer (8 KiB, if Kong's `nginx_http_client_body_buffer_size`
    /// says nothing else). The PDK then gives no body by itself.
    case file(path: String)

    public static func text(_ text: String) -> SimulatedBody { .bytes(Array(text.utf8)) }
}

/// What is known of a client's encrypted connection.
public struct SimulatedTLS: Hashable, Sendable {
    public var version = "TLSv1.3"
    public var cipher = "TLS_AES_256_GCM_SHA384"
    public var serverName: String?
    /// `NONE`, `SUCCESS`, or `FAILED:` and a reason.
    public var clientVerify = "NONE"
    /// The client's certificate and those that vouch for it, in PEM.
    public var clientCertificateChain: String?

    public init() {}
}
