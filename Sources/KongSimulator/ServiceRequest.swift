/// The request as Kong will send it to the service.
///
/// nginx has only one set of request headers, one query, method and body: what plugins change here is what the
/// `kong.request` functions tell from then on, to this plugin and to later ones. Only the target of the request line
/// (`get_path`, `get_path_with_query`) stays as the client sent it.
///
/// The headers that Kong itself adds when it sends the request (`X-Forwarded-…`, `X-Real-IP`, `Via`, `Connection`) are not
/// among `headers`, and a plugin cannot set them: Kong puts its own in their place.
public struct ServiceRequest: Hashable, Sendable {
    public internal(set) var method: String
    /// `http`, `https`, or a scheme of the service's.
    public internal(set) var scheme: String
    /// The path with which the service is asked: what the route leaves of it, after the service's own path. Without query.
    public internal(set) var path: [UInt8]
    /// The query, without `?`; empty if there is none.
    public internal(set) var query: [UInt8]
    public internal(set) var headers: SimulatedHeaders
    public internal(set) var body: SimulatedBody
    /// The `Host` that the service gets; nil: the service's host and port.
    public internal(set) var host: [UInt8]?
    /// Where Kong connects to.
    public internal(set) var target: Target?
    public internal(set) var retries = 5
    public internal(set) var timeouts = Timeouts()
    /// Whether Kong reads the service's whole answer before it goes on.
    public internal(set) var isBuffered = false
    /// Whether the client's own target ended in a question mark: then the service's does, too.
    let keepsEmptyQuery: Bool
    /// Whether the service's certificate is verified; nil: as its entity says.
    public internal(set) var verifiesCertificate: Bool?
    public internal(set) var verifyDepth: Int?

    /// A host or an upstream, and a port.
    public struct Target: Hashable, Sendable {
        public var host: [UInt8]
        public var port: Int

        public init(host: [UInt8], port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// In milliseconds.
    public struct Timeouts: Hashable, Sendable {
        public var connect = 60_000
        public var write = 60_000
        public var read = 60_000
    }

    init(_ request: SimulatedRequest) {
        method = request.method
        scheme = request.scheme
        path = request.path
        query = request.query ?? []
        headers = request.headers
        body = request.body
        keepsEmptyQuery = request.target.last == UInt8(ascii: "?")
    }

    /// Path and query, as they stand in the request line.
    public var uri: [UInt8] {
        keepsEmptyQuery || !query.isEmpty ? path + [UInt8(ascii: "?")] + query : path
    }
}
