// Unsafe pointers: a plugin's `kong_definition` is read here, no farther than the sizes in it allow.

import CKongPlugin
import ForeignFunction
import PluginLoader

/// A plugin's definition, checked.
struct PluginDefinition: Sendable {
    let flags: UInt32
    let version: String
    let priority: Int32
    let config: ConfigTable
    /// By `kong_phase`.
    let handlers: [UInt32: ForeignFunction]
    let onStart: ForeignFunction?
    let onStop: ForeignFunction?

    private static let handlerLimit = 64

    init(_ pointer: UnsafePointer<kong_definition>) throws(DefinitionError) {
        let definition: kong_definition
        do throws(DeclaredSignatures.Unreadable) {
            definition = try DeclaredSignatures.read(pointer)
        } catch {
            throw DefinitionError(error.description)
        }
        flags = definition.flags
        priority = definition.priority
        guard let version = ConfigTable.text(definition.version, atMost: 64) else { throw DefinitionError("it has no version") }
        self.version = version
        config = try ConfigTable(definition.fields, count: definition.field_count, size: definition.config_size)
        if let taken = config.fields.first(where: { Self.isTaken($0.name) }) {
            throw DefinitionError("config.\(taken.name): Kong writes a value of its own under that name")
        }
        var handlers: [UInt32: ForeignFunction] = [:]
        for handler in UnsafeBufferPointer(start: definition.handlers, count: definition.handler_count) {
            guard handlers[handler.kind] == nil else {
                throw DefinitionError("there are two handlers for \(DeclaredSignatures.name(of: handler.kind))")
            }
            handlers[handler.kind] = try Self.function(handler)
        }
        onStart = handlers.removeValue(forKey: UInt32(KONG_ON_START))
        onStop = handlers.removeValue(forKey: UInt32(KONG_ON_STOP))
        guard !handlers.isEmpty else { throw DefinitionError("it has no handler for any phase") }
        self.handlers = handlers
    }

    /// kong/runloop/plugins_iterator.lua, `get_plugin_config`: these are written over what the user has set.
    private static func isTaken(_ name: String) -> Bool {
        name.hasPrefix("__") || ["route_id", "service_id", "consumer_id", "plugin_instance_name"].contains(name)
    }

    private static func function(_ handler: kong_handler) throws(DefinitionError) -> ForeignFunction {
        let name = DeclaredSignatures.name(of: handler.kind)
        guard let wanted = DeclaredSignatures.wanted(for: handler.kind) else {
            throw DefinitionError("there is no kind \(handler.kind) of handlers")
        }
        let declared = ConfigTable.text(handler.signature, atMost: 64) ?? ""
        guard declared == wanted, let signature = Signature(declared) else {
            throw DefinitionError("\(name) has the signature \(declared.debugDescription), and not \"\(wanted)\"")
        }
        guard let function = handler.function else { throw DefinitionError("\(name) is NULL") }
        do throws(ForeignFunctionError) {
            return try ForeignFunction(unsafeBitCast(function, to: UnsafeMutableRawPointer.self), signature)
        } catch {
            throw DefinitionError("\(name): \(error)")
        }
    }
}
