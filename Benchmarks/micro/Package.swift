// swift-tools-version: 6.2
import PackageDescription

// The rooms that the codecs stand in are links to the server's sources: they are no product of its package, and so
// nothing else of it is built for this.
let package = Package(
    name: "micro",
    targets: [
        .target(name: "CKongPlugin", cSettings: [.define("KONG_SWIFT_VERSION", to: "\"any\"")]),
        .target(name: "PDKCatalogue"),
        .target(name: "WireProtocol", dependencies: ["CKongPlugin", "PDKCatalogue"]),
        .executableTarget(
            name: "micro", dependencies: ["WireProtocol", "PDKCatalogue", "CKongPlugin"],
            // For rounding; who imports the C library links with it anyway.
            linkerSettings: [.linkedLibrary("m")]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
