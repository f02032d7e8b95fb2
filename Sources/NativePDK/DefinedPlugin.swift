// Unsafe pointers: a plugin's descriptor is made here, and its functions are called with what they take.

import CKongPlugin
import ForeignFunction
import PluginLoader
import WireProtocol

/// A plugin that is defined by a table: the descriptor, whose functions are the host's. Never freed, as no plugin is.
// @unchecked Sendable: what the pointers point to is written in `init` only.
final class DefinedPlugin: @unchecked Sendable {
    private let host: UnsafePointer<kong_host>
    private let definition: PluginDefinition
    private let schema: JSONValue
    private let schemaArena = ValueArena()
    let descriptor: UnsafePointer<kong_plugin>

    /// - Parameter pointer: stays valid to the end of the process.
    init(_ host: UnsafePointer<kong_host>, _ pointer: UnsafePointer<kong_definition>) throws(DefinitionError) {
        if case .failure(let error) = NativeTables.shared { throw DefinitionError("\(error)") }
        self.host = host
        let definition = try PluginDefinition(pointer)
        self.definition = definition
        schema = .object(definition.config.schema)
        let configSchema = UnsafeMutablePointer<kong_value>.allocate(capacity: 1)
        configSchema.initialize(to: schema.kongValue(in: schemaArena))
        let memory = UnsafeMutablePointer<kong_plugin>.allocate(capacity: 1)
        descriptor = UnsafePointer(memory)
        memory.initialize(
            to: kong_plugin(
                size: UInt32(MemoryLayout<kong_plugin>.size), flags: definition.flags, name: kong_string(),
                version: schemaArena.terminated(definition.version), priority: definition.priority,
                phases: definition.handlers.keys.reduce(0) { $0 | 1 << $1 }, config_schema: UnsafePointer(configSchema),
                context: nil,
                start: { plugin, start, _, config in
                    guard let config else { return }
                    DefinedPlugin.of(plugin)?.start(start, config)
                },
                stop: { plugin, stop, _, instance in
                    DefinedPlugin.of(plugin)?.stop(stop, DefinedInstance.of(instance))
                },
                handle: { plugin, instance, phase, event, _ in
                    DefinedPlugin.of(plugin)?.handle(phase, event, instance)
                    return nil
                },
                cancel: nil))
        memory.pointee.context = Unmanaged.passRetained(self).toOpaque()
    }

    private static func of(_ plugin: UnsafePointer<kong_plugin>?) -> DefinedPlugin? {
        guard let context = plugin?.pointee.context else { return nil }
        return Unmanaged<DefinedPlugin>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: [loop]

    private func start(_ start: kong_start, _ config: UnsafePointer<kong_value>) {
        do throws(StartError) {
            let instance = try makeInstance(config)
            let status = host.pointee.started(
                host, start, kong_status(KONG_OK), kong_string(), Unmanaged.passRetained(instance).toOpaque())
            // Nobody waits for it.
            if status != kong_status(KONG_OK) { Unmanaged.passUnretained(instance).release() }
        } catch {
            _ = error.description.withKongString { host.pointee.started(host, start, kong_status(KONG_FAILED), $0, nil) }
        }
    }

    private struct StartError: Error {
        let description: String
    }

    private func makeInstance(_ config: UnsafePointer<kong_value>) throws(StartError) -> DefinedInstance {
        let config = JSONValue(config.pointee).only(definition.config.fields)
        // Kong has done so before it sent it; but what is in the struct shall be right whoever sends it.
        if let violation = ConfigViolation(of: schema, by: config) { throw StartError(description: violation.description) }
        let instance = DefinedInstance(size: definition.config.size)
        if let memory = instance.config {
            do throws(ConfigMismatch) {
                try definition.config.fill(memory, with: config, in: instance.arena)
            } catch {
                throw StartError(description: error.description)
            }
        }
        if let onStart = definition.onStart {
            var message: UnsafePointer<CChar>?
            let status = Self.status(withUnsafeMutablePointer(to: &message) { onStart.call(instance.config, $0) })
            guard status == KONG_OK else {
                let reason = ConfigTable.text(message, atMost: 4096) ?? "it gives no reason"
                throw StartError(description: "the plugin's start returned status \(status): \(reason)")
            }
        }
        return instance
    }

    private func stop(_ stop: kong_stop, _ instance: Unmanaged<DefinedInstance>?) {
        if let instance {
            _ = definition.onStop?.call(instance.takeUnretainedValue().config)
            instance.release()
        }
        _ = host.pointee.stopped(host, stop)
    }

    private func handle(_ phase: kong_phase, _ event: kong_event, _ instance: UnsafeMutableRawPointer?) {
        guard let handler = definition.handlers[phase], let instance = DefinedInstance.of(instance) else {
            return finish(event, KONG_FAILED, "there is no handler for phase \(phase)")
        }
        guard let pdk = host.pointee.pdk(host, event) else {
            return finish(event, KONG_FAILED, "there is no room for another kong_pdk")
        }
        ThreadMessage.set("")
        let status = Self.status(handler.call(pdk, instance.takeUnretainedValue().config))
        if status == KONG_OK { return finish(event, KONG_OK, "") }
        let reason = ThreadMessage.last.text
        finish(event, status, reason.isEmpty ? "the handler returned status \(status)" : reason)
    }

    /// What a function has returned: of a register's bits the lower half.
    private static func status(_ bits: Int?) -> Int {
        bits.map { Int(Int32(truncatingIfNeeded: $0)) } ?? KONG_FAILED
    }

    private func finish(_ event: kong_event, _ status: Int, _ message: String) {
        _ = message.withKongString { host.pointee.finish(host, event, kong_status(truncatingIfNeeded: status), $0) }
    }
}

extension JSONValue {
    /// A configuration without what is Kong's own (`__seq__`, `route_id`…) or older than the plugin: as for plugins in Swift.
    fileprivate func only(_ known: [ConfigTable.Field]) -> JSONValue {
        guard case .object(let fields) = self else { return self }
        let names = Set(known.map(\.name))
        return .object(fields.filter { names.contains($0.key) })
    }
}

/// The struct of one configuration, and what it points to.
// @unchecked Sendable: filled in before anybody else has it; then it is the plugin's to protect.
final class DefinedInstance: @unchecked Sendable {
    /// NULL for a plugin without one.
    let config: UnsafeMutableRawPointer?
    let arena = ValueArena()

    init(size: Int) {
        config = size > 0 ? .allocate(byteCount: size, alignment: 16) : nil
        config?.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    deinit { config?.deallocate() }

    static func of(_ instance: UnsafeMutableRawPointer?) -> Unmanaged<DefinedInstance>? {
        instance.map { Unmanaged<DefinedInstance>.fromOpaque($0) }
    }
}
