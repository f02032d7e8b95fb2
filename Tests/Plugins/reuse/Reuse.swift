import KongPDK
import Synchronization

/// Says what is left of the events before: a handler that never waits in `rewrite`, one that may in `access`.
struct Reuse: Plugin, SynchronousRewritePhase, AccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {
        /// What the handlers do: see `prepare`, and `ask` for `access`.
        var mode = ""
    }
    let config: Config

    /// Tasks that handlers have left behind wait here until a later event lets them go.
    private static let left = Mutex<[UnsafeContinuation<Void, Never>]>([])

    func rewrite(_ kong: Kong) throws {
        try kong.service.request.setHeader("x-before", "1")
        try prepare(kong)
    }

    func access(_ kong: Kong) async throws {
        try kong.service.request.setHeader("x-cancelled", "\(Task.isCancelled)")
        if config.mode == "ask" { _ = try await kong.request.host() }
        try prepare(kong)
    }

    private func prepare(_ kong: Kong) throws {
        switch config.mode {
        case "fail": throw Failure()
        case "exit": try kong.response.exit(403, body: "no")
        case "leave":
            // The one before has lost its event; that it says so to nobody else's is what is tested.
            for continuation in Self.left.withLock({ let all = $0; $0 = []; return all }) { continuation.resume() }
            Task.detached {
                await withUnsafeContinuation { continuation in Self.left.withLock { $0.append(continuation) } }
                do {
                    _ = try await kong.request.host()
                    ServerLog.error("a task that was left behind has got an answer")
                } catch {
                    ServerLog.error("left behind: \((error as? PDKError).map { "\($0.code)" } ?? "\(error)")")
                }
            }
        default: break
        }
    }

    struct Failure: Error {}
}

@section("kong_plugins") @used let entry: PluginEntry = { Reuse.open($0, $1) }
