import CKongPlugin

/// A version of the plugin ABI, as `kong_plugin.h` counts it.
public struct ABIVersion: Hashable, Sendable, CustomStringConvertible {
    public let major: UInt16
    public let minor: UInt16

    public init(major: UInt16, minor: UInt16) {
        self.major = major
        self.minor = minor
    }

    /// The version of the header that this host is compiled with.
    public static let host = ABIVersion(
        major: UInt16(truncatingIfNeeded: KONG_ABI_MAJOR), minor: UInt16(truncatingIfNeeded: KONG_ABI_MINOR))

    public var description: String { "\(major).\(minor)" }
}

/// What one side, a plugin or the host, was built with: the two halves of a version refusal's second line.
public struct BuildVersions: Hashable, Sendable, CustomStringConvertible {
    public let abi: ABIVersion
    /// Of KongPDK, as "0.1.0"; empty for a plugin that is written against `kong_plugin.h` alone.
    public let pdk: String
    /// The compiler, as "swift 6.3.1"; empty where it is not known.
    public let toolchain: String

    public init(abi: ABIVersion = .host, pdk: String, toolchain: String) {
        self.abi = abi
        self.pdk = pdk
        self.toolchain = toolchain
    }

    /// As "ABI 1.0, PDK 0.1.0, swift 6.3.1".
    public var description: String {
        "ABI \(abi), \(pdk.isEmpty ? "no PDK" : "PDK \(pdk)"), \(toolchain.isEmpty ? "unknown toolchain" : toolchain)"
    }
}
