// Unsafe pointers: this file calls `kong_plugin_open` and reads the descriptor that it returns.

import CKongPlugin

/// A plugin that is loaded and has told what it is.
///
/// @unchecked Sendable: `descriptor` points to what `kong_plugin.h` promises to be valid and unchanged to the end of the
/// process; all else are values.
public struct OpenPlugin: @unchecked Sendable {
    public let name: PluginName
    /// As x.y.z.
    public let version: String
    public let priority: Int32
    public let phases: Phases
    /// Whether its handlers may block.
    public let isBlocking: Bool
    /// Of at least the size that ABI 1.0 gives it; `start`, `handle` and `config_schema` are there, and the last is a map.
    public let descriptor: UnsafePointer<kong_plugin>
    /// What Kong will say of its `config_schema`: some Kong takes it, and there may be warnings.
    public let schema: SchemaReport
    public let stamp: Stamp
    public let path: String
    /// When the file was last written, in seconds since 1970.
    public let modificationTime: Int64
}

extension CheckedPlugin {
    /// What is said for a plugin that says nothing.
    package static let noReason = "\(KONG_PLUGIN_OPEN_SYMBOL) failed and gave no reason"

    /// Loads the plugin and calls its `kong_plugin_open`. The first code of the plugin to run, runs in here.
    ///
    /// Call it on the main thread, once for each file in a process; `host` stays valid to the end of the process.
    public func open(host: UnsafePointer<kong_host>) throws(LoadError) -> OpenPlugin {
        let image = try PluginImage(loading: self)
        var message = kong_string()
        guard let descriptor = image.open(host, &message) else {
            let reason = Descriptor.text(message, atMost: Descriptor.longestMessage) ?? ""
            throw file.refusal(
                .openFailed, reason.isEmpty ? Self.noReason : reason,
                plugin: "\(stamp.versions)", host: "\(self.host)", fix: "do what the plugin says, and start the server again")
        }
        let checked: Descriptor
        do {
            checked = try Descriptor(descriptor, name: name)
        } catch {
            throw file.refusal(
                .badDescriptor, "its descriptor is not valid", plugin: error.found, host: error.wanted, fix: error.fix)
        }
        let schema = SchemaReport(of: checked.configSchema)
        if let refusal = file.refusal(schema) { throw refusal }
        return OpenPlugin(
            name: name, version: checked.version, priority: checked.priority, phases: checked.phases,
            isBlocking: checked.isBlocking, descriptor: descriptor, schema: schema, stamp: stamp, path: path,
            modificationTime: file.bytes.state.modified)
    }
}
