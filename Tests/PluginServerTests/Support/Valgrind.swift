import Foundation
import KongClient
import Testing

/// One run of the server under valgrind's memcheck, and what that has said at its end.
struct Valgrind {
    static let path: String? = ["/usr/bin/valgrind", "/usr/local/bin/valgrind"].first { access($0, X_OK) == 0 }

    /// What nobody has freed at the end, though nothing leads to it any more: directly, or by way of such.
    struct Lost: Hashable {
        var bytes = 0
        var blocks = 0
    }

    let end: ProcessEnd
    let report: String
    let log: String

    /// The status that a program ends with in which memory has been used as it should not be.
    static let failure = ProcessEnd.exited(99)

    /// - Parameters:
    ///   - plugins: names of built plugins.
    ///   - prepare: puts more into the plugins directory.
    init(_ plugins: [String], prepare: (_ pluginsDirectory: String) throws -> Void, _ body: (TestServer) throws -> Void) throws {
        guard let path = Self.path else { throw TestFailure("valgrind is not installed") }
        let files = try TemporaryDirectory()
        // Not all of Swift's debug information is known to all of valgrind's versions.
        let program = files.file("swift-pluginserver")
        try run("objcopy", ["--strip-debug", Program.path, program])
        let runner = [
            path, "--error-exitcode=99", "--leak-check=summary", "--num-callers=30",
            "--suppressions=\(Plugins.package)/Tests/Sanitizers/valgrind.supp", "--log-file=\(files.file("report"))",
        ]
        let server = try TestServer([:], flags: ["--no-supervisor"], runner: runner, program: program) { directory in
            for plugin in plugins {
                try run("objcopy", ["--strip-debug", "\(Program.folder)/lib\(plugin).so", "\(directory)/\(plugin).so"])
            }
            try prepare(directory)
        }
        do { try body(server) } catch { throw TestFailure("\(error)\n\(server.log)\n\(files.text(of: "report"))") }
        server.process.send(SIGTERM)
        end = try server.process.waitForEnd(within: .seconds(60))
        report = files.text(of: "report")
        log = server.log
    }

    var lost: Lost {
        get throws {
            var lost = Lost()
            for kind in ["definitely", "indirectly"] {
                guard let line = report.split(separator: "\n").first(where: { $0.contains("\(kind) lost: ") }),
                    let numbers = line.replacing(",", with: "").firstMatch(of: /(\d+) bytes in (\d+) blocks/),
                    let bytes = Int(numbers.1), let blocks = Int(numbers.2)
                else {
                    // It says no numbers where there is nothing to say.
                    guard report.contains("All heap blocks were freed") else { throw TestFailure("valgrind says nothing of leaks:\n\(report)") }
                    return Lost()
                }
                lost.bytes += bytes
                lost.blocks += blocks
            }
            return lost
        }
    }
}
