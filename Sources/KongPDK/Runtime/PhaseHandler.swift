/// A plugin's handler of one phase, found when the plugin starts: a dynamic cast for each event would cost more than the event.
///
/// A class for each phase, and no closure or existential: to call one of these counts no reference. What is shared by all
/// loops would be counted by all of them, which costs more the more there are.
// @unchecked Sendable: subclasses have nothing but a plugin, which is Sendable and is never changed.
class PhaseHandler: @unchecked Sendable {
    /// Whether it never waits, and `handleSynchronously` does the same as `handle`.
    var isSynchronous: Bool { false }

    func handle(_ kong: Kong) async throws { try handleSynchronously(kong) }
    func handleSynchronously(_ kong: Kong) throws {}

    /// A plugin's handlers, by the phases' raw values.
    static func handlers(of plugin: any Plugin) -> [PhaseHandler?] {
        Phase.allCases.map { phase in
            switch phase {
            case .certificate:
                (plugin as? any SynchronousCertificatePhase)?.synchronousHandler ?? (plugin as? any CertificatePhase)?.handler
            case .rewrite:
                (plugin as? any SynchronousRewritePhase)?.synchronousHandler ?? (plugin as? any RewritePhase)?.handler
            case .access:
                (plugin as? any SynchronousAccessPhase)?.synchronousHandler ?? (plugin as? any AccessPhase)?.handler
            case .response:
                (plugin as? any SynchronousResponsePhase)?.synchronousHandler ?? (plugin as? any ResponsePhase)?.handler
            case .preread:
                (plugin as? any SynchronousPrereadPhase)?.synchronousHandler ?? (plugin as? any PrereadPhase)?.handler
            case .log:
                (plugin as? any SynchronousLogPhase)?.synchronousHandler ?? (plugin as? any LogPhase)?.handler
            }
        }
    }
}

// @unchecked Sendable: as PhaseHandler.
private class HandlerOf<P: Plugin>: PhaseHandler, @unchecked Sendable {
    final let plugin: P
    init(_ plugin: P) { self.plugin = plugin }
}

extension CertificatePhase {
    fileprivate var handler: PhaseHandler { CertificateHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class CertificateHandler<P: CertificatePhase>: HandlerOf<P>, @unchecked Sendable {
    override func handle(_ kong: Kong) async throws { try await plugin.certificate(kong) }
}

extension RewritePhase {
    fileprivate var handler: PhaseHandler { RewriteHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class RewriteHandler<P: RewritePhase>: HandlerOf<P>, @unchecked Sendable {
    override func handle(_ kong: Kong) async throws { try await plugin.rewrite(kong) }
}

extension AccessPhase {
    fileprivate var handler: PhaseHandler { AccessHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class AccessHandler<P: AccessPhase>: HandlerOf<P>, @unchecked Sendable {
    override func handle(_ kong: Kong) async throws { try await plugin.access(kong) }
}

extension ResponsePhase {
    fileprivate var handler: PhaseHandler { ResponseHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class ResponseHandler<P: ResponsePhase>: HandlerOf<P>, @unchecked Sendable {
    override func handle(_ kong: Kong) async throws { try await plugin.response(kong) }
}

extension PrereadPhase {
    fileprivate var handler: PhaseHandler { PrereadHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class PrereadHandler<P: PrereadPhase>: HandlerOf<P>, @unchecked Sendable {
    override func handle(_ kong: Kong) async throws { try await plugin.preread(kong) }
}

extension LogPhase {
    fileprivate var handler: PhaseHandler { LogHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class LogHandler<P: LogPhase>: HandlerOf<P>, @unchecked Sendable {
    override func handle(_ kong: Kong) async throws { try await plugin.log(kong) }
}

// MARK: Those that never wait

// @unchecked Sendable: as PhaseHandler.
private class SynchronousHandlerOf<P: Plugin>: HandlerOf<P>, @unchecked Sendable {
    final override var isSynchronous: Bool { true }
}

extension SynchronousCertificatePhase {
    fileprivate var synchronousHandler: PhaseHandler { SynchronousCertificateHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class SynchronousCertificateHandler<P: SynchronousCertificatePhase>: SynchronousHandlerOf<P>, @unchecked Sendable {
    override func handleSynchronously(_ kong: Kong) throws { try plugin.certificate(kong) }
}

extension SynchronousRewritePhase {
    fileprivate var synchronousHandler: PhaseHandler { SynchronousRewriteHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class SynchronousRewriteHandler<P: SynchronousRewritePhase>: SynchronousHandlerOf<P>, @unchecked Sendable {
    override func handleSynchronously(_ kong: Kong) throws { try plugin.rewrite(kong) }
}

extension SynchronousAccessPhase {
    fileprivate var synchronousHandler: PhaseHandler { SynchronousAccessHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class SynchronousAccessHandler<P: SynchronousAccessPhase>: SynchronousHandlerOf<P>, @unchecked Sendable {
    override func handleSynchronously(_ kong: Kong) throws { try plugin.access(kong) }
}

extension SynchronousResponsePhase {
    fileprivate var synchronousHandler: PhaseHandler { SynchronousResponseHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class SynchronousResponseHandler<P: SynchronousResponsePhase>: SynchronousHandlerOf<P>, @unchecked Sendable {
    override func handleSynchronously(_ kong: Kong) throws { try plugin.response(kong) }
}

extension SynchronousPrereadPhase {
    fileprivate var synchronousHandler: PhaseHandler { SynchronousPrereadHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class SynchronousPrereadHandler<P: SynchronousPrereadPhase>: SynchronousHandlerOf<P>, @unchecked Sendable {
    override func handleSynchronously(_ kong: Kong) throws { try plugin.preread(kong) }
}

extension SynchronousLogPhase {
    fileprivate var synchronousHandler: PhaseHandler { SynchronousLogHandler(self) }
}

// @unchecked Sendable: as PhaseHandler.
private final class SynchronousLogHandler<P: SynchronousLogPhase>: SynchronousHandlerOf<P>, @unchecked Sendable {
    override func handleSynchronously(_ kong: Kong) throws { try plugin.log(kong) }
}
