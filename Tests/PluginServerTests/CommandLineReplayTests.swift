import Foundation
import KongClient
import Testing
import WireProtocol

/// The runs of the Go servers' programs that were recorded, done again with this one.
@Suite struct CommandLineReplayTests {
    private let recorded: [String: RecordedCommand]
    private let directory: TemporaryDirectory
    private let plugins: String

    init() throws {
        recorded = try RecordedCommand.all(in: "go-pluginserver-cli.json")
        directory = try TemporaryDirectory()
        plugins = try directory.makeDirectory("plugins")
        try Plugins.link(Plugins.recorded, into: plugins)
    }

    /// The recorded run, and the same of this program; its plugins are in a directory of its own.
    private func run(_ scenario: String) throws -> (was: RecordedCommand, now: Program) {
        let was = try #require(recorded[scenario])
        let arguments = (was.argv ?? []).dropFirst().map { $0 == "/plugins" ? plugins : $0 }
        return (was, try Program(Array(arguments)))
    }

    @Test(arguments: ["-version", "--version"])
    func version(_ scenario: String) throws {
        let (was, now) = try run(scenario)
        #expect(now.end == .exited(0) && was.exitStatus == 0)
        // The same two lines, with this server's versions.
        let form = /Version: [0-9.]+\nRuntime Version: (go|swift)[0-9.]+.*\n/
        #expect(was.stdout?.wholeMatch(of: form) != nil)
        #expect(now.outputText.wholeMatch(of: form) != nil)
    }

    /// Go's library prints the help to standard error, ArgumentParser to standard output. Nobody but people reads it.
    @Test func help() throws {
        let (was, now) = try run("-help")
        #expect(now.end == .exited(0) && was.exitStatus == 0)
        #expect(was.stdout == "" && now.outputText.hasPrefix("OVERVIEW: "))
    }

    /// Go's library ends with status 2, ArgumentParser with EX_USAGE. Kong ignores it.
    @Test func unknownFlag() throws {
        let (was, now) = try run("unknown flag")
        #expect(was.exitStatus == 2 && now.end == .exited(64))
        #expect(now.output == [] && was.output == [])
    }

    @Test(arguments: ["goplug", "noop", "tencalls"])
    func dumpOfAPlugin(_ name: String) throws {
        let (was, now) = try run("-dump-plugin-info \(name)")
        #expect(now.end == .exited(0) && was.exitStatus == 0)
        #expect(try MessagePack.decode(now.output) == Self.withDefaults(MessagePack.decode(was.output)))
    }

    /// Go ends with status 0 and dumps a plugin without name and phases, which makes Kong fail in Lua. Here nothing is
    /// dumped, and the status says so: Kong then fails too, with the reason in reach.
    @Test(arguments: [
        "-dump-plugin-info of a missing plugin", "-dump-plugin-info of a plugin built with go-pdk 0.6.0",
        "-dump-plugin-info of a file that is no shared object",
    ])
    func dumpOfWhatIsNoPlugin(_ scenario: String) throws {
        let (was, now) = try run(scenario)
        #expect(was.exitStatus == 0 && now.end == .exited(1))
        #expect(try MessagePack.decode(was.output)["Name"] == "")
        #expect(now.output == [] && !now.errors.isEmpty)
    }

    /// zoo is left out: its configuration tested Go's reflection.
    @Test func dumpOfAllPlugins() throws {
        let (was, now) = try run("-dump-all-plugins")
        #expect(now.end == .exited(0) && was.exitStatus == 0)
        let expected = try Self.json(was.output).map(Self.withDefaults)
        #expect(try Self.json(now.output).filter { $0["Name"] != "zoo" } == expected.filter { $0["Name"] != "zoo" })
        #expect(expected.count == 4)
    }

    @Test func dumpOfAnEmptyDirectory() throws {
        let was = try #require(recorded["-dump-all-plugins, empty directory"])
        let now = try Program(["-plugins-directory", directory.makeDirectory("empty"), "-dump-all-plugins"])
        #expect(now.end == .exited(0) && was.exitStatus == 0)
        #expect(try Self.json(now.output) == Self.json(was.output))
    }

    /// go-pdk's dump, which Kong reads: all plugins stand in it, and one socket serves them.
    @Test func dumpForKong() throws {
        let recorded = try RecordedCommand.all(in: "go-pdk-protobuf-cli.json")
        for name in ["goplug", "noop"] {
            let was = try Self.object(try #require(recorded["-dump (\(name))"]).output)
            let now = try Self.object(Program(["-plugins-directory", plugins, "-dump", "--plugin", name]).output)
            #expect(now["Protocol"] == was["Protocol"])
            #expect(now["Plugins"]?.items == was["Plugins"]?.items?.map(Self.withDefaults))
            #expect(was["SocketPath"]?.text == "/usr/local/kong/\(name).socket")
            #expect(now["SocketPath"] == "/usr/local/kong/go_pluginserver.sock")
        }
    }

    /// A socket that its owner may write to, and others may not: what umask 022 makes of it.
    @Test func socketFile() throws {
        #expect(recorded["socket file"] != nil)
        try TestServer.run { server in
            var status = stat()
            #expect(stat(server.socket, &status) == 0)
            let umask = Foundation.umask(0o22)
            _ = Foundation.umask(umask)
            #expect(status.st_mode == S_IFSOCK | (0o777 & ~umask))
        }
    }

    /// Go dies of SIGTERM and leaves its socket behind. `TestServer.stop` expects status 0 and no socket.
    @Test func sigterm() throws {
        #expect(recorded["SIGTERM"]?.exitStatus == -SIGTERM)
        try TestServer.run { _ in }
    }

    // MARK: Dumps

    /// Schemas here say which defaults the plugin has; goplug's is the only one.
    private static func withDefaults(_ plugin: OwnedValue) -> OwnedValue {
        guard plugin["Name"] == "goplug", case .map(var map) = plugin else { return plugin }
        map[Array("Schema".utf8)] = [
            "name": "goplug",
            "fields": [["config": ["type": "record", "fields": [["attach": ["type": "boolean", "default": false]]]]]],
        ]
        return .map(map)
    }

    private static func json(_ bytes: [UInt8]) throws -> [OwnedValue] {
        try #require(OwnedValue(json: JSONSerialization.jsonObject(with: Data(bytes))).items)
    }

    private static func object(_ bytes: [UInt8]) throws -> OwnedValue {
        try OwnedValue(json: JSONSerialization.jsonObject(with: Data(bytes)))
    }
}

extension OwnedValue {
    init(json: Any) {
        switch json {
        case let map as [String: Any]:
            self = .map(Dictionary(map.map { (Array($0.utf8), OwnedValue(json: $1)) }, uniquingKeysWith: { $1 }))
        case let items as [Any]: self = .array(items.map { OwnedValue(json: $0) })
        case let text as String: self = .string(text)
        case let boolean as Bool: self = .boolean(boolean)
        case let integer as Int64: self = .integer(integer)
        case let number as Double: self = .number(number)
        default: self = .null
        }
    }
}
