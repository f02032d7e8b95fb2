import Foundation
import KongClient
import Testing
import WireProtocol

/// The files in which people and programs read what became of each plugin.
@Suite struct DiagnosticsTests {
    private func records(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    private func addBadFiles(_ plugins: String) throws {
        try "text".write(toFile: "\(plugins)/text.so", atomically: true, encoding: .utf8)
        try "notes".write(toFile: "\(plugins)/notes.md", atomically: true, encoding: .utf8)
    }

    @Test func everyFileHasALineForPeopleAndARecordForPrograms() throws {
        try TestServer.run(["goplug": "recorded_goplug"], prepare: addBadFiles) { server in
            try server.expectService()
            let log = server.directory.text(of: "logs/swift-pluginserver.log")
            #expect(log.contains(" loaded plugin goplug 1.0.0 from "))
            #expect(log.contains("failed to open plugin text: ") && log.contains("[not-elf]") && log.contains("  fix: "))
            #expect(log.contains("ignored \"notes.md\""))
            #expect(log.contains("1 taken, 1 refused, 1 ignored; details in \(server.directory.path)/logs/swift-pluginserver.log and .jsonl"))
            #expect(log.contains("listens on \(server.socket)"))
            // The same for Kong's log, but for the numbers of the processes.
            #expect(server.log == log.replacing(#/\] \d+: /#, with: "] "))
            let worker = try server.worker()
            #expect(log.contains("] \(server.process.pid): ") && log.contains("] \(worker): "))

            // They are written while the server serves.
            #expect(eventually { server.directory.text(of: "logs/swift-pluginserver.jsonl").contains(#""event":"summary""#) })
            let records = try records(server.directory.text(of: "logs/swift-pluginserver.jsonl"))
            #expect(records.allSatisfy { $0["schema"] as? Int == 1 && $0["purpose"] as? String == "serve" })
            #expect(records.allSatisfy { $0["pid"] as? Int == Int(worker) })
            #expect(records.allSatisfy { ($0["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil })
            let verdicts = records.filter { $0["event"] as? String == "verdict" }
            #expect(Set(verdicts.compactMap { $0["outcome"] as? String }) == ["taken", "refused", "ignored"])
            let taken = try #require(verdicts.first { $0["outcome"] as? String == "taken" })
            #expect((taken["plugin"] as? [String: Any])?["phases"] as? [String] == ["access", "response"])
            #expect((taken["stamp"] as? [String: Any])?["abi"] as? String == "1.1")
            #expect((taken["verdict"] as? [String: Any])?["code"] as? String == "ok")
            #expect(((taken["file"] as? [String: Any])?["sha256"] as? String)?.count == 64)
            let refused = try #require(verdicts.first { $0["outcome"] as? String == "refused" })
            let verdict = try #require(refused["verdict"] as? [String: Any])
            #expect(verdict["code"] as? String == "not-elf")
            #expect(["message", "found", "wanted", "fix"].allSatisfy { verdict[$0] is String })
            let summary = try #require(records.last)
            #expect(summary["event"] as? String == "summary")
            #expect(summary["taken"] as? Int == 1 && summary["refused"] as? Int == 1 && summary["ignored"] as? Int == 1)
        }
    }

    @Test func aPluginThatFailsItsProbeHasARecordWithAllThatTheFileSays() throws {
        let run = try TemporaryDirectory()
        let plugins = try run.makeDirectory("plugins")
        try Plugins.compile("const kong_plugin *kong_plugin_open(const kong_host *h, kong_string *e) { __builtin_trap(); }", named: "trap", into: plugins)
        #expect(try Program(["-kong-prefix", run.path, "-plugins-directory", plugins, "-dump"]).end == .exited(1))
        let record = try #require(try records(run.text(of: "logs/swift-pluginserver.jsonl")).first)
        #expect((record["verdict"] as? [String: Any])?["code"] as? String == "load-crash")
        #expect((record["stamp"] as? [String: Any])?["language"] as? String == "C")
        #expect(record["purpose"] as? String == "dump")
    }

    @Test func aDirectoryThatCannotBeUsedHasARecordToo() throws {
        let run = try TemporaryDirectory()
        let missing = run.file("missing")
        let dump = try Program(["-kong-prefix", run.path, "-plugins-directory", missing, "-dump-all-plugins"])
        #expect(dump.end == .exited(1))
        let records = try records(run.text(of: "logs/swift-pluginserver.jsonl"))
        #expect(records.map { $0["path"] as? String } == [missing])
        #expect((records.first?["verdict"] as? [String: Any])?["code"] as? String == "missing-directory")
        #expect(dump.errors.components(separatedBy: "failed to open plugins directory").count == 2, "\(dump.errors)")
    }

    @Test(arguments: [SIGUSR1, SIGHUP])
    func theFilesAreReopenedOnASignalAndTheServerGoesOn(_ signal: Int32) throws {
        try TestServer.run(["goplug": "recorded_goplug"]) { server in
            let (log, old) = (server.directory.file("logs/swift-pluginserver.log"), server.directory.file("logs/old"))
            try FileManager.default.moveItem(atPath: log, toPath: old)
            server.process.send(signal)
            // Without a line to be written.
            #expect(eventually { FileManager.default.fileExists(atPath: log) })
            try server.expectService()
            // Something to log: an instance of a plugin that is not there.
            _ = try? server.kong(.messagePack).startInstance("nope", config: #"{"__key__":"k","__seq__":1}"#)
            #expect(eventually { server.directory.text(of: "logs/swift-pluginserver.log").contains("nope") })
            #expect(!server.directory.text(of: "logs/old").contains("nope"))
        }
    }

    @Test(arguments: [SIGUSR1, SIGHUP])
    func aSignalToReopenThatComesWhileTheServerStartsDoesNotEndIt(_ signal: Int32) throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        // Its constructor says that it runs, and waits until it may go on.
        let source = """
            #include <fcntl.h>
            #include <unistd.h>
            __attribute__((constructor)) static void wait_for_gate(void) {
                close(open("\(directory.file("begun"))", O_CREAT | O_WRONLY, 0600));
                while (access("\(directory.file("gate"))", F_OK) != 0) usleep(1000);
            }
            const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) { return NULL; }
            """
        try Plugins.compile(source, named: "slow", into: plugins)
        let process = try ServerProcess(
            Program.path, ["-kong-prefix", directory.path, "-plugins-directory", plugins, "--probe-timeout", "60"],
            errors: .file(directory.file("log")))
        #expect(eventually { FileManager.default.fileExists(atPath: directory.file("begun")) })
        process.send(signal)
        #expect(FileManager.default.createFile(atPath: directory.file("gate"), contents: nil))
        try process.waitUntilListening(on: directory.file("go_pluginserver.sock"), within: .seconds(60))
        process.send(SIGTERM)
        #expect(try process.waitForEnd(within: .seconds(60)) == .exited(0))
    }

    @Test func theDirectoryAndTheSizeOfTheFilesCanBeChosen() throws {
        let directory = try TemporaryDirectory()
        let chosen = directory.file("chosen")
        let flags = ["-kong-prefix", directory.path, "-plugins-directory", try directory.makeDirectory("plugins"), "-dump-all-plugins"]
        let places = ["--diagnostics-dir", chosen, "--diagnostics-size", "4096"]
        for _ in 0..<40 { #expect(try Program(flags + places).end == .exited(0)) }
        let files = try FileManager.default.contentsOfDirectory(atPath: chosen).sorted()
        #expect(files == ["swift-pluginserver.jsonl", "swift-pluginserver.jsonl.1", "swift-pluginserver.log", "swift-pluginserver.log.1"])
        for file in files { #expect(directory.text(of: "chosen/\(file)").utf8.count < 4096 + 1024) }
        #expect(!FileManager.default.fileExists(atPath: directory.file("logs")))
        #expect(try Program(flags + ["--no-diagnostics"]).errors.contains("no details are kept (--no-diagnostics)"))
        #expect(!FileManager.default.fileExists(atPath: directory.file("logs")))
    }

    @Test func withoutAPlaceForTheFilesItServesAndSaysSoOnce() throws {
        try TestServer.run(["goplug": "recorded_goplug"], flags: ["--diagnostics-dir", "/proc/nowhere"]) { server in
            try server.expectService()
            // Each of the two processes, for itself.
            #expect(server.log.components(separatedBy: "cannot write /proc/nowhere/swift-pluginserver.log").count == 3)
            #expect(server.log.contains("--diagnostics-dir"))
            #expect(server.log.contains("details cannot be written"))
        }
    }

    /// A limit of the file's size is met as a full disk is: some bytes still fit, then none.
    @Test func aFullDiskStopsNothingAndIsToldOf() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.link(["goplug": "recorded_goplug", "misbehaving": "misbehaving"], into: plugins)
        let socket = directory.file("go_pluginserver.sock")
        // Standard error is a pipe, which has no size: all that is written to files here are the diagnostics.
        let pipe = Pipe()
        _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFL, O_NONBLOCK)
        let flags = "-kong-prefix \(directory.path) -plugins-directory \(plugins)"
        let process = try ServerProcess(
            "/bin/sh", ["-c", "ulimit -f 4; exec \(Program.path) \(flags)"],
            errors: .descriptor(pipe.fileHandleForWriting.fileDescriptor))
        var errors = ""
        func hasSaid(_ text: String) -> Bool {
            var piece = [UInt8](repeating: 0, count: 65536)
            let count = read(pipe.fileHandleForReading.fileDescriptor, &piece, piece.count)
            errors += String(decoding: piece.prefix(max(0, count)), as: UTF8.self)
            return errors.contains(text)
        }
        try process.waitUntilListening(on: socket, within: .seconds(60))
        for wireProtocol in WireProtocolKind.both {
            let kong = KongClient(socketPath: socket, protocol: wireProtocol, timeout: .seconds(30))
            let instance = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            // Each leaves a line, so that the disk is full soon.
            for number in 0..<40 {
                _ = try? kong.startInstance("nope\(number)", config: #"{"__key__":"k","__seq__":1}"#)
            }
            #expect(try kong.handleEvent(instance, "access").count == 1)
        }
        #expect(eventually { hasSaid("cannot write \(directory.path)/logs/swift-pluginserver.log: File too large") })
        #expect(directory.text(of: "logs/swift-pluginserver.log").utf8.count <= 2048)

        // Somebody makes room.
        try FileManager.default.moveItem(
            atPath: directory.file("logs/swift-pluginserver.log"), toPath: directory.file("logs/old"))
        let kong = KongClient(socketPath: socket, protocol: .messagePack, timeout: .seconds(30))
        _ = try? kong.startInstance("after", config: #"{"__key__":"k","__seq__":1}"#)
        #expect(eventually { hasSaid("is written again") })
        #expect(directory.text(of: "logs/swift-pluginserver.log").contains("after"))
        process.send(SIGTERM)
        #expect(try process.waitForEnd() == .exited(0))
    }
}
