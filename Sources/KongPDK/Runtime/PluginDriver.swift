// Unsafe pointers: the host's table passes through.

import CKongPlugin

/// Runs the handlers of a plugin that is there as a value, and not as a file, against any host: for `KongPDKTesting`.
package struct PluginDriver: Sendable {
    private let runtime: PluginRuntime

    /// - Parameter host: stays valid to the end of the process, as a host does.
    package init(host: UnsafePointer<kong_host>) {
        runtime = PluginRuntime(host: host) { _ in throw OpenError(description: "this runtime starts no instances") }
    }

    /// The phases that a plugin has handlers for.
    package static func phases(of plugin: any Plugin) -> [Phase] { PluginInstance.phases(of: type(of: plugin)) }

    /// Begins a handler. [loop]
    /// - Parameter onEnd: told how it ended; `kong.response.exit` ends it well. [loop]
    package func handle(
        _ plugin: any Plugin, _ phase: Phase, event: kong_event, on loop: kong_loop,
        onEnd: @escaping @Sendable ((any Error)?) -> Void
    ) {
        guard let executor = runtime.executor(of: loop) else { return onEnd(OpenError(description: "there is no loop \(loop)")) }
        let kong = Kong(runtime: runtime, event: event, phase: phase, executor: executor)
        let instance = PluginInstance(plugin)
        kong.task = Task.immediate(executorPreference: executor) {
            do {
                try await instance.handle(kong)
                onEnd(nil)
            } catch is ExitSignal {
                onEnd(nil)
            } catch {
                onEnd(error)
            }
        }
    }
}
