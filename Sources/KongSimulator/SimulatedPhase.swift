/// A phase in which Kong runs plugins of a plugin server.
public enum SimulatedPhase: String, CaseIterable, Sendable {
    case certificate, rewrite, access, response, preread, log
}

/// Kong's phases, with the bits that it gives them (kong/pdk/private/phases.lua): its error texts list them in this order.
struct PhaseMask: OptionSet, Sendable {
    let rawValue: UInt32

    static let initWorker = PhaseMask(rawValue: 0x0000_0001)
    static let certificate = PhaseMask(rawValue: 0x0000_0002)
    static let clientHello = PhaseMask(rawValue: 0x0000_0008)
    static let rewrite = PhaseMask(rawValue: 0x0000_0010)
    static let access = PhaseMask(rawValue: 0x0000_0020)
    static let balancer = PhaseMask(rawValue: 0x0000_0040)
    static let response = PhaseMask(rawValue: 0x0000_0080)
    static let clusterListener = PhaseMask(rawValue: 0x0000_0100)
    static let headerFilter = PhaseMask(rawValue: 0x0000_0200)
    static let bodyFilter = PhaseMask(rawValue: 0x0000_0400)
    static let log = PhaseMask(rawValue: 0x0000_2000)
    static let preread = PhaseMask(rawValue: 0x0000_4000)
    static let error = PhaseMask(rawValue: 0x0100_0000)
    static let adminAPI = PhaseMask(rawValue: 0x1000_0000)

    /// `PHASES.request`.
    static let request: PhaseMask = [
        .rewrite, .access, .balancer, .response, .headerFilter, .bodyFilter, .log, .error, .adminAPI, .clusterListener,
    ]
    /// `AUTH_AND_LATER` of client.lua, `ROUTER_PHASES` of router.lua.
    static let routed: PhaseMask = [.access, .headerFilter, .response, .bodyFilter, .log]
    /// `before_content` of request.lua.
    static let beforeContent: PhaseMask = [.rewrite, .access, .response, .error, .adminAPI]
    /// `header_body_log` of response.lua.
    static let answered: PhaseMask = [.response, .headerFilter, .bodyFilter, .log, .error, .adminAPI]
    /// `rewrite_access_header` of response.lua. 2.8 has no balancer in it.
    static let answering: PhaseMask = [
        .rewrite, .access, .response, .balancer, .headerFilter, .error, .adminAPI,
    ]
    /// `access_and_rewrite` of service/request.lua.
    static let proxying: PhaseMask = [.rewrite, .access]
    /// `access_rewrite_balancer` of service/request.lua. In 2.8 `set_scheme` and `set_path` are for access alone.
    static let balancing: PhaseMask = [.rewrite, .access, .balancer]

    private static let names: [(PhaseMask, String)] = [
        (.initWorker, "init_worker"), (.certificate, "certificate"), (.clientHello, "client_hello"),
        (.rewrite, "rewrite"), (.access, "access"), (.balancer, "balancer"), (.response, "response"),
        (.clusterListener, "cluster_listener"), (.headerFilter, "header_filter"), (.bodyFilter, "body_filter"),
        (.log, "log"), (.preread, "preread"), (.error, "error"), (.adminAPI, "admin_api"),
    ]

    /// As Kong lists phases.
    var text: String { Self.names.filter { contains($0.0) }.map(\.1).joined(separator: ", ") }

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ phase: SimulatedPhase) {
        switch phase {
        case .certificate: self = .certificate
        case .rewrite: self = .rewrite
        case .access: self = .access
        case .response: self = .response
        case .preread: self = .preread
        case .log: self = .log
        }
    }
}
