import Foundation
import KongClient
import KongSimulator
import TestSupport
import Testing
import WireProtocol

/// The ABI's promise: what was built against version 1.0 goes on being loaded, and goes on working.
@Suite struct FrozenABITests {
    private static let folder = "\(Plugins.package)/Tests/Frozen/abi-1.0"

    /// Compiled against nothing but the frozen header.
    private static func compile(into directory: String) throws {
        try run(
            "cc",
            [
                "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-I", folder, "\(folder)/frozen.c",
                "-o", "\(directory)/frozen.so",
            ])
    }

    private static func withServer(flags: [String] = [], _ body: (TestServer) throws -> Void) throws {
        try TestServer.run(["goplug": "recorded_goplug"], flags: flags, prepare: compile, body)
    }

    // MARK: The header

    @Test func nobodyHasChangedIt() throws {
        let digest = try run("sha256sum", ["\(Self.folder)/kong_plugin.h"]).prefix(64)
        #expect(
            digest == "830f8590037d02c62273ed7e4ac20de82d27fe0230b28f20fb348b7a40e622fa",
            "the frozen header must never change: what was built against it did not change either")
    }

    /// What keeps a plugin of then from working with the header of now; empty for nothing.
    private static func differences(of current: String) throws -> [String] {
        let old = try String(contentsOfFile: "\(folder)/kong_plugin.h", encoding: .utf8)
        let (then, now) = (try CHeader(old), try CHeader(current))
        var differences = Set(then.others).subtracting(now.others).map { "gone: \($0)" }
        let sized = Set(then.structures.filter(\.isSized).map(\.name))
        for structure in then.structures {
            let members = now.structures.first { $0.name == structure.name }?.members ?? []
            let isSame = sized.contains(structure.name) ? members.starts(with: structure.members) : members == structure.members
            if !isSame { differences.append("other members: \(structure.name)") }
        }
        guard differences.isEmpty else { return differences }
        let layout = try then.layout(in: current)
        for (key, value) in try then.layout(in: old) where layout[key] != value {
            let mayGrow = key.hasPrefix("sizeof ") && sized.contains(String(key.dropFirst(7)))
            if mayGrow, let size = Int(value), let newSize = layout[key].flatMap({ Int($0) }), newSize > size { continue }
            differences.append("\(key) was \(value), and is \(layout[key] ?? "gone")")
        }
        return differences
    }

    private static func currentHeader() throws -> String {
        try String(contentsOfFile: "\(CSource.headers)/kong_plugin.h", encoding: .utf8)
    }

    @Test func allThatItDeclaresIsWhereItWas() throws {
        let frozen = try CHeader(try String(contentsOfFile: "\(Self.folder)/kong_plugin.h", encoding: .utf8))
        #expect(
            frozen.structures.map(\.name).sorted() == [
                "kong_array", "kong_entry", "kong_host", "kong_map", "kong_plugin", "kong_stamp", "kong_stamp_note", "kong_string",
                "kong_value",
            ])
        #expect(frozen.structures.filter(\.isSized).map(\.name).sorted() == ["kong_host", "kong_plugin", "kong_stamp"])
        #expect(frozen.constants.count == 39)
        #expect(try Self.differences(of: try Self.currentHeader()) == [])
    }

    /// What the comparison is for.
    @Test(arguments: [
        ("uint32_t loop_count;", "uint64_t loop_count;"), ("int32_t priority;", "uint32_t priority;"),
        ("kong_status (*flush)(const struct kong_host *host, kong_event event,", "kong_status (*flush)(const struct kong_host *host,"),
        ("const struct kong_value *items;\n    size_t count;", "size_t count;\n    const struct kong_value *items;"),
        ("bool boolean; ", "uint8_t boolean; "), ("KONG_REFUSED = 2", "KONG_REFUSED = 12"), ("KONG_LOG = 5", "KONG_LOG_PHASE = 5"),
        ("typedef uint64_t kong_event;", "typedef uint32_t kong_event;"), ("char toolchain[128];", "char toolchain[64];"),
        ("#define KONG_STAMP_NOTE_TYPE 1", "#define KONG_STAMP_NOTE_TYPE 2"), ("#define KONG_ABI_MAJOR 1", "#define KONG_ABI_MAJOR 2"),
        ("    void *context;       /* the plugin's own */\n", ""),
        ("size_t size;\n} kong_string;", "size_t size;\n    size_t more;\n} kong_string;"),
    ])
    func aChangeOfTheHeaderShows(_ old: String, _ new: String) throws {
        let header = try Self.currentHeader()
        #expect(header.contains(old))
        let differences: [String]
        do {
            differences = try Self.differences(of: header.replacingOccurrences(of: old, with: new))
        } catch let failure as CommandFailed {
            // A name that is gone does not compile.
            differences = [failure.output]
        }
        #expect(!differences.isEmpty)
    }

    // MARK: The plugin

    @Test func itIsTakenForWhatItIs() throws {
        let directory = try TemporaryDirectory()
        try Self.compile(into: directory.path)
        let inspection = try Program(["inspect", directory.file("frozen.so")])
        #expect(inspection.end == .exited(0), "\(inspection.errors)")
        #expect(inspection.outputText.firstMatch(of: /ABI +1\.0\n/) != nil)
        #expect(inspection.outputText.firstMatch(of: /phases +access, log\n/) != nil)
    }

    @Test(arguments: WireProtocolKind.both)
    func itsEventsAndItsInstancesWork(_ wireProtocol: WireProtocolKind) throws {
        try Self.withServer { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("frozen", config: "{}")
            var exchange = SimulatedExchange(SimulatedRequest("GET", "/", headers: ["host": "localhost"]))
            exchange.begin(.access)
            let calls = try kong.handleEvent(instance, "access") { exchange.answer($0, over: wireProtocol) }
            #expect(
                calls == [
                    PDKCall("kong.request.get_header", ["host"]), .setHeader("x-host", "localhost"), .setHeader("x-later", "1"),
                ])
            #expect(try kong.handleEvent(instance, "access").dropFirst() == [.setHeader("x-host", "nobody"), .setHeader("x-later", "1")])
            #expect(try kong.handleEvent(instance, "log").isEmpty)
            try server.waitForLog("frozen: an event of the log phase")
            try server.waitForLog("frozen: an instance starts")
            try kong.closeInstance(instance)
            try server.waitForLog("frozen: an instance stops")
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func itFailsAndExitsAsItMeansTo(_ wireProtocol: WireProtocolKind) throws {
        try Self.withServer { server in
            let kong = server.kong(wireProtocol)
            let fails = try kong.startInstance("frozen", config: #"{"mode":"fail"}"#)
            let failed = try kong.handleEvent(fails, "access", answering: exiting).map(\.plain)
            #expect(failed == [.logErr("frozen: access handler failed: it was told to fail"), .exit500])
            let exits = try kong.startInstance("frozen", config: #"{"mode":"exit"}"#)
            let calls = try kong.handleEvent(exits, "access", answering: exiting).map(\.plain)
            #expect(calls == [PDKCall("kong.response.exit", [403, "no", ["x-values": ["1", "2"]]])])
            try server.expectNoStart(wireProtocol, "frozen", #"{"mode":"do not start"}"#, in: "access", saying: "it was told not to")
            try server.expectService()
        }
    }

    /// Kong does not come back, and so the call ends, and `cancel` is called with what `handle` has returned.
    @Test(arguments: WireProtocolKind.both)
    func itHearsOfACancelledEvent(_ wireProtocol: WireProtocolKind) throws {
        try Self.withServer(flags: ["--step-timeout", "0.1"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("frozen", config: "{}")
            try kong.handleEvent(instance, "access") { _ in .neverAnswers }
            kong.close()
            try server.waitForLog("frozen: the event was cancelled")
            try server.waitForLog("frozen: the call was cancelled")
            try server.expectService()
        }
    }
}
