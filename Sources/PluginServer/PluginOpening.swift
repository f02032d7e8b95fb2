// Unsafe pointers: a plugin is handed its host's table.

import CFlightRecorder
import EventLoop
import PluginLoader

/// Opens plugins that have passed the check, and keeps account of what became of each.
struct PluginOpening {
    private(set) var loaded: [String: LoadedPlugin] = [:]
    private(set) var descriptions: [PluginDescription] = []
    /// Also of plugins that have been opened all the same, from the images that were kept of them.
    private(set) var refusals: [String: LoadError] = [:]
    private let contexts: [LoopContext]?
    private let policy: PluginPolicy
    private let report: LoadReport

    /// - Parameter contexts: the loops that plugins are loaded for; nil: they are only described.
    init(contexts: [LoopContext]?, policy: PluginPolicy, report: LoadReport) {
        self.contexts = contexts
        self.policy = policy
        self.report = report
    }

    mutating func refuse(_ name: String?, _ plugin: CheckedPlugin?, _ error: LoadError) {
        if let name { refusals[name] = error }
        report.refused(plugin, error)
    }

    /// Probes plugins, and loads those that pass.
    /// - Parameter plugins: each with what the file at its path was refused for, if this is not that file.
    mutating func open(_ plugins: [(plugin: CheckedPlugin, keptBecause: LoadError?)]) {
        let digests = contexts == nil ? nil : Self.startReadingDigests(plugins.map(\.plugin.file))
        let probed = PluginProber(arguments: policy.probeArguments, limits: policy.probe).probe(plugins.map(\.plugin))
        digests?.join()
        for ((plugin, keptBecause), result) in zip(plugins, probed) {
            do throws(LoadError) {
                let description = try result.get()
                if let contexts { try load(plugin, description, for: contexts, keptBecause) }
                descriptions.append(description)
                report.taken(plugin, description, as: contexts == nil ? "found" : "loaded", isKept: keptBecause != nil)
            } catch {
                // What its file was refused for is what there is to mend.
                if keptBecause != nil { report.refused(plugin, error) } else { refuse(plugin.name.description, plugin, error) }
            }
        }
    }

    /// Opens plugins from the images that were kept of them, where there is reason to.
    /// - Parameters:
    ///   - absent: why there is no directory.
    ///   - restoresMissing: whether that a file is not there is a reason.
    mutating func open(_ kept: [KeptImage], inPlaceOf absent: LoadError?, restoresMissing: Bool, directory: String) {
        var plugins: [(plugin: CheckedPlugin, keptBecause: LoadError?)] = []
        for image in kept where loaded[image.plugin.description] == nil {
            let name = image.plugin.description
            guard let reason = refusals[name] ?? absent ?? (restoresMissing ? LoadError.missing(image) : nil) else { continue }
            refusals[name] = reason
            do throws(LoadError) {
                plugins.append((try image.check(policy.check), reason))
            } catch {
                report.refused(nil, error)
            }
        }
        if !plugins.isEmpty { open(plugins) }
    }

    private mutating func load(
        _ plugin: CheckedPlugin, _ description: PluginDescription, for contexts: [LoopContext], _ keptBecause: LoadError?
    ) throws(LoadError) {
        let host = PluginHost(name: description.name, contexts: contexts, logger: report.logger)
        let open = try Self.open(plugin, host, on: contexts)
        let opened = LoadedPlugin(open, plugin.file, host, keptBecause: keptBecause, index: loaded.count)
        CrashAnswers.prepare(for: opened)
        loaded[description.name] = opened
        for warning in open.schema.findings {
            report.warn("the schema of plugin \(description.name): \(warning)")
        }
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

    /// While this thread waits for the probes; each file keeps its digest.
    private static func startReadingDigests(_ files: [PluginFile]) -> WorkThread? {
        try? WorkThread { for file in files { _ = try? file.digest() } }
    }
}

extension LoadError {
    fileprivate static func missing(_ image: KeptImage) -> LoadError {
        LoadError(
            .missingFile, .plugin(name: image.plugin.description, path: image.path), reason: "no such file",
            plugin: "nothing of this name any more", host: "had loaded it", fix: "put the plugin's file there")
    }
}
