// Unsafe pointers: the host's table passes through.

import CKongPlugin
import CProbe
import Glibc

/// The other side of a probe: a process that opens one plugin, says what it is, and ends.
public enum ProbeChild {
    /// The descriptors that the parent has put in place: the plugin's file, and where the report goes. Standard input is
    /// empty; standard output and error are the plugin's, and the parent reads them.
    package static let file: CInt = 3
    package static let report: CInt = 4
    /// The status of a probe whose report found no way to the parent: the plugin has closed it.
    static let reportLost: CInt = 119

    /// Does what a probe is for, and ends the process.
    /// - Parameters:
    ///   - path: of the plugin, for messages; the file itself comes as a descriptor.
    ///   - host: what the plugin is opened for, by its name.
    public static func run(
        path: String, memory: UInt64, host versions: BuildVersions, for host: (PluginName) -> UnsafePointer<kong_host>
    ) -> Never {
        // The parent may be killed; nothing of it shall stay behind.
        _ = probe_end_with_parent()
        limit(RLIMIT_CORE, 0)
        limit(RLIMIT_AS, memory)
        let result: Result<PluginDescription, LoadError>
        do throws(LoadError) {
            // The parent has judged whom the file belongs to; this is the same file.
            let options = CheckOptions(host: versions, allowInsecure: true)
            let plugin = try CheckedPlugin(PluginFile(path: path, owning: file), options: options)
            result = .success(PluginDescription(try plugin.open(host: host(plugin.name))))
        } catch {
            result = .failure(error)
        }
        // What the plugin has printed through C's streams must be seen.
        fflush(nil)
        var rest = ProbeReport(result).json[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(report, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { _exit(reportLost) }
            rest = rest.dropFirst(written)
        }
        // The plugin's own threads and destructors are not waited for.
        _exit(0)
    }

    private static func limit(_ resource: __rlimit_resource, _ value: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }
}
