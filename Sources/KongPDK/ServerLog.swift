// Unsafe pointers: lines go to the host here.

import CKongPlugin
import Synchronization

/// The log of the plugin server, for what belongs to no request: said in `init`, in `shutdown`, or by a task that goes on
/// when its handler has returned.
///
/// Lines bear the plugin's name. They stand in the server's standard error, which Kong logs at level `info`; its default
/// level hides that. A handler has `kong.log`, which more people read.
public enum ServerLog {
    /// A line of level `error`.
    public static func error(_ message: String) { write(KONG_LOG_ERROR, message) }
    /// A line of level `warning`.
    public static func warning(_ message: String) { write(KONG_LOG_WARNING, message) }
    /// A line of level `notice`.
    public static func notice(_ message: String) { write(KONG_LOG_NOTICE, message) }
    /// A line of level `info`.
    public static func info(_ message: String) { write(KONG_LOG_INFO, message) }
    /// A line of level `debug`, which the server leaves out unless it was started with `--log-level debug`.
    public static func debug(_ message: String) { write(KONG_LOG_DEBUG, message) }

    /// A library has one plugin, and that is opened by one host.
    // nonisolated(unsafe): hosts may be called from any thread here.
    private nonisolated(unsafe) static let host = Atomic<UnsafePointer<kong_host>?>(nil)

    static func open(_ host: UnsafePointer<kong_host>) { self.host.store(host, ordering: .releasing) }

    /// Without a host, as in a test that runs no handler, nobody reads it.
    private static func write(_ level: Int, _ message: String) {
        guard let host = host.load(ordering: .acquiring) else { return }
        message.withKongString { host.pointee.log(host, kong_log_level(level), $0) }
    }
}
