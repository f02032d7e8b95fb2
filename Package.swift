// swift-tools-version: 6.2
import PackageDescription

// Which compiler builds this, for the stamp and `-version`. build.sh defines KONG_SWIFT_VERSION with the full
// version; this is what a plain `swift build` knows.
#if compiler(>=6.4)
    let swiftVersion = "6.4 or newer"
#elseif compiler(>=6.3)
    let swiftVersion = "6.3"
#else
    let swiftVersion = "6.2"
#endif
let toolchain: [CSetting] = [.define("KONG_SWIFT_VERSION_FALLBACK", to: "\"\(swiftVersion)\"")]

// An `async` function runs where its caller does: each change of the executor costs about as much as a call of Kong's PDK.
let stayingOnExecutor: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

// The rooms of every request: the runtime would look at each access to a property in turn. Debug builds, and so the tests,
// do check it.
let trusted: [SwiftSetting] = [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// A plugin: one folder, one shared library `libNAME.so`.
func plugin(
    _ name: String, in folder: String = "Plugins", needs: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: ["KongPDK"] + needs, path: "\(folder)/\(name)", exclude: exclude)
}

let plugins = ["goplug", "hmac-auth", "http-log", "rate-limit", "request-id", "request-transform"]
/// What they need beside KongPDK.
let pluginNeeds: [String: [Target.Dependency]] = ["hmac-auth": [.product(name: "Crypto", package: "swift-crypto")]]
/// Plugins that only the tests load.
let testPlugins = ["recorded_goplug", "recorded_noop", "recorded_tencalls", "recorded_zoo", "misbehaving", "caller", "blocking", "reuse"]

let package = Package(
    name: "swift-pluginserver",
    products: [
        .executable(name: "swift-pluginserver", targets: ["swift-pluginserver"]),
        .library(name: "KongPDK", targets: ["KongPDK"]),
        .library(name: "KongPDKTesting", targets: ["KongPDKTesting"]),
    ] + (plugins + testPlugins).map { .library(name: $0, type: .dynamic, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        // For tests only: encoders of others to compare ours with.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // The rooms, from the ground up: an arrow points only to a target above it in this list.
        .target(name: "CKongPlugin", cSettings: toolchain),
        .target(name: "CKongPluginEntry", dependencies: ["CKongPlugin"], cSettings: toolchain),
        .target(name: "KongPDK", dependencies: ["CKongPlugin", "CKongPluginEntry"], swiftSettings: stayingOnExecutor),
        .target(name: "PDKCatalogue"),
        // libffi, which calls functions, and makes some, whose types are known only when the program runs.
        .systemLibrary(name: "CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
        .target(name: "ForeignFunction", dependencies: ["CFFI"]),
        .target(name: "CDynamicLinker"),
        .target(name: "CProbe"),
        .target(name: "JSON"),
        .target(name: "Statistics", dependencies: ["JSON"], swiftSettings: trusted),
        .target(
            name: "PluginLoader",
            dependencies: [
                "JSON", "CKongPlugin", "CDynamicLinker", "CProbe", "ForeignFunction",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "WireProtocol", dependencies: ["CKongPlugin", "PDKCatalogue"]),
        .target(
            name: "NativePDK",
            dependencies: [
                "CKongPlugin", "PDKCatalogue", "ForeignFunction", "PluginLoader", "WireProtocol",
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        .target(name: "KongSimulator", dependencies: ["PDKCatalogue", "WireProtocol"]),
        .target(name: "CFlightRecorder"),
        .target(name: "FlightRecording", dependencies: ["CFlightRecorder", "PluginLoader"]),
        .target(name: "CGuardedMemory"),
        .target(
            name: "PluginConformance",
            dependencies: [
                "CKongPlugin", "CGuardedMemory", "CProbe", "PDKCatalogue", "PluginLoader", "WireProtocol", "NativePDK", "KongSimulator",
            ]),
        .target(name: "CEventLoop"),
        .target(name: "EventLoop", dependencies: ["CEventLoop"], swiftSettings: trusted),
        .target(
            name: "Monitoring",
            dependencies: ["EventLoop", "JSON", "Statistics", .product(name: "Logging", package: "swift-log")]),
        .target(name: "CSupervision"),
        .target(
            name: "Supervision",
            dependencies: [
                "CSupervision", "FlightRecording", "PluginLoader", "EventLoop", "JSON", "Monitoring", "Statistics",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "PluginServer",
            dependencies: [
                "CKongPlugin", "PDKCatalogue", "PluginLoader", "WireProtocol", "NativePDK", "EventLoop", "CFlightRecorder",
                "FlightRecording", "Monitoring", "Statistics",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: trusted),
        .target(name: "KongClient", dependencies: ["CKongPlugin", "PDKCatalogue", "WireProtocol", "KongSimulator"]),
        .executableTarget(
            name: "swift-pluginserver",
            dependencies: [
                "PluginServer", "Supervision", "PluginLoader", "PluginConformance", "KongClient", "KongSimulator", "EventLoop",
                "WireProtocol", "FlightRecording", "NativePDK", "Monitoring", "Statistics",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        .target(
            name: "KongPDKTesting", dependencies: ["CKongPlugin", "KongPDK", "PDKCatalogue", "WireProtocol", "KongSimulator"]),

        // What tests of several rooms need.
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "StatisticsTests", dependencies: ["Statistics", "JSON", "TestSupport"]),
        .testTarget(name: "SupervisionTests", dependencies: ["Supervision"]),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop"]),
        .testTarget(name: "FlightRecordingTests", dependencies: ["FlightRecording", "TestSupport"]),
        .testTarget(name: "ForeignFunctionTests", dependencies: ["ForeignFunction"]),
        .testTarget(
            name: "NativePDKTests", dependencies: ["NativePDK", "PDKCatalogue", "CKongPlugin", "PluginLoader"]),
        .testTarget(name: "PluginLoaderTests", dependencies: ["PluginLoader", "CKongPlugin", "TestSupport"]),
        .systemLibrary(name: "CMsgPack", path: "Tests/CMsgPack", providers: [.apt(["libmsgpack-dev"])]),
        .testTarget(
            name: "WireProtocolTests",
            dependencies: [
                "WireProtocol", "PDKCatalogue", "CKongPlugin", "CMsgPack", "TestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        .target(name: "ReadmeSample", dependencies: ["KongPDK"], path: "Tests/ReadmeSample"),
        .testTarget(name: "KongPDKTestingTests", dependencies: ["KongPDKTesting", "KongPDK"]),
        .testTarget(
            name: "AuthPluginTests",
            dependencies: [
                "goplug", "hmac-auth", "rate-limit", "KongPDKTesting", "KongPDK",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .testTarget(name: "KongSimulatorTests", dependencies: ["KongSimulator", "PDKCatalogue", "WireProtocol"]),
        // The loader knows what Kong takes for a schema.
        .testTarget(name: "KongPDKTests", dependencies: ["KongPDK", "PDKCatalogue", "PluginLoader", "TestSupport"]),
        .testTarget(name: "RequestIDTests", dependencies: ["request-id", "KongPDKTesting"]),
        .testTarget(name: "RequestTransformTests", dependencies: ["request-transform", "KongPDKTesting", "PluginLoader"]),
        .target(name: "LoopbackHTTP", dependencies: ["TestSupport"], path: "Tests/LoopbackHTTP"),
        .testTarget(
            name: "HTTPLogTests", dependencies: ["http-log", "KongPDKTesting", "LoopbackHTTP", "PluginLoader", "TestSupport"]),
        // Runs swift-pluginserver and loads the test plugins, all built beside it: `swift build --build-tests` builds them.
        .testTarget(
            name: "PluginServerTests",
            dependencies: [
                "KongClient", "KongSimulator", "PluginLoader", "WireProtocol", "PDKCatalogue", "CKongPlugin", "NativePDK",
                "PluginConformance", "LoopbackHTTP", "TestSupport", "JSON", "Statistics",
            ]),
    ] + plugins.map { plugin($0, needs: pluginNeeds[$0] ?? [], exclude: ["README.md"]) }
        + testPlugins.map { plugin($0, in: "Tests/Plugins") },
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
