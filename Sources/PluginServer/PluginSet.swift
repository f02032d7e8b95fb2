// Unsafe pointers: a plugin's descriptor is kept here.

import CKongPlugin
import Logging
import PluginLoader
import WireProtocol

/// A plugin that has been opened, and that events can be handed to.
// @unchecked Sendable: a descriptor does not change after kong_plugin_open, by the ABI's contract.
final class LoadedPlugin: @unchecked Sendable {
    let name: String
    let description: PluginDescription
    let descriptor: UnsafePointer<kong_plugin>
    let host: PluginHost
    private let phases: UInt32
    /// Seconds since 1970: of the file, and when it was opened.
    let modifiedAt: Int64
    let loadedAt: Int64

    init(_ plugin: OpenPlugin, _ host: PluginHost) {
        name = plugin.name.description
        descriptor = plugin.descriptor
        self.host = host
        phases = plugin.phases.rawValue
        modifiedAt = plugin.modificationTime
        loadedAt = Int64(wallClockSeconds())
        description = PluginDescription(
            name: name, version: plugin.version, priority: plugin.priority, phases: plugin.phases.names,
            configSchema: plugin.descriptor.pointee.config_schema.map { JSONValue($0.pointee) } ?? .null)
    }

    @inline(__always)
    func handles(_ phase: Phase) -> Bool { phases & (1 << phase.rawValue) != 0 }

    var protoBufInfo: PluginInfo {
        PluginInfo(
            name: name, updatedAt: modifiedAt, loadedAt: loadedAt, phases: description.phases,
            version: description.version, priority: description.priority, schema: description.schema.text)
    }
}

/// The plugins of a directory: those that could be opened, and why the others could not.
public struct PluginSet: Sendable {
    let directory: String
    let loaded: [String: LoadedPlugin]
    private let refusals: [String: LoadError]

    /// What Kong wants to know of the plugins, by name.
    public var descriptions: [PluginDescription] {
        loaded.values.map(\.description).sorted { $0.name < $1.name }
    }

    /// What stands in the way of a plugin that is not there: for a person to act on.
    public func reasonForAbsence(of name: String) -> String {
        if let refusal = refusals[name] { return refusal.description }
        return "no plugin \(name): there is no \(name).so and no lib\(name).so in \(directory)"
    }

    /// Opens the plugins of a directory to describe them; they cannot handle events.
    /// - Parameter only: open no other plugin than this.
    public static func describing(
        _ directory: String, only: String? = nil, logger: Logger
    ) throws(LoadError) -> PluginSet {
        try PluginSet(directory, only: only, contexts: [], logger: logger)
    }

    /// No plugins yet.
    init(empty directory: String) {
        self.directory = directory
        loaded = [:]
        refusals = [:]
    }

    /// Opens the plugins of a directory, and logs what became of every file in it.
    init(_ directory: String, only: String?, contexts: [LoopContext], logger: Logger) throws(LoadError) {
        self.directory = directory
        let findings = try PluginDirectory(path: directory, host: .thisServer).findings
        var loaded: [String: LoadedPlugin] = [:]
        var refusals: [String: LoadError] = [:]
        var ignored = 0
        for finding in findings {
            if let only, let name = finding.name, name.description != only { continue }
            switch finding {
            case .ignored:
                ignored += 1
                logger.info("\(finding)")
            case .refused(let name, let error):
                if let name { refusals[name.description] = error }
                logger.error("\(error)")
            case .plugin(let checked):
                let name = checked.name.description
                do throws(LoadError) {
                    let host = PluginHost(name: name, contexts: contexts, logger: logger)
                    let plugin = LoadedPlugin(try checked.open(host: host.table), host)
                    loaded[name] = plugin
                    logger.notice(
                        "loaded plugin \(name) \(plugin.description.version) from \(checked.path): \(checked.stamp.versions), phases \(plugin.description.phases.joined(separator: ", "))")
                } catch {
                    refusals[name] = error
                    logger.error("\(error)")
                }
            }
        }
        self.loaded = loaded
        self.refusals = refusals
        if only == nil {
            logger.notice(
                "plugins directory \(directory): \(loaded.count) loaded, \(refusals.count) refused, \(ignored) ignored")
        }
    }
}

extension BuildVersions {
    /// What plugins are compared with.
    static let thisServer = BuildVersions(pdk: serverVersion, toolchain: "swift \(swiftVersion)")
}
