import Foundation

extension Plugins {
    /// The root of the package.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        .standardized.path

    /// A plugin in C of this package, as its file has it.
    static func compileExample(_ name: String, into directory: String) throws {
        let source = try String(contentsOfFile: "\(package)/Plugins/\(name)/hello.c", encoding: .utf8)
        try compileWhole(source, named: name, into: directory)
    }
}
