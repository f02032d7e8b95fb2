import KongSimulator
import WireProtocol

/// A call, and what Kong makes of it.
struct Expectation: Sendable, CustomStringConvertible {
    let method: String
    let arguments: [OwnedValue]
    let outcome: SimulatedOutcome

    init(_ method: String, _ arguments: OwnedValue..., is outcome: SimulatedOutcome) {
        self.method = method
        self.arguments = arguments
        self.outcome = outcome
    }

    var description: String { "\(method)\(arguments)" }
}

extension SimulatedExchange {
    /// An exchange in a phase. `trusted`: the client's address is a trusted proxy's.
    static func at(
        _ phase: SimulatedPhase, _ request: SimulatedRequest = SimulatedRequest(), trusted: Bool = false,
        service: SimulatedService = .answers(SimulatedResponse()), _ change: (inout SimulatedGateway) -> Void = { _ in }
    ) -> SimulatedExchange {
        var gateway = SimulatedGateway()
        if trusted { gateway.trustedIPs = ["127.0.0.0/8"] }
        change(&gateway)
        var exchange = SimulatedExchange(request, gateway: gateway, service: service)
        exchange.begin(phase)
        return exchange
    }

    /// Performs calls one after the other, and tells the last one's outcome.
    @discardableResult
    mutating func run(_ calls: (String, [OwnedValue])...) -> SimulatedOutcome {
        calls.reduce(.nothing) { perform($1.0, $1.1) }
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
