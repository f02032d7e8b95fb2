// Unsafe pointers: the C side of a plugin: its descriptor, and the callbacks of the host.

import CKongPlugin
import CKongPluginEntry

/// Why a plugin cannot be opened.
struct OpenError: Error, CustomStringConvertible {
    let description: String
}

/// A plugin that a host has opened: the C descriptor, and what its callbacks work with. It is never freed, since a
/// plugin is never unloaded.
// @unchecked Sendable: nothing changes after `open` but the descriptor's memory, which only `open` writes.
final class PluginRuntime: @unchecked Sendable {
    let host: UnsafePointer<kong_host>
    /// By `PDKMethod.index`.
    private let methods: [kong_method]
    private let isBlocking: Bool
    /// By loop. Like all of this they are never freed.
    private let executors: [Unmanaged<LoopExecutor>]
    private let makeInstance: @Sendable (Value) async throws -> PluginInstance

    /// Opens a plugin: what its descriptor promises is all worked out here, so that a bad one is refused at once.
    static func open<P: Plugin>(
        _ type: P.Type, host: UnsafePointer<kong_host>
    ) throws -> UnsafePointer<kong_plugin> {
        guard host.pointee.size >= MemoryLayout<kong_host>.size else {
            throw OpenError(description: "the host offers less than ABI \(KONG_ABI_MAJOR).\(KONG_ABI_MINOR) does")
        }
        guard let priority = Int32(exactly: P.priority) else {
            throw OpenError(description: "priority \(P.priority) does not fit into 32 bits")
        }
        let phases = PluginInstance.phases(of: P.self)
        guard !phases.isEmpty else {
            throw OpenError(
                description: "\(P.self) handles no phase: let it conform to AccessPhase, or another phase's protocol")
        }
        let schema = try ConfigSchema(P.Config.self)
        let runtime = PluginRuntime(host: host, isBlocking: P.blocking) { config in
            PluginInstance(try await P(config: schema.decode(config)))
        }

        // What the descriptor points to lives as long as the process.
        let schemaStorage = Unmanaged.passRetained(KongValueStorage(schema.value)).takeUnretainedValue()
        let descriptor = UnsafeMutablePointer<kong_plugin>.allocate(capacity: 1)
        descriptor.initialize(
            to: kong_plugin(
                size: UInt32(MemoryLayout<kong_plugin>.size),
                flags: P.blocking ? UInt32(KONG_PLUGIN_BLOCKING) : 0,
                name: kong_string(),
                version: kong_string(immortal: P.version),
                priority: priority,
                phases: phases.reduce(0) { $0 | 1 << $1.rawValue },
                config_schema: schemaStorage.pointer,
                context: Unmanaged.passRetained(runtime).toOpaque(),
                start: { plugin, start, loop, config in
                    guard let runtime = PluginRuntime.of(plugin), let config else { return }
                    runtime.start(start, on: loop, config: Value(config.pointee))
                },
                stop: { plugin, stop, loop, instance in
                    guard let runtime = PluginRuntime.of(plugin), let instance else { return }
                    runtime.stop(
                        Unmanaged<PluginInstance>.fromOpaque(instance).takeRetainedValue(), stop, on: loop)
                },
                handle: { plugin, instance, phase, event, loop in
                    guard let context = plugin?.pointee.context, let instance else { return nil }
                    // References that count nothing: the host keeps the instance, and nobody frees a runtime.
                    return Unmanaged<PluginRuntime>.fromOpaque(context)._withUnsafeGuaranteedRef { runtime in
                        Unmanaged<PluginInstance>.fromOpaque(instance)._withUnsafeGuaranteedRef {
                            runtime.handle($0, phase, event, loop)
                        }
                    }
                },
                cancel: { _, _, handled in
                    guard let handled else { return }
                    Unmanaged<Kong>.fromOpaque(handled).takeUnretainedValue().cancel()
                }))
        return UnsafePointer(descriptor)
    }

    private static func of(_ plugin: UnsafePointer<kong_plugin>?) -> PluginRuntime? {
        guard let context = plugin?.pointee.context else { return nil }
        return Unmanaged<PluginRuntime>.fromOpaque(context).takeUnretainedValue()
    }

    init(
        host: UnsafePointer<kong_host>, isBlocking: Bool = false,
        makeInstance: @escaping @Sendable (Value) async throws -> PluginInstance
    ) {
        self.host = host
        self.isBlocking = isBlocking
        self.makeInstance = makeInstance
        ServerLog.open(host)
        executors = (0..<host.pointee.loop_count).map { .passRetained(LoopExecutor(host: host, loop: $0)) }
        methods = PDKMethod.allCases.map { method in
            method.rawValue.withKongString { host.pointee.find_method(host, $0) }
        }
    }

    /// The host's handle of a method; 0 if it has none.
    func handle(of method: PDKMethod) -> kong_method { methods[method.index] }

    func executor(of loop: kong_loop) -> LoopExecutor? {
        loop < executors.count ? executors[Int(loop)].takeUnretainedValue() : nil
    }

    // MARK: Callbacks [loop]

    /// Begins a task of the plugin; a blocking one has ended when this returns.
    private func begin(on loop: kong_loop, _ body: @escaping @Sendable () async -> Void) {
        guard isBlocking else {
            _ = Task.immediate(executorPreference: executor(of: loop)) { await body() }
            return
        }
        let executor = ThreadExecutor()
        _ = Task.immediate(executorPreference: executor) {
            await body()
            executor.end()
        }
        executor.runUntilEnd()
    }

    private func start(_ start: kong_start, on loop: kong_loop, config: Value) {
        begin(on: loop) { [self] in
            do {
                let instance = try await makeInstance(config)
                started(start, KONG_OK, "", Unmanaged.passRetained(instance).toOpaque())
            } catch {
                started(start, KONG_FAILED, "\(error)", nil)
            }
        }
    }

    private func started(_ start: kong_start, _ status: Int, _ message: String, _ instance: UnsafeMutableRawPointer?) {
        _ = message.withKongString {
            host.pointee.started(host, start, kong_status(status), $0, instance)
        }
    }

    private func stop(_ instance: PluginInstance, _ stop: kong_stop, on loop: kong_loop) {
        begin(on: loop) { [self] in
            await instance.shutdown()
            _ = host.pointee.stopped(host, stop)
        }
    }

    @inline(__always)
    private func handle(
        _ instance: PluginInstance, _ phase: kong_phase, _ event: kong_event, _ loop: kong_loop
    ) -> UnsafeMutableRawPointer? {
        guard let phase = Phase(rawValue: phase), loop < executors.count else {
            finish(event, KONG_FAILED, "the host named a phase or a loop that this plugin does not know")
            return nil
        }
        if isBlocking {
            handleBlocking(instance, phase, event)
            return nil
        }
        return executors[Int(loop)]._withUnsafeGuaranteedRef { executor in
            guard let handler = instance.handler(of: phase) else {
                finish(event, KONG_OK, "")
                return nil
            }
            return handler._withUnsafeGuaranteedRef { handler in
                if handler.isSynchronous {
                    executor.withKong(for: event, phase, of: self) { handleSynchronously(handler, $0, event) }
                    return nil
                }
                if let task = executor.takeIdle() {
                    task.begin(handler, phase, event)
                    return task.handled
                }
                return HandlerTask(self, executor, handler, phase, event).handled
            }
        }
    }

    /// Calls a handler that does not wait for anything.
    @inline(__always)
    private func handleSynchronously(_ handler: PhaseHandler, _ kong: Kong, _ event: kong_event) {
        do {
            try handler.handleSynchronously(kong)
            finish(event, KONG_OK, "")
        } catch is ExitSignal {
            finish(event, KONG_OK, "")
        } catch {
            finish(event, KONG_FAILED, "\(error)")
        }
    }

    /// Runs a handler to its end.
    func run(_ handler: PhaseHandler, _ kong: Kong, _ event: kong_event) async {
        do {
            try await handler.handle(kong)
            finish(event, KONG_OK, "")
        } catch is ExitSignal {
            finish(event, KONG_OK, "")
        } catch {
            finish(event, KONG_FAILED, "\(error)")
        }
    }

    /// The same on this thread, which is the handler's until it has returned.
    private func handleBlocking(_ instance: PluginInstance, _ phase: Phase, _ event: kong_event) {
        guard let handler = instance.handler(of: phase)?.takeUnretainedValue() else { return finish(event, KONG_OK, "") }
        let executor = ThreadExecutor()
        let kong = Kong(runtime: self, event: event, phase: phase, executor: executor)
        _ = Task.immediate(executorPreference: executor) { [self] in
            await run(handler, kong, event)
            executor.end()
        }
        executor.runUntilEnd()
    }

    private func finish(_ event: kong_event, _ status: Int, _ message: String) {
        _ = message.withKongString { host.pointee.finish(host, event, kong_status(status), $0) }
    }
}
