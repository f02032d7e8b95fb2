// Unsafe pointers: a plugin's descriptor is read here.

import CGuardedMemory
import CKongPlugin
import CProbe
import Glibc
import PluginLoader

/// A process that opens one plugin, does one drill with it, and ends.
public enum DrillChild {
    /// Does what a drill is for, and ends the process.
    /// - Parameters:
    ///   - name: the drill's.
    ///   - path: of the plugin, for messages; the file itself comes as a descriptor, and the report goes to another, as
    ///     those of a probe.
    ///   - config: as JSON; nil: one is made up.
    public static func run(_ name: String, path: String, config: String?, limit: Duration, host versions: BuildVersions) -> Never {
        // The parent may be killed; nothing of it shall stay behind.
        _ = probe_end_with_parent()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // As in the server.
        signal(SIGPIPE, SIG_IGN)
        guard let drill = Rule.ID(rawValue: name).flatMap(Drill.of) else { _exit(2) }
        let report = DrillReport(for: drill.rule, to: ProbeChild.report)
        report.doing("opening it")
        _ = guarded_memory_watch(ProbeChild.report)
        let isWhole = run(drill, path: path, config: config, limit: limit, versions, report)
        fflush(nil)
        report.end(isWhole: isWhole)
        // The plugin's own threads and destructors are not waited for.
        _exit(0)
    }

    /// - Returns: whether all was done.
    private static func run(
        _ drill: Drill, path: String, config: String?, limit: Duration, _ versions: BuildVersions, _ report: DrillReport
    ) -> Bool {
        let host = ConformanceHost(drill.host, report)
        let plugin: OpenPlugin
        do throws(LoadError) {
            // The parent has judged whom the file belongs to; this is the same file.
            let options = CheckOptions(host: versions, allowInsecure: true)
            plugin = try CheckedPlugin(PluginFile(path: path, owning: ProbeChild.file), options: options).open(host: host.table)
        } catch {
            refused(error, by: drill, report)
            return true
        }
        // A runtime that the plugin brings may have put its own in the place.
        _ = guarded_memory_watch(ProbeChild.report)
        if drill.host == .current { report.opened(DescriptorCopy(plugin).stable) }
        let before = DescriptorCopy(plugin)
        report.examined(.values)
        if let complaint = plugin.descriptor.pointee.config_schema?.pointee.complaint {
            report.broken(.values, "config_schema: \(complaint)")
        }
        let given = config.flatMap { try? JSONValue(parsing: $0) }
        let description = PluginDescription(plugin)
        let bench = Bench(
            plugin: plugin, host: host, config: given.map(description.effectiveConfig) ?? ConfigSample.fitting(description), limit: limit)
        var isWhole = true
        do throws(DrillEnd) {
            try drill.run(bench)
        } catch {
            switch error {
            case .broken(let found): report.broken(found)
            case .notApplicable(let reason): report.skipped(reason)
            case .ended: isWhole = false
            }
        }
        for stray in host.strayCalls { report.broken(.loopThread, stray) }
        report.examined(.unchangedDescriptor)
        if let change = DescriptorCopy(plugin).difference(from: before) { report.broken(.unchangedDescriptor, change) }
        return isWhole
    }

    /// It does not open for a host that offers less: which is all right, if it says so.
    private static func refused(_ error: LoadError, by drill: Drill, _ report: DrillReport) {
        guard error.code == .openFailed else {
            report.broken("it does not open: \(error.reason) (\(error.code.rawValue))")
            return
        }
        report.examined()
        report.examined(.openFailure)
        if error.reason == CheckedPlugin.noReason {
            report.broken(.openFailure, "it returned NULL and no message")
        }
    }
}

/// What a descriptor says at one time.
private struct DescriptorCopy {
    /// What is the same in each process.
    let stable: String
    private let bytes: [UInt8]

    init(_ plugin: OpenPlugin) {
        let descriptor = plugin.descriptor.pointee
        stable = JSONValue.object([
            "flags": .integer(Int64(descriptor.flags)), "name": .string(descriptor.name.checkedText),
            "version": .string(descriptor.version.checkedText), "priority": .integer(Int64(descriptor.priority)),
            "phases": .integer(Int64(descriptor.phases)), "schema": PluginDescription(plugin).configSchema,
        ]).text
        bytes = Array(UnsafeRawBufferPointer(start: plugin.descriptor, count: Int(plugin.descriptor.pointee.size)))
    }

    /// What has changed since; nil: nothing.
    func difference(from earlier: DescriptorCopy) -> String? {
        if stable != earlier.stable { return "it said \(earlier.stable), and says \(stable) now" }
        return bytes == earlier.bytes ? nil : "other functions, or another context, than when it was returned"
    }
}
