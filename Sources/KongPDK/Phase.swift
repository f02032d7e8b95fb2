import CKongPlugin

/// A phase of a request, as Kong names them.
///
/// Kong runs `certificate` while it answers a TLS handshake, `rewrite` before it looks for a route, `access` before
/// it connects to the upstream service, `response` when the whole of the service's answer is there (Kong buffers it
/// then), `preread` for a TCP or UDP stream, and `log` after the client has got its answer.
public enum Phase: UInt32, Sendable, CaseIterable, CustomStringConvertible {
    /// The client's TLS handshake, before there is a request.
    case certificate = 0
    /// Before Kong has found the route.
    case rewrite = 1
    /// Before Kong connects to the service.
    case access = 2
    /// The service has answered, and Kong has the whole answer.
    case response = 3
    /// A TCP or UDP stream, before it is passed on.
    case preread = 4
    /// The client has its answer.
    case log = 5

    public var description: String {
        switch self {
        case .certificate: "certificate"
        case .rewrite: "rewrite"
        case .access: "access"
        case .response: "response"
        case .preread: "preread"
        case .log: "log"
        }
    }
}

/// Handles `certificate`: the client's TLS handshake, before there is a request.
public protocol CertificatePhase: Plugin {
    /// Handles one handshake.
    func certificate(_ kong: Kong) async throws
}

/// Handles `rewrite`: every request, before Kong has found its route. Only global plugins get it.
public protocol RewritePhase: Plugin {
    /// Handles one request.
    func rewrite(_ kong: Kong) async throws
}

/// Handles `access`: every request, before Kong connects to the upstream service.
public protocol AccessPhase: Plugin {
    /// Handles one request.
    func access(_ kong: Kong) async throws
}

/// Handles `response`: the upstream service has answered. Kong buffers the whole answer for a plugin that has it.
public protocol ResponsePhase: Plugin {
    /// Handles one answer.
    func response(_ kong: Kong) async throws
}

/// Handles `preread`: a TCP or UDP stream, once for each connection.
public protocol PrereadPhase: Plugin {
    /// Handles one connection.
    func preread(_ kong: Kong) async throws
}

/// Handles `log`: the client has its answer; nothing about it can be changed any more.
public protocol LogPhase: Plugin {
    /// Handles one request that is over.
    func log(_ kong: Kong) async throws
}

// MARK: - Handlers that never wait

/// Handles `certificate` without waiting for anything: see ``SynchronousAccessPhase``.
public protocol SynchronousCertificatePhase: CertificatePhase {
    /// Handles one handshake.
    func certificate(_ kong: Kong) throws
}

/// Handles `rewrite` without waiting for anything: see ``SynchronousAccessPhase``.
public protocol SynchronousRewritePhase: RewritePhase {
    /// Handles one request.
    func rewrite(_ kong: Kong) throws
}

/// Handles `access` without waiting for anything: the handler is not `async`, and runs as a plain call, without a task.
///
/// ```swift
/// struct Hello: Plugin, SynchronousAccessPhase {
///     …
///     func access(_ kong: Kong) throws {
///         try kong.service.request.setHeader("x-greeting", config.greeting)
///     }
/// }
/// ```
///
/// That saves the server a fraction of a microsecond a request. What Kong answers with a result cannot be asked for in it:
/// the compiler says so. Whether such a handler or an `async` one is written makes no difference to Kong.
public protocol SynchronousAccessPhase: AccessPhase {
    /// Handles one request.
    func access(_ kong: Kong) throws
}

/// Handles `response` without waiting for anything: see ``SynchronousAccessPhase``.
public protocol SynchronousResponsePhase: ResponsePhase {
    /// Handles one answer.
    func response(_ kong: Kong) throws
}

/// Handles `preread` without waiting for anything: see ``SynchronousAccessPhase``.
public protocol SynchronousPrereadPhase: PrereadPhase {
    /// Handles one connection.
    func preread(_ kong: Kong) throws
}

/// Handles `log` without waiting for anything: see ``SynchronousAccessPhase``.
public protocol SynchronousLogPhase: LogPhase {
    /// Handles one request that is over.
    func log(_ kong: Kong) throws
}
