import Foundation
import KongClient
import PluginLoader
import Testing

/// One directory with good plugins and one of each bad kind: the good ones serve, each bad one is named with its code, both
/// sides and the fix, and nothing of a refused file is loaded where it must not be.
@Suite struct RefusedPluginsTests {
    /// What is not said of a file, but of the directory or the machine.
    private static let others: Set<LoadError.Code> = [
        .insecureDirectory, .missingDirectory, .missingLock, .badLock, .probeFailed,
    ]

    private let directory: TemporaryDirectory
    private let plugins: String
    private let refused: RefusedFiles

    init() throws {
        directory = try TemporaryDirectory()
        plugins = try directory.makeDirectory("plugins")
        refused = try RefusedFiles(in: plugins, upTo: .loading)
    }

    @Test func thereIsAFileForEveryCode() {
        // Nothing is unreadable to root.
        let left = geteuid() == 0 ? Self.others.union([.permissions]) : Self.others
        #expect(Set(refused.files.map(\.code)) == Set(LoadError.Code.allCases.filter { !left.contains($0) }.map(\.rawValue)))
    }

    /// The three lines that a log or table has on a file.
    private func refusal(of file: RefusedFiles.File, in text: String) -> [Substring] {
        let lines = text.split(separator: "\n")
        // As Go does, messages about versions leave ".so" out of the path.
        let paths = ["\"\(plugins)/\(file.name)\"", "\"\(plugins)/\(file.name.dropLast(3))\""]
        let first = lines.firstIndex { line in
            line.contains("failed to open plugin ") && paths.contains { line.contains("plugin.Open(\($0)): ") }
        }
        return first.map { lines[$0...].prefix(3).map { $0.drop { $0 == " " } } } ?? []
    }

    private func expectRefusal(
        of file: RefusedFiles.File, in text: String, _ sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let lines = refusal(of: file, in: text)
        #expect(lines.count == 3 && lines[0].hasSuffix(" [\(file.code)]"), "\(file.name): \(lines)", sourceLocation: sourceLocation)
        guard lines.count == 3 else { return }
        #expect(
            lines[1].contains(/^plugin: \S.*     host: \S/) && lines[2].contains(/^fix: \S/), "\(lines)",
            sourceLocation: sourceLocation)
    }

    // MARK: check

    @Test func checkNamesEachInItsTableAndInJSONAndRunsNothing() throws {
        let table = try Program(["check", "--require-lock", plugins], environment: traced("check"))
        #expect(table.end == .exited(1))
        let json = try Program(["check", "--require-lock", "--json", plugins], environment: traced("check"))
        #expect(json.end == .exited(1))
        let verdicts = try JSONDecoder().decode([Verdict].self, from: Data(json.output))
        for file in refused.files {
            let found = verdicts.filter { $0.path == "\(plugins)/\(file.name)" }.map(\.verdict)
            guard file.stage == .check else {
                #expect(found.map(\.code) == ["ok"], "\(file.name)")
                continue
            }
            #expect(found.map(\.code) == [file.code], "\(file.name)")
            expectRefusal(of: file, in: table.outputText)
            let both = found.map { "plugin: \($0.found ?? "")     host: \($0.wanted ?? "")" } + found.map { "fix: \($0.fix ?? "")" }
            #expect(refusal(of: file, in: table.outputText).dropFirst().map(String.init) == both)
        }
        for file in refused.files.map(\.name) + [RefusedFiles.good] {
            #expect(refused.processes(of: file) == [], "check ran code of \(file)")
        }
        #expect(try loaded("check") == [], "check had the dynamic linker open plugins")
    }

    private struct Verdict: Decodable {
        struct Verdict: Decodable {
            let code: String
            let found: String?
            let wanted: String?
            let fix: String?
        }
        let path: String
        let verdict: Verdict
    }

    // MARK: The server

    @Test func theGoodServeAndOfTheRefusedNothingRunsButInProbes() throws {
        try Plugins.link(["goplug": "recorded_goplug"], into: plugins)
        // The trust list would have to have it: what it says of others is shown by `check`.
        let lock = "\(plugins)/plugins.lock"
        let goplug = try run("sha256sum", ["\(plugins)/goplug.so"]).prefix(64)
        try (String(contentsOfFile: lock, encoding: .utf8) + "\(goplug)  goplug.so\n").write(toFile: lock, atomically: true, encoding: .utf8)

        let server = try TestServer(
            [:], in: plugins, flags: ["--require-lock", "--probe-timeout", "3"], environment: traced("server"))
        defer { #expect(throws: Never.self) { try server.stop() } }
        try server.expectService()
        #expect(server.log.contains(": 2 taken, "))
        for file in refused.files { expectRefusal(of: file, in: server.log) }

        let pid = try server.worker()
        for file in refused.files {
            let processes = refused.processes(of: file.name)
            #expect(!processes.contains(pid), "\(file.name) ran in the server")
            switch file.stage {
            case .check, .loading: #expect(processes == [], "\(file.name) ran")
            // The dynamic linker refuses it itself.
            case .probe: #expect(processes.count == (file.code == "load-failed" ? 0 : 1), "\(file.name) was to run in its probe alone")
            }
        }
        // Good, its other name, and the server.
        let good = refused.processes(of: RefusedFiles.good)
        #expect(good.count == 3 && good.filter { $0 == pid }.count == 1)

        // What the server had the dynamic linker open, and what of it is in memory.
        let fit: Set = ["\(plugins)/\(RefusedFiles.good)", "\(Program.folder)/librecorded_goplug.so"]
        #expect(try Set(loaded("server").map { try target(of: $0, pid) }) == fit)
        let mapped = try run("cat", ["/proc/\(pid)/maps"]).split(separator: "\n").compactMap { line in
            line.firstIndex(of: "/").map { String(line[$0...]) }
        }
        #expect(Set(mapped.filter { $0.hasPrefix(plugins) }) == ["\(plugins)/\(RefusedFiles.good)"])
    }

    // MARK: The dynamic linker's own log

    /// Has the dynamic linker write down which files it opens; probes do not inherit it.
    private func traced(_ name: String) -> [String] { ["LD_DEBUG=files", "LD_DEBUG_OUTPUT=\(directory.file(name))"] }

    /// What programs have opened by dlopen, of plugins: these are named `/proc/self/fd/N`, or by their path.
    private func loaded(_ name: String) throws -> [String] {
        let logs = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("\(name).") }
        #expect(!logs.isEmpty, "the dynamic linker writes no log")
        return logs.flatMap { log in
            directory.text(of: log).split(separator: "\n").compactMap { line in
                guard let match = line.firstMatch(of: /file=(\S+) .*dynamically loaded by/) else { return nil }
                return match.1.hasPrefix("/proc/self/fd/") || match.1.hasPrefix(plugins) ? String(match.1) : nil
            }
        }
    }

    /// The file behind a name of the server's own. What it has loaded it keeps open.
    private func target(of name: String, _ pid: pid_t) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: name.replacing("/self/", with: "/\(pid)/"))
    }
}
