import Foundation
import KongClient
import Testing

/// The report on one file, for people and for programs.
@Suite struct InspectTests {
    private let plugin = "\(Program.folder)/librecorded_goplug.so"

    @Test func theReportHasTheFileAndWhatKongWillSee() throws {
        let run = try Program(["inspect", plugin])
        #expect(run.end == .exited(0), "\(run.errors)")
        let lines = run.outputText.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) } }
        let values = Dictionary(lines.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
        #expect(run.outputText.hasPrefix(plugin))
        #expect(values["ABI"] == "1.0")
        #expect(values["language"] == "Swift")
        #expect(values["SHA-256"]?.wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(values["owner"]?.contains("mode 0") == true)
        #expect(values["kong_plugin_open"] == "a function")
        #expect(values["phases"] == "access, response")
        #expect(values["priority"] == "1")
        #expect(run.outputText.contains("libc.so.6"))
        #expect(run.outputText.firstMatch(of: /libc\.so\.6 +GLIBC +needs 2\.\d+ +has 2\.\d+/) != nil)
        // The schema as Kong has it, with the plugin's name and its config.
        #expect(run.outputText.contains("\"name\" : \"recorded_goplug\""))
        #expect(run.outputText.contains("\"config\""))
    }

    @Test func aRefusedFileHasItsVerdictWithTheFix() throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("text.so")
        try "no library".write(toFile: file, atomically: true, encoding: .utf8)
        let run = try Program(["inspect", file])
        #expect(run.end == .exited(1))
        #expect(run.outputText.contains("[not-elf]"))
        #expect(run.outputText.contains("fix: "))
        #expect(run.outputText.contains("not opened, since the file is refused"))
        #expect(run.errors == "", "the report has it already")
    }

    @Test func aPluginThatFailsItsProbeHasThatInTheReport() throws {
        let directory = try TemporaryDirectory()
        try Plugins.compile(
            """
            #include <stdio.h>
            #include <stdlib.h>
            const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) { fputs("my last words\\n", stderr); abort(); }
            """, named: "crash", into: directory.path)
        let run = try Program(["inspect", directory.file("crash.so")])
        #expect(run.end == .exited(1))
        #expect(run.outputText.contains("[load-crash]"))
        #expect(run.outputText.contains("my last words"))
        #expect(!run.outputText.contains("as Kong will see it"))
    }

    @Test func theSameIsThereForPrograms() throws {
        let run = try Program(["inspect", "--json", plugin])
        #expect(run.end == .exited(0), "\(run.errors)")
        let result = try #require(try JSONSerialization.jsonObject(with: Data(run.output)) as? [String: Any])
        #expect((result["plugin"] as? [String: Any])?["phases"] as? [String] == ["access", "response"])
        let file = try #require(result["file"] as? [String: Any])
        #expect((file["stamp"] as? [String: Any])?["abi"] as? String == "1.0")
        let refused = try Program(["inspect", "--json", "/etc/passwd"])
        #expect(refused.end == .exited(1))
        #expect(refused.errors.contains("fix: "))
    }
}
