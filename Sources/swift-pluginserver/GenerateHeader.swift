import ArgumentParser
import NativePDK

/// Prints kong_pdk.h, which is committed beside kong_plugin.h; a test compares the two.
struct GenerateHeader: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-header", abstract: "Prints kong_pdk.h, the typed functions of Kong's PDK for C.",
        discussion: """
            Example:
              swift-pluginserver generate-header > Sources/CKongPlugin/include/kong_pdk.h
            """)

    func run() throws {
        let output = StandardOutput()
        guard output.write(Array(HeaderGenerator.header.utf8)) else {
            throw fail("nobody takes the header from standard output")
        }
    }
}
