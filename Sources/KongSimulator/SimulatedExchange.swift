import PDKCatalogue
import WireProtocol

/// One request on its way through a simulated Kong: what the client sent, what plugins make of it by calls of Kong's PDK,
/// and what the service and the client get in the end.
///
/// The rules are those of Kong 3.9, from its Lua sources and from what its nginx does below them; where Kong 2.8 differs,
/// or where Kong itself surprises, a comment at the function says so. Time, sockets and plugins are not simulated.
///
///     var kong = SimulatedExchange(SimulatedRequest("GET", "/mock/request"))
///     kong.begin(.access)
///     kong.perform("kong.service.request.set_header", ["x-greeting", "hello"])
///     kong.begin(.response)
///     kong.perform("kong.response.set_status", [202])
///     kong.finish()
///     kong.response.status  // 202
public struct SimulatedExchange: Sendable {
    public var gateway: SimulatedGateway {
        didSet { trustedAddresses = TrustedAddresses(gateway.trustedIPs) }
    }
    /// What the client has sent.
    public let request: SimulatedRequest
    /// What stands behind Kong.
    public var service: SimulatedService
    /// The matched entities, maps with Kong's fields; nil: none has matched.
    public var routeEntity: OwnedValue?
    public var serviceEntity: OwnedValue?
    /// What a route's regular expression has captured.
    public var captures = Captures()
    /// The configured plugin whose calls these are: `kong.plugin.get_id`.
    public var pluginID = "3fb5c8a2-7d1e-4f0b-9d43-6a1c2b9e8f03"
    /// `$kong_request_id`.
    public var requestID = "0123456789abcdef0123456789abcdef"
    /// Variables of nginx beside those that follow from the request, or in their place.
    public var variables: [String: [UInt8]] = [:]

    public internal(set) var phase = SimulatedPhase.rewrite
    /// Whether an exit or an error has ended the phase.
    public internal(set) var phaseIsOver = false

    public internal(set) var serviceRequest: ServiceRequest
    /// What the service has answered; nil before it, and if it was not asked.
    public internal(set) var serviceResponse: SimulatedResponse?
    /// What the client gets.
    public internal(set) var response = SimulatedResponse()
    /// Whether a plugin has answered with `kong.response.exit` or `kong.response.error`.
    public internal(set) var hasExited = false
    /// Whether an error has ended the request: Kong's `KONG_UNEXPECTED`.
    public internal(set) var hasFailed = false
    /// The stream subsystem: connections without HTTP, in preread and log.
    public internal(set) var isStream = false

    /// What the `kong.client` functions know of whoever was authenticated.
    public var consumer: OwnedValue?
    public var credential: OwnedValue?
    /// `kong.ctx.shared`.
    public var shared: [OwnedValue: OwnedValue] = [:]
    /// `ngx.ctx`, without what Kong itself keeps in it.
    public var nginxContext: [OwnedValue: OwnedValue] = [:]

    public internal(set) var log: [LogLine] = []
    public internal(set) var telemetry: [TelemetryRecord] = []
    /// What `kong.log.serialize` gives in the log phase; nil before it.
    public internal(set) var logRecord: OwnedValue?

    var isRouted = false
    var serializeValues: [SerializeValue] = []
    /// `$upstream_x_forwarded_prefix`: empty until the request is routed.
    var forwardedPrefix: [UInt8]? = []
    var clientVerifyOverride: String?
    private(set) var trustedAddresses: TrustedAddresses
    let startTime: Double

    public struct Captures: Hashable, Sendable {
        public var unnamed: [[UInt8]] = []
        public var named: [String: [UInt8]] = [:]

        public init() {}
    }

    public init(
        _ request: SimulatedRequest, gateway: SimulatedGateway = SimulatedGateway(),
        route: OwnedValue? = SimulatedGateway.route, serviceEntity: OwnedValue? = SimulatedGateway.service,
        service: SimulatedService = .answers(SimulatedResponse())
    ) {
        self.request = request
        self.gateway = gateway
        self.service = service
        routeEntity = route
        self.serviceEntity = serviceEntity
        serviceRequest = ServiceRequest(request)
        trustedAddresses = TrustedAddresses(gateway.trustedIPs)
        startTime = request.startTime ?? WallClock.now()
    }

    /// Performs a call of the PDK. Kong's names: `kong.request.get_header`.
    @discardableResult
    public mutating func perform(_ method: String, _ arguments: [OwnedValue] = []) -> SimulatedOutcome {
        guard !phaseIsOver else { return .unanswered }
        do throws(Interruption) {
            let result = try call(method, Arguments(arguments))
            return result.map { .value($0) } ?? .nothing
        } catch {
            switch error {
            case .raised(let text):
                fail(text)
                return .raised(text)
            case .failed(let text): return .error(text)
            case .exited(let status):
                phaseIsOver = true
                return .exits(status: status)
            case .unknownMethod:
                // MessagePack-RPC, which can name anything: Kong logs it and goes on. ProtoBuf:1: see `KongClient`.
                write(.err, "could not find pdk method: \(method)")
                return .nothing
            }
        }
    }

    /// Performs a call of the PDK.
    @discardableResult
    public mutating func perform(_ method: MethodID, _ arguments: [OwnedValue] = []) -> SimulatedOutcome {
        guard let method = PDKCatalogue[method] else { return .error("no such method") }
        return perform(method.name, arguments)
    }

    mutating func write(_ level: LogLine.Level, _ text: String) {
        log.append(LogLine(level, text))
    }
}
