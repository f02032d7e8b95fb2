// Unsafe pointers: the host's table, and objects that plugins are given.

import CKongPlugin
import WireProtocol

/// What a host needs for plugins in C, and in any language that can call C: `kong_host.pdk` and `kong_host.define`.
public enum NativePDK {
    /// The typed functions for an event that begins; nil if there is no place for more.
    public static func object(
        _ host: UnsafePointer<kong_host>, _ event: kong_event, _ phase: kong_phase
    ) -> UnsafePointer<kong_pdk>? {
        NativeObjects.shared?.acquire(host, event, phase)
    }

    /// The event is over. On its thread, once.
    public static func release(_ pdk: UnsafePointer<kong_pdk>) {
        NativeObjects.shared?.release(pdk)
    }

    /// Makes a plugin's descriptor from its definition; nil, and why, if the definition is not right.
    public static func define(
        _ host: UnsafePointer<kong_host>, _ definition: UnsafePointer<kong_definition>?,
        _ error: UnsafeMutablePointer<kong_string>?
    ) -> UnsafePointer<kong_plugin>? {
        do throws(DefinitionError) {
            guard let definition else { throw DefinitionError("the definition is NULL") }
            return try DefinedPlugin(host, definition).descriptor
        } catch let failure {
            // The message must outlive this call, and a plugin is opened once in a process: it is never freed.
            error?.pointee = Unmanaged.passRetained(ValueArena()).takeUnretainedValue().terminated(failure.description)
            return nil
        }
    }
}
