import Foundation
import KongClient
import Testing
import WireProtocol

/// The dumps and the flags, as Kong and people use them.
@Suite struct CommandLineTests {
    private let directory: TemporaryDirectory
    private let plugins: String

    init() throws {
        directory = try TemporaryDirectory()
        plugins = try directory.makeDirectory("plugins")
        try Plugins.link(["goplug": "recorded_goplug", "noop": "recorded_noop"], into: plugins)
    }

    private func json(_ run: Program) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(run.output), options: .fragmentsAllowed)
    }

    @Test(arguments: ["-version", "--version"])
    func versionHasTwoLines(_ flag: String) throws {
        let run = try Program([flag])
        #expect(run.end == .exited(0))
        let lines = run.outputText.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 3 && lines[2].isEmpty)
        #expect(lines[0].wholeMatch(of: /Version: \d+\.\d+\.\d+/) != nil)
        #expect(lines[1].wholeMatch(of: /Runtime Version: swift\d+\.\d+.*/) != nil)
    }

    @Test(arguments: ["-help", "--help", "-h"])
    func helpNamesEveryFlagOfGoPluginserver(_ flag: String) throws {
        let run = try Program([flag])
        #expect(run.end == .exited(0))
        for name in ["kong-prefix", "plugins-directory", "dump-plugin-info", "dump-all-plugins", "dump", "version", "socket"] {
            #expect(run.outputText.contains("-\(name)"))
        }
    }

    @Test func anUnknownFlagFails() throws {
        let run = try Program(["-nope"])
        #expect(run.end != .exited(0))
        #expect(run.output == [])
        #expect(run.errors.contains("nope"))
    }

    @Test(arguments: ["-", "--"])
    func dumpOfAllPluginsIsAnArray(_ dashes: String) throws {
        let run = try Program(["\(dashes)plugins-directory", plugins, "\(dashes)dump-all-plugins"])
        #expect(run.end == .exited(0))
        let dump = try #require(try json(run) as? [[String: Any]])
        #expect(dump.map { $0["Name"] as? String } == ["goplug", "noop"])
        #expect(dump[0]["Phases"] as? [String] == ["access", "response"])
        #expect(dump[0]["Priority"] as? Int == 1)
        // Kong ends with an error in Lua if it gets null for no fields.
        let schema = try #require(dump[1]["Schema"] as? [String: Any])
        let config = try #require((schema["fields"] as? [[String: [String: Any]]])?.first?["config"])
        #expect((config["fields"] as? [Any])?.count == 0)
    }

    @Test func dumpForKongNamesProtocolAndSocket() throws {
        let run = try Program(["-kong-prefix", "/some/prefix", "-plugins-directory", plugins, "-dump"])
        #expect(run.end == .exited(0))
        let dump = try #require(try json(run) as? [String: Any])
        #expect(Set(dump.keys) == ["Protocol", "SocketPath", "Plugins"])
        #expect(dump["Protocol"] as? String == "ProtoBuf:1")
        #expect(dump["SocketPath"] as? String == "/some/prefix/go_pluginserver.sock")
        #expect((dump["Plugins"] as? [Any])?.count == 2)
    }

    @Test func dumpForKongCanBeOfOnePluginAndOfTheOtherProtocol() throws {
        let run = try Program([
            "-plugins-directory", plugins, "-dump", "--plugin", "noop", "--protocol", "messagepack", "--socket", "/s",
        ])
        let dump = try #require(try json(run) as? [String: Any])
        #expect(dump["Protocol"] as? String == "MsgPack:1")
        #expect(dump["SocketPath"] as? String == "/s")
        #expect((dump["Plugins"] as? [[String: Any]])?.map { $0["Name"] as? String } == ["noop"])
    }

    @Test func dumpOfOnePluginIsAMessagePackMap() throws {
        let run = try Program(["-plugins-directory", plugins, "-dump-plugin-info", "goplug"])
        #expect(run.end == .exited(0))
        let info = run.output.withUnsafeBytes { bytes -> OwnedValue? in
            var reader = MessagePackReader(bytes)
            let arena = ValueArena()
            guard let value = try? reader.readValue(into: arena), reader.isAtEnd else { return nil }
            return OwnedValue(value)
        }
        #expect(info?["Name"] == "goplug")
        #expect(info?["Version"] == "1.0.0")
        #expect(info?["Schema"]?["name"] == "goplug")
    }

    @Test(arguments: [["-dump-plugin-info", "nope"], ["-dump", "--plugin", "nope"]])
    func aMissingPluginIsAMessageAndStatus1(_ flags: [String]) throws {
        let run = try Program(["-plugins-directory", plugins] + flags)
        #expect(run.end == .exited(1))
        #expect(run.output == [])
        #expect(run.errors.contains("no plugin nope"))
        #expect(run.errors.contains(plugins))
    }

    @Test(arguments: ["check", "inspect", "try"])
    func aPathWithNothingThereIsNotABadName(_ command: String) throws {
        let run = try Program([command, directory.file("no-such/directory")])
        #expect(run.end == .exited(1))
        let text = run.outputText + run.errors
        #expect(text.contains("no such file or directory [missing-file]") && !text.contains("bad-name"), "\(text)")
        #expect(text.contains("fix: see what there is: ls -l \(directory.file("no-such"))"), "\(text)")
    }

    @Test(arguments: ["-dump-plugin-info", "-dump --plugin"])
    func aMissingPluginIsToldWhatThereIs(_ flags: String) throws {
        func errors(_ name: String, in directory: String) throws -> String {
            try Program(["-plugins-directory", directory] + flags.split(separator: " ").map(String.init) + [name]).errors
        }
        #expect(try errors("goplgu", in: plugins).contains("\n  fix: did you mean goplug?\n"))
        #expect(try errors("another", in: plugins).contains("\n  fix: put its file there, or name one that is: goplug, noop\n"))
        let empty = try directory.makeDirectory("empty")
        #expect(try errors("goplug", in: empty).contains("fix: there is no plugin at all in \(empty)"))
    }

    @Test func anEmptyDirectoryHasNothingToDumpForKong() throws {
        let empty = try directory.makeDirectory("empty")
        // An empty list of plugins is an error in Lua that says nothing.
        let dump = try Program(["-plugins-directory", empty, "-dump"])
        #expect(dump.end == .exited(1))
        #expect(dump.output == [])
        #expect(dump.errors.contains(empty))
        // go-pluginserver's own dump of all is an array, and may be empty.
        let all = try Program(["-plugins-directory", empty, "-dump-all-plugins"])
        #expect(all.end == .exited(0))
        #expect(all.outputText == "[]\n")
    }

    @Test(arguments: [["-dump"], ["-dump-all-plugins"], ["-dump-plugin-info", "goplug"], []])
    func aMissingDirectoryIsAClearError(_ flags: [String]) throws {
        let missing = directory.file("missing")
        let run = try Program(["-kong-prefix", directory.path, "-plugins-directory", missing] + flags)
        #expect(run.end == .exited(1))
        #expect(run.output == [])
        #expect(run.errors.contains(missing))
    }

    @Test func junkInTheDirectoryIsNamedAndDisturbsNobody() throws {
        try "text".write(toFile: "\(plugins)/text.so", atomically: true, encoding: .utf8)
        try "text".write(toFile: "\(plugins)/README.md", atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: "\(plugins)/folder.so", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: "\(plugins)/dangling.so", withDestinationPath: "/nowhere")
        try #require(mkfifo("\(plugins)/fifo.so", 0o600) == 0)
        try Plugins.compile(
            """
            #include <fcntl.h>
            __attribute__((constructor)) static void mark(void) { open("\(directory.file("mark"))", O_CREAT | O_WRONLY, 0600); }
            """, named: "noentry", into: plugins)
        try Plugins.link(["twice": "recorded_noop", "libtwice": "recorded_noop"], into: plugins)
        let run = try Program(["-plugins-directory", plugins, "-dump"])
        #expect(run.end == .exited(0))
        let dump = try #require(try json(run) as? [String: Any])
        #expect((dump["Plugins"] as? [[String: Any]])?.map { $0["Name"] as? String } == ["goplug", "noop"])
        for name in ["text", "folder", "dangling", "fifo", "noentry", "twice"] {
            #expect(run.errors.contains("failed to open plugin \(name): "), "\(name)\n\(run.errors)")
        }
        #expect(run.errors.contains("ignored \"README.md\""))
        #expect(run.errors.contains("2 taken"))
        #expect(!FileManager.default.fileExists(atPath: directory.file("mark")), "code of a refused file ran")
    }

    @Test func aPluginOfAnotherABIIsRefusedWithBothSidesAndAFix() throws {
        let source = """
            #include <stdint.h>
            #include <fcntl.h>
            #include "kong_plugin.h"
            __attribute__((constructor)) static void mark(void) { open("\(directory.file("mark"))", O_CREAT | O_WRONLY, 0600); }
            const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) { return 0; }
            #undef KONG_ABI_MAJOR
            #define KONG_ABI_MAJOR 2
            KONG_PLUGIN_STAMP(KONG_LANGUAGE_SWIFT, KONG_RUNTIME_SELF_CONTAINED, "0.9.0", "swift 6.2.1")
            """
        try CSource.compile(source, to: "\(plugins)/other.so")
        let run = try Program(["-plugins-directory", plugins, "-dump-plugin-info", "other"])
        #expect(run.end == .exited(1))
        #expect(run.output == [])
        // As go-pluginserver: Go names the file without its ending.
        let path = "\(plugins)/other"
        #expect(
            run.errors.contains(
                "failed to open plugin other: plugin.Open(\"\(path)\"): plugin was built with a different version of package KongPDK [abi-major]\n"))
        #expect(run.errors.contains("plugin: ABI 2.1, PDK 0.9.0, swift 6.2.1"))
        #expect(run.errors.contains("host: ABI 1.1, PDK "))
        #expect(run.errors.contains("fix: "))
        #expect(!FileManager.default.fileExists(atPath: directory.file("mark")), "code of a refused file ran")
    }
}
