// Unsafe pointers: the one function of a plugin that C calls by name is typed here.

import CKongPlugin

/// A Kong plugin.
///
///     import KongPDK
///
///     struct Hello: Plugin, AccessPhase {
///         static let version = "1.0.0"
///         static let priority = 1000
///
///         struct Config: PluginConfig { var greeting = "hello" }
///         let config: Config
///
///         func access(_ kong: Kong) async throws {
///             try kong.service.request.setHeader("x-greeting", config.greeting)
///         }
///     }
///
///     @section("kong_plugins") @used let entry: PluginEntry = { Hello.open($0, $1) }
///
/// Kong knows it by the name of its file: `hello.so` or `libhello.so` is the plugin `hello`. It handles the phases
/// whose protocols it conforms to (`AccessPhase`, `ResponsePhase`, …). There is one value of the type for each
/// configuration that Kong has for the plugin; its handlers run side by side, so state that they share belongs in
/// an actor or behind a lock.
public protocol Plugin: Sendable {
    /// What the plugin is configured with; Kong's schema is made from it.
    associatedtype Config: PluginConfig

    /// `x.y.z`: Kong 3 takes nothing else.
    static var version: String { get }

    /// Kong runs plugins with a higher priority first. Kong's own authentication plugins have about 1000, its
    /// logging plugins about 10. It must fit into 32 bits.
    static var priority: Int { get }

    /// Whether handlers may block their thread, as a client library without `async` does: true has `init`, `shutdown` and the
    /// handlers run on threads of their own (the server's `--blocking-threads`) instead of the event loop. Each handler
    /// has one thread from its beginning to its end, also where it waits; calls of its `Kong` cost two changes of thread
    /// more.
    static var blocking: Bool { get }

    /// Starts the plugin for one configuration: the memberwise `init(config:)` of a struct does. One of your own may be
    /// `async`, to open connections and to load what the handlers need:
    ///
    ///     init(config: Config) async throws {
    ///         self.config = config
    ///         pool = try await Pool(host: config.host)
    ///     }
    ///
    /// Events of this configuration wait until it returns; all others are handled meanwhile. There is no request yet, and
    /// so no `Kong` to ask.
    ///
    /// When it throws, the events of this configuration end with status 500, and its error in Kong's log and in the
    /// server's. It is tried again by an event that comes later, at most once a second.
    init(config: Config) async throws

    /// Closes what `init` opened. Called once, when the configuration is gone, or replaced, and its last event is over; and for
    /// every configuration when the server ends.
    ///
    /// It may take time: closing the configuration does not wait for it, but the server does when it ends, for as long
    /// as `--shutdown-timeout` says. It cannot throw: nobody is left to be told.
    func shutdown() async
}

extension Plugin {
    public static var blocking: Bool { false }
    public func shutdown() async {}
}

/// The type of a plugin's entry, one line beside the plugin:
///
///     @section("kong_plugins") @used let entry: PluginEntry = { MyPlugin.open($0, $1) }
public typealias PluginEntry = @convention(c) (
    _ host: UnsafePointer<kong_host>?, _ error: UnsafeMutablePointer<kong_string>?
) -> UnsafePointer<kong_plugin>?

extension Plugin {
    /// Opens the plugin for a host: what its entry calls, and nobody else.
    public static func open(
        _ host: UnsafePointer<kong_host>?, _ error: UnsafeMutablePointer<kong_string>?
    ) -> UnsafePointer<kong_plugin>? {
        guard let host else { return nil }
        do {
            return try PluginRuntime.open(Self.self, host: host)
        } catch let failure {
            // The message must outlive this call, and a plugin is opened once in a process: it is never freed.
            error?.pointee = kong_string(immortal: "\(failure)")
            return nil
        }
    }
}
