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
    /// The SHA-256 of files that were refused for what they do, and not for what they are called or whose they are.
    private var unfit: Set<String> = []
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
    mutating func open(_ plugins: [CheckedPlugin]) {
        let digests = contexts == nil ? nil : Self.startReadingDigests(plugins.map(\.file))
        let probed = PluginProber(arguments: policy.probeArguments, limits: policy.probe).probe(plugins)
        digests?.join()
        for (plugin, result) in zip(plugins, probed) {
            do throws(LoadError) {
                try take(plugin, try result.get(), keptBecause: nil)
            } catch {
                refuse(plugin.name.description, plugin, error)
                if !error.isOfCircumstances { unfit.insert(plugin.file.knownDigest) }
            }
        }
    }

    /// Opens plugins from the images that were kept of them, where there is reason to. They have served before, so they are not
    /// probed again: a machine that is short of time or processes would take away what it has.
    /// - Parameters:
    ///   - absent: why there is no directory.
    ///   - restoresMissing: whether that a file is not there is a reason.
    mutating func open(_ kept: [KeptImage], inPlaceOf absent: LoadError?, restoresMissing: Bool) {
        for image in kept where loaded[image.plugin.description] == nil {
            let name = image.plugin.description
            guard let reason = refusals[name] ?? absent ?? (restoresMissing ? LoadError.missing(image) : nil) else { continue }
            // What its file was refused for is what there is to mend, whatever becomes of the image.
            refusals[name] = reason
            guard !unfit.contains(image.sha256) else { continue }
            var plugin: CheckedPlugin?
            do throws(LoadError) {
                let checked = try image.check(policy.check)
                plugin = checked
                try take(checked, nil, keptBecause: reason)
            } catch {
                report.refused(plugin, error)
            }
        }
    }

    /// - Parameter description: nil: to be told by the plugin when it is loaded.
    private mutating func take(
        _ plugin: CheckedPlugin, _ description: PluginDescription?, keptBecause: LoadError?
    ) throws(LoadError) {
        let loaded = contexts == nil ? nil : try load(plugin, keptBecause)
        guard let description = description ?? loaded?.description else { return }
        descriptions.append(description)
        report.taken(plugin, description, as: contexts == nil ? "found" : "loaded", isKept: keptBecause != nil)
    }

    private mutating func load(_ plugin: CheckedPlugin, _ keptBecause: LoadError?) throws(LoadError) -> LoadedPlugin {
        let host = PluginHost(name: plugin.name.description, contexts: contexts ?? [], logger: report.logger)
        let open = try Self.open(plugin, host, on: contexts ?? [])
        let opened = LoadedPlugin(open, plugin.file, host, keptBecause: keptBecause, index: loaded.count)
        CrashAnswers.prepare(for: opened)
        loaded[opened.name] = opened
        for warning in open.schema.findings { report.warn("the schema of plugin \(opened.name): \(warning)") }
        return opened
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
    /// Whether it says more of the machine than of the file.
    fileprivate var isOfCircumstances: Bool { code == .loadTimeout || code == .probeFailed }

    fileprivate static func missing(_ image: KeptImage) -> LoadError {
        LoadError(
            .missingFile, .plugin(name: image.plugin.description, path: image.path), reason: "no such file",
            plugin: "nothing of this name any more", host: "had loaded it", fix: "put the plugin's file there")
    }
}
