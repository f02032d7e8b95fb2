import Foundation
import KongClient
import Testing

/// What the doctor says of installations.
@Suite struct DoctorTests {
    @Test func anInstallationThatIsAllRightHasNothingButOk() throws {
        let (findings, end) = try DoctorSite().examine()
        #expect(findings.filter { $0.severity != "ok" }.map { "\($0.code): \($0.message)" } == [])
        #expect(findings.allSatisfy { $0.fix == nil && !$0.message.isEmpty && !$0.subject.isEmpty })
        #expect(end == .exited(0))
    }

    @Test(arguments: DoctorCase.all)
    func eachThingIsFound(_ one: DoctorCase) throws {
        guard !one.needsRoot || geteuid() == 0 else { return }
        // A machine with a Kong of its own has settings of its own.
        if one.code == "kong-settings-none", FileManager.default.fileExists(atPath: "/etc/kong/kong.conf") { return }
        var site = try DoctorSite()
        let needed = try one.arrange(&site)
        let (findings, end) = try withExtendedLifetime(needed) { try site.examine() }
        let found = findings.filter { $0.code == one.code && $0.severity == one.severity }
        #expect(!found.isEmpty, "\(findings.map { "\($0.severity) \($0.code): \($0.message)" }.joined(separator: "\n"))")
        let words = found.map { [$0.subject, $0.message, $0.found ?? "", $0.wanted ?? ""].joined(separator: "\n") }
        #expect(one.says.isEmpty || words.contains { $0.contains(one.says) }, "\(words)")
        for finding in findings where ["warning", "problem"].contains(finding.severity) {
            #expect(finding.found?.isEmpty == false && finding.wanted?.isEmpty == false && finding.fix?.isEmpty == false, "\(finding)")
        }
        #expect(end == .exited(findings.contains { $0.severity == "problem" } ? 1 : 0))
    }

    /// The names in a text, between a mark before and one after.
    private func names(in file: String, _ pattern: Regex<(Substring, Substring)>) throws -> Set<String> {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../\(file)").standardized.path
        return Set(try String(contentsOfFile: path, encoding: .utf8).matches(of: pattern).map { String($0.1) })
    }

    @Test func everyCodeHasACaseAndIsOnThePageOfCodes() throws {
        let file = "Sources/swift-pluginserver/Doctor/DiagnosisCode.swift"
        let spelled = try names(in: file, /case \w+ = "([a-z-]+)"/)
        let codes = try spelled.union(names(in: file, /case ([a-z]+)\n/))
        #expect(codes.count > 60)
        #expect(Set(DoctorCase.all.map(\.code)) == codes)
        #expect(try names(in: "docs/doctor.md", /\| `([a-z-]+)` \|/) == codes)
    }

    // MARK: Where settings come from

    @Test func theEnvironmentCountsForMoreThanTheFile() throws {
        var site = try DoctorSite()
        site["plugins"] = "bundled"
        site["pluginserver_swift_plugins_socket"] = "\(site.prefix)/wrong.sock"
        #expect(try Set(site.examine().findings.map(\.code)).isSuperset(of: ["kong-plugin-not-enabled", "kong-socket-differs"]))
        site.environment = ["KONG_PLUGINS=bundled, goplug", "KONG_PLUGINSERVER_SWIFT_PLUGINS_SOCKET=\(site.socket)"]
        #expect(try site.examine().end == .exited(0))
        #expect(try site.examine().findings.allSatisfy { $0.severity == "ok" })
        // And so what it says wrongly is named after it.
        site.environment = ["KONG_PLUGINSERVER_SWIFT_PLUGINS_SOCKET=/elsewhere"]
        let finding = try #require(try site.examine().findings.first { $0.code == "kong-socket-differs" })
        #expect(finding.found?.contains("KONG_PLUGINSERVER_SWIFT_PLUGINS_SOCKET") == true)
        // An empty variable takes a setting back.
        site.environment = ["KONG_PLUGINSERVER_NAMES="]
        #expect(try site.examine().findings.contains { $0.code == "kong-server-none" })
    }

    @Test func theEnvironmentAloneIsEnough() throws {
        var site = try DoctorSite()
        site.environment = site.settings.map { "KONG_\($0.key.uppercased())=\($0.value)" }
        site.writesConfiguration = false
        site.flags = []
        let (findings, end) = try site.examine()
        #expect(end == .exited(0))
        #expect(findings.contains { $0.code == "kong-plugin" })
        #expect(findings.contains { $0.subject == site.prefix })
    }

    @Test func theFileIsReadAsKongReadsIt() throws {
        var site = try DoctorSite()
        let start = site.start
        site["pluginserver_swift_plugins_start_cmd"] = nil
        site["plugins"] = nil
        site["log_level"] = nil
        site.lines = [
            "# plugins = off", "   ; plugins = off", "",
            "  plugins=bundled,\\  ", "# between the two", "goplug  # behind it",
            // A sign that no key has stands for _.
            "pluginserver-swift-plugins-start.cmd\t=\t\(start)  #comment",
            "log_level = info\r", "nginx_user = root \\# escaped",
        ]
        let (findings, _) = try site.examine()
        #expect(findings.contains { $0.code == "kong-plugin" && $0.subject == "goplug" }, "\(findings)")
        #expect(findings.contains { $0.code == "kong-server" })
        #expect(findings.contains { $0.code == "kong-log-level" && $0.severity == "ok" })
        if geteuid() == 0 { #expect(findings.contains { $0.code == "kong-user" && $0.message.contains("root") }) }
    }

    // MARK: Rules

    @Test func oneEntryForEachPluginIsRightForKong39() throws {
        var site = try DoctorSite()
        site.version = "3.9.1"
        try Plugins.link(["noop": "recorded_noop"], into: site.plugins)
        site["plugins"] = "bundled,goplug,noop"
        // One query for both: Kong takes the first, and does not find the other.
        let codes = try site.examine().findings.filter { $0.severity == "problem" }.map(\.code)
        #expect(Set(codes) == ["kong-query-many-plugins", "kong-plugin-not-offered"])
        site.addServer(start: nil, query: "\(site.query) --plugin noop")
        site.query += " --plugin goplug"
        let (findings, end) = try site.examine()
        #expect(findings.filter { $0.severity != "ok" }.map { "\($0.code): \($0.message)" } == [])
        #expect(end == .exited(0))
    }

    @Test func theSettingsOfGoPluginserverAreRightForKong2() throws {
        var site = try DoctorSite()
        site.version = "2.2"
        site.settings.removeAll { $0.key.hasPrefix("pluginserver_") }
        site["go_pluginserver_exe"] = Program.path
        site["go_plugins_dir"] = site.plugins
        let (findings, end) = try site.examine()
        #expect(findings.filter { $0.severity != "ok" }.map { "\($0.code): \($0.message)" } == [])
        #expect(findings.contains { $0.code == "kong-plugin" && $0.subject == "goplug" })
        #expect(end == .exited(0))
        site.version = "3.0"
        #expect(try Set(site.examine().findings.map(\.code)).isSuperset(of: ["kong-go-settings-ignored", "kong-server-none"]))
    }

    @Test func aServerThatRunsIsNamedByItsProcess() throws {
        try TestServer.run { server in
            let run = try Program(["doctor", "--json", "-kong-prefix", server.directory.path, "-plugins-directory", server.plugins])
            let findings = try JSONDecoder().decode([DoctorSite.Finding].self, from: Data(run.output))
            let live = try #require(findings.first { $0.code == "socket-live" })
            #expect(live.message.contains("process \(server.process.pid),"))
            try server.expectService()
        }
    }

    @Test func nothingIsRunAndNothingIsChanged() throws {
        var site = try DoctorSite()
        let mark = site.directory.file("mark")
        try Plugins.compile(
            """
            #include <fcntl.h>
            __attribute__((constructor)) static void note(void) { open("\(mark)", O_CREAT | O_WRONLY, 0600); }
            const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) { return 0; }
            """, named: "marking", into: site.plugins)
        let program = site.directory.file("swift-pluginserver")
        try "#!/bin/sh\ntouch '\(mark)'\n".write(toFile: program, atomically: true, encoding: .utf8)
        chmod(program, 0o755)
        site.start = site.start.replacingOccurrences(of: Program.path, with: program)
        site.query = "touch \(mark); \(site.query)"
        try DoctorSite.leaveSocket(at: site.socket)
        let before = try FileManager.default.subpathsOfDirectory(atPath: site.directory.path).sorted()
        let run = try site.run()
        #expect(run.outputText.contains("marking"))
        let after = try FileManager.default.subpathsOfDirectory(atPath: site.directory.path).sorted()
        #expect(after == (before + ["kong.conf"]).sorted())
    }

    // MARK: The report

    @Test func theReportHasBothSidesTheFixAndACount() throws {
        var site = try DoctorSite()
        site["pluginserver_swift_plugins_socket"] = "\(site.prefix)/other.sock"
        let run = try site.run()
        #expect(run.end == .exited(1))
        #expect(run.errors == "")
        let text = run.outputText
        #expect(text.contains("problem  Kong would connect to another socket than the server listens on [kong-socket-differs]"))
        #expect(text.contains("found: Kong connects to \(site.prefix)/other.sock"))
        #expect(text.contains("wanted: \(site.socket), where the start command listens"))
        #expect(text.contains("fix: set pluginserver_swift_plugins_socket = \(site.socket)"))
        #expect(text.contains("1 problem, 0 warnings, 0 notes, "))
    }

    @Test func whatAFileSaysCannotSteerATerminal() throws {
        var site = try DoctorSite()
        site["plugins"] = "bundled,goplug,\u{1b}[31mred"
        let run = try site.run()
        #expect(!run.outputText.contains("\u{1b}"))
        #expect(run.outputText.contains("\\u{1b}[31mred"))
    }

    @Test func anUnknownVersionIsAMistakeOfTheCommandLine() throws {
        for version in ["three", "3", "-1.0", "3.x"] {
            var site = try DoctorSite()
            site.version = version
            let run = try site.run()
            #expect(run.end == .exited(64), "\(version): \(run.outputText)")
            #expect(run.output == [])
        }
    }

    @Test(arguments: ["check", "inspect", "doctor", "lock"])
    func helpHasAnAbstractADiscussionAndExamples(_ command: String) throws {
        let run = try Program([command, "--help"])
        #expect(run.end == .exited(0))
        #expect(run.outputText.contains("OVERVIEW: "))
        #expect(run.outputText.contains("swift-pluginserver \(command) /") || run.outputText.contains("swift-pluginserver \(command)\n"))
        #expect(run.outputText.contains("Example"))
    }
}
