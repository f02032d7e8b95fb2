import EventLoop
import JSON
import Logging
import Statistics

/// What a server tells of itself, beside Kong: `swift-pluginserver status`, and Prometheus. Everything is [loop].
public struct StatusServices {
    private var services: [Service] = []

    /// - Parameters:
    ///   - controlPath: of the control socket; nil: none is wanted.
    ///   - metrics: where Prometheus asks; nil: nowhere.
    ///   - commands: what the control socket is told, besides `status`.
    ///   - status: has the status made; calls its argument once, on `loop`.
    public init(
        controlPath: String?, metrics: ServiceAddress?, commands: [String: ControlEndpoint.Command] = [:], on loop: EventLoop,
        logger: Logger, status: @escaping MetricsEndpoint.Source
    ) {
        if let controlPath {
            var commands = commands
            commands["status"] = { _, answer in status { answer($0.json) } }
            services.append(
                Service(ControlEndpoint(commands), at: .unix(path: controlPath), on: loop) { news in
                    switch news {
                    case .listens: break
                    case .cannotListen(_, let error): logger.warning("status has no socket to ask at: \(error)")
                    case .cannotAccept(let error): logger.warning("status cannot be asked for the moment: \(error)")
                    }
                })
        }
        if let metrics {
            services.append(
                Service(MetricsEndpoint(status), at: metrics, on: loop) { news in
                    switch news {
                    case .listens(let address): logger.notice("metrics are at \(address), /metrics")
                    case .cannotListen(_, let error): logger.error("there are no metrics as yet, it is tried again: \(error)")
                    case .cannotAccept(let error): logger.warning("metrics cannot be asked for the moment: \(error)")
                    }
                })
        }
    }

    public func start() {
        for service in services { service.start() }
    }

    public func stop() {
        for service in services { service.stop() }
    }
}
