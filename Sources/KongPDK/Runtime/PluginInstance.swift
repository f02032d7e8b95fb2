// Unsafe pointers: the table of handlers, which is looked into without a reference being counted.

/// A plugin with one configuration, and its handlers.
// @unchecked Sendable: nothing changes after `init`.
final class PluginInstance: @unchecked Sendable {
    private let plugin: any Plugin
    /// By the phases' raw values. It owns them.
    private let handlers: UnsafeMutablePointer<Unmanaged<PhaseHandler>?>

    init(_ plugin: any Plugin) {
        self.plugin = plugin
        let found = PhaseHandler.handlers(of: plugin)
        handlers = .allocate(capacity: found.count)
        for (index, handler) in found.enumerated() {
            (handlers + index).initialize(to: handler.map { Unmanaged.passRetained($0) })
        }
    }

    deinit {
        for phase in Phase.allCases { handlers[Int(phase.rawValue)]?.release() }
        handlers.deallocate()
    }

    /// The phases that plugins of this type handle.
    static func phases(of type: any Plugin.Type) -> [Phase] {
        Phase.allCases.filter { phase in
            switch phase {
            case .certificate: type is any CertificatePhase.Type
            case .rewrite: type is any RewritePhase.Type
            case .access: type is any AccessPhase.Type
            case .response: type is any ResponsePhase.Type
            case .preread: type is any PrereadPhase.Type
            case .log: type is any LogPhase.Type
            }
        }
    }

    /// The plugin's handler of a phase, as long as this is there; nil: it does not handle the phase.
    @inline(__always)
    func handler(of phase: Phase) -> Unmanaged<PhaseHandler>? { handlers[Int(phase.rawValue)] }

    /// Runs the plugin's handler of the event's phase; a phase that it does not handle is done at once.
    func handle(_ kong: Kong) async throws {
        try await handler(of: kong.phase)?.takeUnretainedValue().handle(kong)
    }

    func shutdown() async {
        await plugin.shutdown()
    }
}
