import KongPDK
import KongSimulator
import PDKCatalogue
import Synchronization
import WireProtocol

/// Kong, for the tests of a plugin: one request and what a plugin makes of it, without a gateway, a socket or a file.
///
///     let kong = KongTest(request: .get("/mock/request", headers: ["host": "example.com"]))
///     try await kong.run(GoPlug(config: .init(attach: true)))
///     #expect(kong.service.request.headers["x-goplug"] == "Set by custom Swift plugin")
///     #expect(kong.response.status == 200)
///
/// `run` plays a whole exchange: the phases that the plugin handles, in Kong's order, with the service's reply between
/// access and response. `run(_:_:)` plays a single phase. Several plugins can be run one after the other on one request.
///
/// What Kong does with each call is simulated after Kong 3.9, its checks and error texts included; see `KongSimulator`. What
/// the server refuses (a call in a phase that Kong does not allow it in, a wrong argument) is refused here as well. Handlers
/// run as they do in the server: on one thread, suspended while they wait for Kong.
public final class KongTest: Sendable {
    struct State: Sendable {
        var exchange: SimulatedExchange
        var calls: [Call] = []
        var roundTrips = 0
        var injections: [String: Injection] = [:]
    }

    /// How Kong and the server would talk to each other. It decides which calls there are.
    public enum Connection: Sendable {
        /// What `-dump` tells Kong to use. It has no message for some calls.
        case protoBuf
        /// What Kong 2 and `--protocol messagepack` use. It can carry every call.
        case messagePack
    }

    let state: Mutex<State>
    let connection: Connection

    /// A request to a simulated Kong.
    /// - Parameters:
    ///   - request: what the client sends.
    ///   - service: what the upstream service replies: status 200 and nothing else unless given.
    ///   - connection: ProtoBuf:1, which `-dump` tells Kong to use, cannot carry all calls; MessagePack can.
    public init(
        request: SimulatedRequest = .get("/"), service: SimulatedService = .answers(SimulatedResponse()),
        over connection: Connection = .protoBuf
    ) {
        self.connection = connection
        state = Mutex(State(exchange: SimulatedExchange(request, service: service)))
    }

    /// Everything that is simulated, to look at and to set up: consumer, credential, route, `kong.ctx.shared`, nginx's
    /// variables …
    public func withExchange<Result: Sendable>(_ body: (inout SimulatedExchange) throws -> sending Result) rethrows -> sending Result {
        try state.withLock { try body(&$0.exchange) }
    }

    // MARK: Running

    /// Runs a plugin through a whole HTTP exchange: the phases that it handles of rewrite, access, response and log.
    ///
    /// A phase that Kong would not come to, since a plugin has answered before, is left out; log is not.
    /// Throws what a handler throws, after Kong has done what it does then: status 500, a line in its log, and the
    /// remaining phases. A call without a result that Kong refuses is thrown as a `PDKError` at the end of its handler.
    public func run(_ plugin: some Plugin) async throws {
        let handled = PluginDriver.phases(of: plugin)
        var failure: (any Error)?
        for phase in [Phase.rewrite, .access, .response, .log] where handled.contains(phase) {
            do {
                try await run(plugin, phase)
            } catch {
                failure = failure ?? error
            }
        }
        finish()
        if let failure { throw failure }
    }

    /// Runs the handler of one phase. The request is taken to that phase first: the service has replied before response.
    ///
    /// Nothing happens if the plugin does not handle the phase, or Kong would not come to it.
    public func run(_ plugin: some Plugin, _ phase: Phase) async throws {
        guard let simulated = SimulatedPhase(rawValue: phase.description), state.withLock({ $0.exchange.begin(simulated) }) else {
            return
        }
        let event = TestEvent(self, phase)
        let host = TestHost.shared
        let failure: (any Error)? = await withCheckedContinuation { continuation in
            host.loop.schedule {
                let id = host.begin(event)
                host.driver.handle(plugin, phase, event: id, on: 0) { error in
                    host.end(id)
                    continuation.resume(returning: event.failure ?? error)
                }
            }
        }
        countRoundTrip()
        guard let failure else { return }
        // What Kong has refused has ended the request already.
        if event.failure == nil { fail("\(type(of: plugin)): \(phase)", "\(failure)") }
        throw failure
    }

    /// What the server has Kong do when a handler fails.
    private func fail(_ name: String, _ message: String) {
        state.withLock { state in
            state.exchange.perform("kong.log.err", HandlerFailure.logLine(name, message))
            // In phases without a client to answer it does nothing.
            state.exchange.perform("kong.response.exit", HandlerFailure.exit)
        }
    }

    /// Takes the request to its end, without running anything: the service replies, if it has not yet.
    public func finish() { state.withLock { $0.exchange.finish() } }

    func countRoundTrip() { state.withLock { $0.roundTrips += 1 } }

    /// What becomes of a call. [loop]
    func perform(_ method: String, _ arguments: [OwnedValue], in phase: Phase) -> Answer {
        state.withLock { state in
            state.calls.append(Call(phase: phase, method: method, arguments: arguments.map(Value.init)))
            switch state.injections[method]?.take() {
            case .answer(let answer): return answer
            case .raise(let text):
                state.exchange.fail(text)
                return .outcome(.raised(text))
            case nil: return .outcome(state.exchange.perform(method, arguments))
            }
        }
    }
}
