// Unsafe pointers: a plugin's descriptor is kept here.

import CFlightRecorder
import CKongPlugin
import Logging
import PluginLoader
import WireProtocol

/// A plugin that has been opened, and that events can be handed to.
// @unchecked Sendable: a descriptor does not change after kong_plugin_open, by the ABI's contract.
final class LoadedPlugin: @unchecked Sendable {
    let name: String
    let path: String
    let description: PluginDescription
    let descriptor: UnsafePointer<kong_plugin>
    let host: PluginHost
    /// What the plugin has of it; and its place in the flight recorder's table.
    let hostTable: UnsafePointer<kong_host>
    let place: UInt16
    /// Whether it runs on threads of the pool.
    let isBlocking: Bool
    private let phases: UInt32
    /// Seconds since 1970: of the file, and when it was opened.
    let modifiedAt: Int64
    let loadedAt: Int64
    /// Its place among the plugins.
    private let index: Int

    init(_ plugin: OpenPlugin, _ host: PluginHost, index: Int) {
        name = plugin.name.description
        path = plugin.path
        descriptor = plugin.descriptor
        self.host = host
        hostTable = host.table
        place = host.place
        isBlocking = plugin.isBlocking
        phases = plugin.phases.rawValue
        modifiedAt = plugin.modificationTime
        loadedAt = Int64(wallClockSeconds())
        description = PluginDescription(plugin)
        self.index = index
    }

    @inline(__always)
    func handles(_ phase: Phase) -> Bool { phases & (1 << phase.rawValue) != 0 }

    /// The number of the counters of its events in a phase.
    @inline(__always)
    func meterNumber(_ phase: Phase) -> Int { index * Phase.count + Int(phase.rawValue) }

    var protoBufInfo: PluginInfo {
        PluginInfo(
            name: name, updatedAt: modifiedAt, loadedAt: loadedAt, phases: description.phases,
            version: description.version, priority: description.priority, schema: description.schema.text)
    }
}

/// How plugins are judged before they are loaded.
public struct PluginPolicy: Sendable {
    public var check: CheckOptions
    public var probe: ProbeLimits
    /// With what this program becomes a probe (`runProbe`).
    public var probeArguments: [String]

    public init(
        allowInsecure: Bool = false, requireLock: Bool = false, probe: ProbeLimits = ProbeLimits(), probeArguments: [String]
    ) {
        check = CheckOptions(host: .thisServer, allowInsecure: allowInsecure, requireLock: requireLock)
        self.probe = probe
        self.probeArguments = probeArguments
    }
}

/// The plugins of a directory: those that are fit to be used, and why the others are not.
public struct PluginSet: Sendable {
    let directory: String
    /// The plugins that events can be handed to.
    let loaded: [String: LoadedPlugin]
    /// What Kong wants to know of the plugins, by name.
    public let descriptions: [PluginDescription]
    let refusals: [String: LoadError]
    /// Plugins that are not open for now: they are counted by their names, too.
    let quarantined: [String]

    /// What stands in the way of a plugin that is not there: for a person to act on.
    public func reasonForAbsence(of name: String) -> String {
        if let refusal = refusals[name] { return refusal.description }
        return "no plugin \(name): there is no \(name).so and no lib\(name).so in \(directory)"
    }

    /// Whether it has a file that was refused, which the log says.
    public func hasRefused(_ name: String) -> Bool { refusals[name] != nil }

    /// The number of the counters of events whose plugin is not loaded.
    func meterNumberOfOthers(_ phase: Phase) -> Int { number(loaded.count, phase) }

    /// The same of one that is quarantined, by its place in `quarantined`.
    func meterNumber(ofQuarantined index: Int, _ phase: Phase) -> Int { number(loaded.count + 1 + index, phase) }

    func meterNumber(of name: String, _ phase: Phase) -> Int {
        if let plugin = loaded[name] { return plugin.meterNumber(phase) }
        return quarantined.firstIndex(of: name).map { meterNumber(ofQuarantined: $0, phase) } ?? meterNumberOfOthers(phase)
    }

    private func number(_ index: Int, _ phase: Phase) -> Int { index * Phase.count + Int(phase.rawValue) }

    /// No plugins yet.
    init(empty directory: String) {
        self.directory = directory
        loaded = [:]
        descriptions = []
        refusals = [:]
        quarantined = []
    }

    /// Describes the plugins of a directory, without loading any of them into this process.
    /// - Parameter only: look at no other plugin than this.
    public static func describing(
        _ directory: String, only: String? = nil, policy: PluginPolicy, logger: Logger, diagnostics: Diagnostics?
    ) throws(LoadError) -> PluginSet {
        let report = LoadReport(on: directory, logger: logger, diagnostics: diagnostics)
        defer { report.writeRecords() }
        return try PluginSet(directory, only: only, contexts: nil, policy: policy, report: report)
    }

    /// Judges the plugins of a directory, and reports what became of every file in it: the check reads the file, the probe
    /// opens the plugin in a process of its own, and only what has passed both is loaded.
    /// - Parameters:
    ///   - excluded: plugins that are not even opened.
    ///   - contexts: the loops that plugins are loaded for; nil: none is.
    init(
        _ directory: String, only: String?, except excluded: Set<String> = [], contexts: [LoopContext]?,
        policy: PluginPolicy, report: LoadReport
    ) throws(LoadError) {
        self.directory = directory
        quarantined = excluded.sorted()
        var refusals: [String: LoadError] = [:]
        var checked: [CheckedPlugin] = []
        for finding in try Self.findings(in: directory, only: only, policy, report) {
            switch finding {
            case .ignored(let fileName, let reason): report.ignored(fileName: fileName, reason: reason, finding)
            case .refused(let name, let error):
                if let name { refusals[name.description] = error }
                report.refused(nil, error)
            case .plugin(let plugin):
                if !excluded.contains(plugin.name.description) { checked.append(plugin) }
            }
        }

        var descriptions: [PluginDescription] = []
        var loaded: [String: LoadedPlugin] = [:]
        let probed = PluginProber(arguments: policy.probeArguments, limits: policy.probe).probe(checked)
        for (plugin, result) in zip(checked, probed) {
            do throws(LoadError) {
                let description = try result.get()
                if let contexts {
                    let host = PluginHost(name: description.name, contexts: contexts, logger: report.logger)
                    let open = try Self.open(plugin, host, on: contexts)
                    let opened = LoadedPlugin(open, host, index: loaded.count)
                    CrashAnswers.prepare(for: opened)
                    loaded[description.name] = opened
                    for warning in open.schema.findings {
                        report.warn("the schema of plugin \(description.name): \(warning)")
                    }
                }
                descriptions.append(description)
                report.taken(plugin, description, as: contexts == nil ? "found" : "loaded")
            } catch {
                refusals[plugin.name.description] = error
                report.refused(plugin, error)
            }
        }
        if contexts != nil { flight_note_modules() }
        self.loaded = loaded
        self.descriptions = descriptions.sorted { $0.name < $1.name }
        self.refusals = refusals
        if only == nil { report.summarise() }
    }

    /// Lets the plugin's first code run. On the thread that will be the first loop's.
    private static func open(
        _ plugin: CheckedPlugin, _ host: PluginHost, on contexts: [LoopContext]
    ) throws(LoadError) -> OpenPlugin {
        guard let context = contexts.first else { return try plugin.open(host: host.table) }
        let outer = flight_begin(context.slot, host.mark, UInt8(FLIGHT_OPEN))
        defer { flight_end(context.slot, outer) }
        return try plugin.open(host: host.table)
    }

    private static func findings(
        in directory: String, only: String?, _ policy: PluginPolicy, _ report: LoadReport
    ) throws(LoadError) -> [Finding] {
        do throws(LoadError) {
            return try PluginDirectory(path: directory, options: policy.check).findings.filter { finding in
                guard let only, let name = finding.name else { return true }
                return name.description == only
            }
        } catch {
            report.refusedDirectory(error)
            throw error
        }
    }
}

/// Becomes a probe: opens the plugin whose file is descriptor 3, tells its parent what it is, and ends.
public func runProbe(path: String, memory: UInt64, logger: Logger) -> Never {
    ProbeChild.run(path: path, memory: memory, host: .thisServer) { name in
        PluginHost(name: name.description, contexts: [], logger: logger).table
    }
}

extension BuildVersions {
    /// What plugins are compared with.
    static let thisServer = BuildVersions(pdk: serverVersion, toolchain: "swift \(swiftVersion)")
}
