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

    /// Starts the plugin for one configuration. A memberwise `init(config:)` does; one that throws makes the events
    /// of this configuration fail with status 500 and its error in the log, and is tried again later.
    init(config: Config) async throws

    /// The configuration is gone and its last event is over: close what `init` opened.
    func shutdown() async
}

extension Plugin {
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
