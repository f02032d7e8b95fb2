import KongSimulator
import PluginServer
import WireProtocol

/// What is to be tried.
struct TrialSetup {
    /// A name, or the path of a file.
    let plugin: String
    /// Where plugins are looked for; nil: in the usual places.
    let directory: String?
    /// JSON text.
    let config: String
    let request: SimulatedRequest
    let service: SimulatedService
    /// A user name.
    let consumer: String?
    /// Empty: those that the plugin handles.
    let phases: [SimulatedPhase]
    let wireProtocol: NamedProtocol
    /// For each answer of the plugin.
    let timeout: Duration
    let policy: PluginPolicy
    /// Flags for the server besides those that say where everything is.
    let serverFlags: [String]

    /// The request at its beginning.
    var exchange: SimulatedExchange {
        var gateway = SimulatedGateway()
        let consumer = consumer.map { name -> OwnedValue in
            [
                "id": "7c2b1a58-93c4-4f1b-8a39-5d1f0c6e2b47", "username": .string(name), "created_at": 1_700_000_000,
                "updated_at": 1_700_000_000,
            ]
        }
        gateway.consumers = consumer.map { [$0] } ?? []
        var exchange = SimulatedExchange(request, gateway: gateway, service: service)
        exchange.consumer = consumer
        return exchange
    }
}
