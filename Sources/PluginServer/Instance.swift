// Unsafe pointers: an instance is the plugin's own pointer.

import CKongPlugin
import EventLoop
import WireProtocol

/// The number by which Kong knows an instance: its 31 bits are what ProtoBuf:1 carries.
struct InstanceID: Hashable, Sendable, CustomStringConvertible {
    let rawValue: Int32

    init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    init?(exactly number: Int64) {
        guard let rawValue = Int32(exactly: number) else { return nil }
        self.rawValue = rawValue
    }

    var description: String { "\(rawValue)" }
}

/// Kong looks for these words, and then starts the instance anew.
struct UnknownInstance: Error, CustomStringConvertible {
    let description: String

    init(_ id: some CustomStringConvertible) {
        description = "No plugin instance \(id)"
    }
}

/// A plugin's instance for one configuration, as it runs. The plugin is told to stop it when nobody has it any more:
/// no id, and no event.
// @unchecked Sendable: nothing changes after `init`, and what `pointer` points to is the plugin's to protect.
final class Instance: @unchecked Sendable {
    let plugin: LoadedPlugin
    private let pointer: UnsafeMutableRawPointer?
    /// Where it was started, and will be stopped.
    private let home: LoopContext

    init(_ plugin: LoadedPlugin, _ pointer: UnsafeMutableRawPointer?, _ home: LoopContext) {
        self.plugin = plugin
        self.pointer = pointer
        self.home = home
    }

    /// Lets the plugin handle an event; returns what it wants for `cancel`.
    @inline(__always)
    func handle(_ event: Event) -> UnsafeMutableRawPointer? {
        let descriptor = plugin.descriptor
        guard let handle = descriptor.pointee.handle else { return nil }
        return handle(
            descriptor, pointer, kong_phase(event.phase.rawValue), event.id.rawValue,
            kong_loop(event.context.loop.index))
    }

    func cancel(_ event: EventID, _ handled: UnsafeMutableRawPointer) {
        plugin.descriptor.pointee.cancel?(plugin.descriptor, event.rawValue, handled)
    }

    deinit {
        nonisolated(unsafe) let pointer = pointer
        let (plugin, home) = (plugin, home)
        if home.loop.isCurrent {
            home.stop(plugin, pointer)
        } else {
            home.loop.schedule { home.stop(plugin, pointer) }
        }
    }
}

/// An instance, as one loop has it: what counts references for each event is the loop's alone. An instance that all loops
/// count on keeps their processors waiting for each other.
// @unchecked Sendable: it is passed on to the loop's own closures.
final class LoopInstance: @unchecked Sendable {
    let instance: Instance
    /// The instance's, which lives as long as the server.
    let plugin: Unmanaged<LoadedPlugin>

    init(_ instance: Instance) {
        self.instance = instance
        plugin = .passUnretained(instance.plugin)
    }
}

/// An instance that a plugin is starting.
struct PendingStart {
    let plugin: LoadedPlugin
    let finish: (Result<UnsafeMutableRawPointer?, StartFailure>) -> Void
}

/// Why an instance could not be started, in the plugin's words.
struct StartFailure: Error, Sendable, CustomStringConvertible {
    let description: String
}
