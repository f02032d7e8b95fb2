// Unsafe pointers: a plugin's descriptor is kept here.

import CFlightRecorder
import CKongPlugin
import Glibc
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
    /// What it was loaded from.
    let file: PluginFile
    /// Of the file; empty: not known.
    let sha256: String
    /// Why it was not loaded from what is at its path.
    let keptBecause: LoadError?
    /// Seconds since 1970: of the file, and when it was opened.
    let modifiedAt: Int64
    let loadedAt: Int64
    /// Its place among the plugins.
    private let index: Int

    init(_ plugin: OpenPlugin, _ file: PluginFile, _ host: PluginHost, keptBecause: LoadError?, index: Int) {
        name = plugin.name.description
        path = plugin.path
        descriptor = plugin.descriptor
        self.host = host
        hostTable = host.table
        place = host.place
        isBlocking = plugin.isBlocking
        phases = plugin.phases.rawValue
        self.file = file
        sha256 = file.knownDigest
        self.keptBecause = keptBecause
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

    /// For whoever looks after this process.
    var facts: TakenPlugin {
        TakenPlugin(
            name: name, version: description.version, schema: description.schema.text, file: file, sha256: sha256,
            isKept: keptBecause != nil)
    }

    var protoBufInfo: PluginInfo {
        PluginInfo(
            name: name, updatedAt: modifiedAt, loadedAt: loadedAt, phases: description.phases,
            version: description.version, priority: description.priority, schema: description.schema.text)
    }
}

extension PluginFile {
    /// Its SHA-256; empty if somebody writes to it.
    var knownDigest: String { (try? digest().description) ?? "" }
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
        for file in ["\(name).so", "lib\(name).so"] where access("\(directory)/\(file)", F_OK) == 0 {
            return "no plugin \(name): \(directory)/\(file) was not there, or not fit to be loaded, when plugins were loaded last; the log says which, and swift-pluginserver reload \(name) tries again"
        }
        return "no plugin \(name): there is no \(name).so and no lib\(name).so in \(directory); put its file there, or remove the plugin from Kong's configuration"
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
    ///
    /// A plugin whose file is refused is opened from the image that was kept of it, if there is one.
    /// - Parameters:
    ///   - excluded: plugins that are not even opened.
    ///   - kept: images of plugins.
    ///   - restoresMissing: whether these also stand in for files, or a directory, that are not there.
    ///   - contexts: the loops that plugins are loaded for; nil: none is.
    init(
        _ directory: String, only: String?, except excluded: Set<String> = [], kept: [KeptImage] = [], restoresMissing: Bool = false,
        contexts: [LoopContext]?, policy: PluginPolicy, report: LoadReport
    ) throws(LoadError) {
        quarantined = excluded.sorted()
        let kept = kept.filter { !excluded.contains($0.plugin.description) && (only == nil || only == $0.plugin.description) }
        var opening = PluginOpening(contexts: contexts, policy: policy, report: report)
        var checked: [CheckedPlugin] = []
        var absent: LoadError?
        do throws(LoadError) {
            for finding in try Self.findings(in: directory, only: only, policy, report) {
                switch finding {
                case .ignored(let fileName, let reason): report.ignored(fileName: fileName, reason: reason, finding)
                case .refused(let name, let error): opening.refuse(name?.description, nil, error)
                case .plugin(let plugin):
                    if !excluded.contains(plugin.name.description) { checked.append(plugin) }
                }
            }
        } catch {
            guard restoresMissing, !kept.isEmpty else { throw error }
            absent = error
        }
        for plugin in checked { for image in kept where image.plugin == plugin.name { plugin.file.adoptDigest(of: image) } }
        opening.open(checked)
        opening.open(kept, inPlaceOf: absent, restoresMissing: restoresMissing)
        if contexts != nil { flight_note_modules() }
        self.directory = directory
        loaded = opening.loaded
        descriptions = opening.descriptions.sorted { $0.name < $1.name }
        refusals = opening.refusals
        if only == nil { report.summarise() }
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
