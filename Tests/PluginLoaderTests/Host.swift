import CKongPlugin

@testable import PluginLoader

/// The host of all tests.
enum Host {
    static let versions = BuildVersions(pdk: "0.1.0", toolchain: "swift 6.3.1")

    static let options = CheckOptions(host: versions)

    /// Plugins may keep it, so it is never freed.
    nonisolated(unsafe) static let pointer: UnsafePointer<kong_host> = {
        let host = UnsafeMutablePointer<kong_host>.allocate(capacity: 1)
        host.initialize(to: kong_host())
        host.pointee.size = UInt32(MemoryLayout<kong_host>.size)
        host.pointee.abi_major = ABIVersion.host.major
        host.pointee.abi_minor = ABIVersion.host.minor
        return UnsafePointer(host)
    }()
}

func check(_ path: String) throws(LoadError) -> CheckedPlugin {
    try CheckedPlugin(PluginFile(path: path), host: Host.versions)
}

/// The refusal of the file at `path`, or `nil` if it passes.
func refusal(of path: String) -> LoadError? {
    do {
        _ = try check(path)
        return nil
    } catch {
        return error
    }
}
