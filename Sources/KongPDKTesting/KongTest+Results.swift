import KongPDK
import KongSimulator
import WireProtocol

/// What has become of the request.
extension KongTest {
    /// A call of Kong's PDK, as it reached Kong.
    public struct Call: Sendable, Hashable, CustomStringConvertible {
        /// The phase in which it was made.
        public let phase: Phase
        /// Kong's name for it, as "kong.request.get_header".
        public let method: String
        /// What it was called with.
        public let arguments: [Value]

        /// As Lua would write it.
        public var description: String { "\(method)(\(arguments.map(\.description).joined(separator: ", ")))" }
    }

    /// The calls that plugins have made so far, in order, without those that were refused before they were sent.
    public var calls: [Call] { state.withLock { $0.calls } }

    /// The names of `calls`.
    public var methods: [String] { calls.map(\.method) }

    /// How often Kong and the server would have waited for each other over ProtoBuf:1: once for the end of each handler,
    /// and once for each time that a handler waits for a result. Calls without a result cost none, and those that wait at the
    /// same time (`async let`) share one.
    public var roundTrips: Int { state.withLock { $0.roundTrips } }

    /// Lines that plugins, or Kong for them, have written to Kong's log.
    public var log: [LogLine] { state.withLock { $0.exchange.log } }

    /// The service's side.
    public var service: Service { Service(test: self) }

    /// What the client gets; before the service's reply, what plugins have set of it.
    public var response: Message { Message(state.withLock { $0.exchange.response }) }

    /// Whether a plugin has answered the client itself, with `kong.response.exit`.
    public var hasExited: Bool { state.withLock { $0.exchange.hasExited } }

    /// A value of `kong.ctx.shared`; `.nil` if there is none.
    public func shared(_ key: String) -> Value {
        state.withLock { $0.exchange.shared[.string(key)].map(Value.init) ?? .nil }
    }

    /// The service's side.
    public struct Service: Sendable {
        let test: KongTest

        /// The request as the service gets it.
        public var request: Request { Request(test.state.withLock { $0.exchange.serviceRequest }) }

        /// What the service has replied; nil if it was not asked.
        public var response: Message? { test.state.withLock { $0.exchange.serviceResponse }.map { Message($0) } }
    }

    /// The request as the service gets it.
    public struct Request: Sendable {
        private let request: ServiceRequest

        init(_ request: ServiceRequest) { self.request = request }

        /// The method.
        public var method: String { request.method }
        /// "http" or "https".
        public var scheme: String { request.scheme }
        /// Without the query.
        public var path: String { String(decoding: request.path.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self) }
        /// Without the "?"; empty if there is none.
        public var query: String { String(decoding: request.query, as: UTF8.self) }
        /// The headers, without those that Kong itself adds when it sends them.
        public var headers: Headers { Headers(request.headers) }
        /// The body's bytes; empty for a body in a file.
        public var body: [UInt8] { if case .bytes(let bytes) = request.body { bytes } else { [] } }
        /// The body as text, with U+FFFD for what is not UTF-8.
        public var bodyText: String { String(decoding: body, as: UTF8.self) }
        /// Where Kong connects to: a host or an upstream, and a port. Nil before Kong has found the route.
        public var target: (host: String, port: Int)? {
            request.target.map { (String(decoding: $0.host, as: UTF8.self), $0.port) }
        }
        /// All that is simulated of it.
        public var simulated: ServiceRequest { request }
    }

    /// A reply: the service's, or what the client gets.
    public struct Message: Sendable {
        /// The status.
        public let status: Int
        /// The headers.
        public let headers: Headers
        /// The body's bytes.
        public let body: [UInt8]
        /// The body as text, with U+FFFD for what is not UTF-8.
        public var bodyText: String { String(decoding: body, as: UTF8.self) }

        init(_ response: SimulatedResponse) {
            status = response.status
            headers = Headers(response.headers)
            body = response.body
        }
    }
}

extension Headers {
    fileprivate init(_ headers: SimulatedHeaders) {
        self.init()
        for field in headers.fields { add(String(decoding: field.name, as: UTF8.self), field.value) }
    }
}
