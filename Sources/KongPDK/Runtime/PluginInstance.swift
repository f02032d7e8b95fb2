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
    private let synchronous: SynchronousHandlers

    init(_ plugin: any Plugin) {
        self.plugin = plugin
        certificatePhase = plugin as? any CertificatePhase
        rewritePhase = plugin as? any RewritePhase
        accessPhase = plugin as? any AccessPhase
        responsePhase = plugin as? any ResponsePhase
        prereadPhase = plugin as? any PrereadPhase
        logPhase = plugin as? any LogPhase
        synchronous = SynchronousHandlers(of: plugin)
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

    /// Whether the plugin's handler of a phase never waits.
    func isSynchronous(in phase: Phase) -> Bool { synchronous.phases & 1 << phase.rawValue != 0 }

    /// The same as `handle`, for a phase with such a handler.
    func handleSynchronously(_ kong: Kong) throws { try synchronous.handle(kong) }

    func shutdown() async {
        await plugin.shutdown()
    }
}

/// The handlers of a plugin that never wait.
private struct SynchronousHandlers: Sendable {
    private let certificatePhase: (any SynchronousCertificatePhase)?
    private let rewritePhase: (any SynchronousRewritePhase)?
    private let accessPhase: (any SynchronousAccessPhase)?
    private let responsePhase: (any SynchronousResponsePhase)?
    private let prereadPhase: (any SynchronousPrereadPhase)?
    private let logPhase: (any SynchronousLogPhase)?
    /// A bit for each, as in the descriptor.
    let phases: UInt32

    init(of plugin: any Plugin) {
        certificatePhase = plugin as? any SynchronousCertificatePhase
        rewritePhase = plugin as? any SynchronousRewritePhase
        accessPhase = plugin as? any SynchronousAccessPhase
        responsePhase = plugin as? any SynchronousResponsePhase
        prereadPhase = plugin as? any SynchronousPrereadPhase
        logPhase = plugin as? any SynchronousLogPhase
        var phases: UInt32 = 0
        for (phase, isThere) in [
            (Phase.certificate, certificatePhase != nil), (.rewrite, rewritePhase != nil), (.access, accessPhase != nil),
            (.response, responsePhase != nil), (.preread, prereadPhase != nil), (.log, logPhase != nil),
        ] where isThere { phases |= 1 << phase.rawValue }
        self.phases = phases
    }

    @inline(__always)
    func handle(_ kong: Kong) throws {
        switch kong.phase {
        case .certificate: try certificatePhase?.certificate(kong)
        case .rewrite: try rewritePhase?.rewrite(kong)
        case .access: try accessPhase?.access(kong)
        case .response: try responsePhase?.response(kong)
        case .preread: try prereadPhase?.preread(kong)
        case .log: try logPhase?.log(kong)
        }
    }
}
