/// A plugin with one configuration, and its handlers found once: a dynamic cast for each event would cost more than
/// the event.
final class PluginInstance: Sendable {
    private let plugin: any Plugin
    private let certificatePhase: (any CertificatePhase)?
    private let rewritePhase: (any RewritePhase)?
    private let accessPhase: (any AccessPhase)?
    private let responsePhase: (any ResponsePhase)?
    private let prereadPhase: (any PrereadPhase)?
    private let logPhase: (any LogPhase)?

    init(_ plugin: any Plugin) {
        self.plugin = plugin
        certificatePhase = plugin as? any CertificatePhase
        rewritePhase = plugin as? any RewritePhase
        accessPhase = plugin as? any AccessPhase
        responsePhase = plugin as? any ResponsePhase
        prereadPhase = plugin as? any PrereadPhase
        logPhase = plugin as? any LogPhase
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

    /// Runs the plugin's handler of the event's phase; a phase that it does not handle is done at once.
    func handle(_ kong: Kong) async throws {
        switch kong.phase {
        case .certificate: try await certificatePhase?.certificate(kong)
        case .rewrite: try await rewritePhase?.rewrite(kong)
        case .access: try await accessPhase?.access(kong)
        case .response: try await responsePhase?.response(kong)
        case .preread: try await prereadPhase?.preread(kong)
        case .log: try await logPhase?.log(kong)
        }
    }

    func shutdown() async {
        await plugin.shutdown()
    }
}
