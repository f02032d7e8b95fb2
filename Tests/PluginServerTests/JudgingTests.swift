import Foundation
import KongClient
import Testing
import WireProtocol

/// What becomes of plugins before they are loaded.
@Suite struct JudgingTests {
    private func pids(_ text: String) -> [pid_t] { text.split(separator: "\n").compactMap { pid_t($0) } }

    @Test(arguments: [
        ("crash", "fputs(\"my last words\\n\", stderr); raise(SIGSEGV);", "it crashed while it was opened: signal 11", "said \"my last words\""),
        ("trap", "fputs(\"x.swift:1: Fatal error: no luck\\nmore\\n\", stderr); abort();", "signal 6", "Fatal error: no luck"),
        ("exit", "exit(3);", "it ended its process with status 3", "said nothing"),
        ("hang", "for (;;) pause();", "it did not open within", "said nothing"),
        ("print", "puts(\"hello\"); fflush(stdout);", "it printed to standard output", "said \"hello\""),
        ("lateprint", "puts(\"left in the buffer\");", "it printed to standard output", "left in the buffer"),
        ("close", "close(4); close(2); close(1);", "it closed descriptors of its process while it was opened", "said nothing"),
    ])
    func aPluginThatMisbehavesIsRefusedAndTheOthersServe(
        _ name: String, _ statements: String, _ reason: String, _ said: String
    ) throws {
        try TestServer.run(flags: ["--probe-timeout", "2"], prepare: { try CSource(opening: statements).build(to: "\($0)/\(name).so") }) { server in
            #expect(server.log.contains("failed to open plugin \(name): "))
            #expect(server.log.contains(reason))
            #expect(server.log.contains(said))
            #expect(server.log.contains("4 taken, 1 refused"))
            try server.expectService()
        }
    }

    @Test func whatFailsItsProbeIsNeverLoadedIntoTheServer() throws {
        let directory = try TemporaryDirectory()
        let (good, bad) = (directory.file("good"), directory.file("bad"))
        try TestServer.run(prepare: { plugins in
            try CSource(opening: "", extra: CSource.constructor(notingPIDIn: good)).build(to: "\(plugins)/good.so")
            try CSource(opening: "abort();", extra: CSource.constructor(notingPIDIn: bad)).build(to: "\(plugins)/bad.so")
        }) { server in
            // The probe's process, and the server's.
            #expect(pids(directory.text(of: "good")).count == 2)
            #expect(pids(directory.text(of: "good")).last == server.process.pid)
            #expect(pids(directory.text(of: "bad")).count == 1)
            #expect(!pids(directory.text(of: "bad")).contains(server.process.pid))
        }
    }

    @Test func whatAPluginStartsWhileItIsProbedIsEnded() throws {
        let directory = try TemporaryDirectory()
        let source = CSource(
            opening: """
            pid_t child = fork();
            if (child == 0) for (;;) pause();
            FILE *file = fopen("\(directory.file("child"))", "w");
            fprintf(file, "%d\\n", (int)child);
            fclose(file);
            """)
        let plugins = try directory.makeDirectory("plugins")
        try source.build(to: "\(plugins)/forking.so")
        let run = try Program(["-plugins-directory", plugins, "-dump"])
        #expect(run.end == .exited(0))
        let child = try #require(pids(directory.text(of: "child")).first)
        #expect(
            eventually {
                let status = FileManager.default.contents(atPath: "/proc/\(child)/stat").map { String(decoding: $0, as: UTF8.self) }
                return status?.contains(") Z ") ?? true
            })
    }

    @Test func aSchemaThatNoKongTakesIsRefusedWithItsPath() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        var source = CSource()
        source.extra = """
            static const kong_entry attribute[] = {{{"type", 4}, {.type = KONG_STRING, .string = {"strnig", 6}}}};
            static const kong_entry field[] = {{{"token", 5}, {.type = KONG_MAP, .map = {attribute, 1}}}};
            static const kong_value fields[] = {{.type = KONG_MAP, .map = {field, 1}}};
            static const kong_entry typo_entries[] = {
                {{"type", 4}, {.type = KONG_STRING, .string = {"record", 6}}}, {{"fields", 6}, {.type = KONG_ARRAY, .array = {fields, 1}}}};
            static const kong_value typo = {.type = KONG_MAP, .map = {typo_entries, 2}};
            """
        source.descriptor = "plugin.config_schema = &typo;"
        try source.build(to: "\(plugins)/typo.so")
        let run = try Program(["-plugins-directory", plugins, "-dump-plugin-info", "typo"])
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("config.token"))
        #expect(run.errors.contains("strnig"))
    }

    @Test func aFileThatOthersMayWriteToIsRefusedUnlessThatIsAllowed() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try CSource().build(to: "\(plugins)/open.so")
        chmod("\(plugins)/open.so", 0o666)
        let refused = try Program(["-plugins-directory", plugins, "-dump"])
        #expect(refused.end == .exited(1))
        #expect(refused.errors.contains("chmod"))
        let taken = try Program(["-plugins-directory", plugins, "-dump", "--allow-insecure-plugins"])
        #expect(taken.end == .exited(0))
        #expect(taken.errors.contains("taken all the same"))
    }

    @Test func onlyFilesOnTheTrustListAreTakenWhenItIsRequired() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        for name in ["one", "two"] { try CSource().build(to: "\(plugins)/\(name).so") }
        #expect(try Program(["-plugins-directory", plugins, "-dump", "--require-lock"]).end == .exited(1))
        let lock = try Program(["lock", plugins])
        #expect(lock.end == .exited(0), "\(lock.errors)")
        #expect(try Program(["-plugins-directory", plugins, "-dump", "--require-lock"]).end == .exited(0))
        // A build of something else takes the place of one.
        try CSource(opening: "(void)host;", extra: "int other = 1;").build(to: "\(plugins)/two.so")
        let run = try Program(["-plugins-directory", plugins, "-dump-all-plugins", "--require-lock"])
        #expect(run.outputText.contains("\"one\"") && !run.outputText.contains("\"two\""))
        #expect(run.errors.contains("plugins.lock") || run.errors.contains("trust list"))
    }

    @Test func checkRunsNothingAndEndsWithTheVerdict() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try CSource(opening: "", extra: CSource.constructor(creating: directory.file("ran"))).build(to: "\(plugins)/good.so")
        let good = try Program(["check", plugins])
        #expect(good.end == .exited(0), "\(good.errors)")
        #expect(good.outputText.contains("1 fit, 0 refused"))
        try "text".write(toFile: "\(plugins)/text.so", atomically: true, encoding: .utf8)
        let bad = try Program(["check", plugins])
        #expect(bad.end == .exited(1))
        #expect(bad.outputText.contains("not-elf"))
        #expect(bad.outputText.contains("fix: "))
        let json = try Program(["check", "--json", plugins, "\(plugins)/missing.so"])
        #expect(json.end == .exited(1))
        let verdicts = try #require(try JSONSerialization.jsonObject(with: Data(json.output)) as? [[String: Any]])
        #expect(
            verdicts.map { ($0["verdict"] as? [String: Any])?["code"] as? String } == ["ok", "not-elf", "missing-file"])
        #expect(!FileManager.default.fileExists(atPath: directory.file("ran")), "check ran code of a plugin")
    }
}
