import Foundation
import KongClient

/// The server's program, as it was built beside these tests, and one run of it.
struct Program {
    /// Where this test's executable is, and so everything else of the build; or where `TEST_BUILD` says that it is.
    static let folder =
        extra("BUILD").first
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    static let path = "\(folder)/swift-pluginserver"

    /// What a run of the tests that is not the usual one adds to all servers and plugins: the words of `TEST_NAME` in the
    /// environment. See Tests/Sanitizers.
    static func extra(_ name: String) -> [String] {
        (ProcessInfo.processInfo.environment["TEST_\(name)"] ?? "").split(separator: " ").map(String.init)
    }

    let end: ProcessEnd
    let output: [UInt8]
    let errors: String

    var outputText: String { String(decoding: output, as: UTF8.self) }

    /// Runs it to its end, in an environment that is empty unless given.
    /// - Parameter executable: another one, such as a shell that runs it.
    init(_ arguments: [String], environment: [String] = [], executable: String = Self.path) throws {
        let directory = try TemporaryDirectory()
        let process = try ServerProcess(
            executable, arguments, environment: environment, output: .file(directory.file("out")), errors: .file(directory.file("err")))
        end = try process.waitForEnd(within: .seconds(30))
        output = [UInt8](FileManager.default.contents(atPath: directory.file("out")) ?? Data())
        errors = directory.text(of: "err")
    }
}
