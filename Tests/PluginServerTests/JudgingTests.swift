import Foundation
import KongClient
import Testing
import WireProtocol

/// What becomes of plugins before they are loaded.
@Suite struct JudgingTests {
    /// `kong_plugin_open` of a plugin in C: does something, and then is a plugin.
    private static func source(_ statements: String, extra: String = "") -> String {
        """
        #include <stdio.h>
        #include <stdlib.h>
        #include <fcntl.h>
        #include <unistd.h>
        #include <signal.h>
        \(extra)
        static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {}
        static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) { return NULL; }
        static kong_value none = {.type = KONG_ARRAY};
        static kong_entry entries[2];
        static kong_value schema = {.type = KONG_MAP};
        static kong_plugin plugin;
        const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
            \(statements)
            entries[0].key = (kong_string){"type", 4};
            entries[0].value.type = KONG_STRING;
            entries[0].value.string = (kong_string){"record", 6};
            entries[1].key = (kong_string){"fields", 6};
            entries[1].value = none;
            schema.map = (kong_map){entries, 2};
            plugin.size = sizeof plugin;
            plugin.version = (kong_string){"1.0.0", 5};
            plugin.phases = KONG_PHASE_BIT(KONG_ACCESS);
            plugin.config_schema = &schema;
            plugin.start = start;
            plugin.handle = handle;
            return &plugin;
        }
        """
    }

    /// A constructor that notes in which process it ran.
    private static func noting(_ file: String) -> String {
        """
        __attribute__((constructor)) static void note(void) {
            FILE *file = fopen("\(file)", "a");
            if (file) { fprintf(file, "%d\\n", (int)getpid()); fclose(file); }
        }
        """
    }

    private func pids(_ text: String) -> [pid_t] { text.split(separator: "\n").compactMap { pid_t($0) } }

    @Test(arguments: [
        ("crash", "fputs(\"my last words\\n\", stderr); raise(SIGSEGV);", "it crashed while it was opened: signal 11", "said \"my last words\""),
        ("trap", "fputs(\"x.swift:1: Fatal error: no luck\\nmore\\n\", stderr); abort();", "signal 6", "Fatal error: no luck"),
        ("exit", "exit(3);", "it ended its process with status 3", "said nothing"),
        ("hang", "for (;;) pause();", "it did not open within", "said nothing"),
        ("print", "puts(\"hello\"); fflush(stdout);", "it printed to standard output", "said \"hello\""),
        ("lateprint", "puts(\"left in the buffer\");", "it printed to standard output", "left in the buffer"),
        ("close", "close(4); close(2); close(1);", "it ended its process with status 0", "said nothing"),
    ])
    func aPluginThatMisbehavesIsRefusedAndTheOthersServe(
        _ name: String, _ statements: String, _ reason: String, _ said: String
    ) throws {
        try TestServer.run(flags: ["--probe-timeout", "2"], prepare: { try Plugins.compile(Self.source(statements), named: name, into: $0) }) { server in
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
            try Plugins.compile(Self.source("", extra: Self.noting(good)), named: "good", into: plugins)
            try Plugins.compile(Self.source("abort();", extra: Self.noting(bad)), named: "bad", into: plugins)
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
        let source = Self.source(
            """
            pid_t child = fork();
            if (child == 0) for (;;) pause();
            FILE *file = fopen("\(directory.file("child"))", "w");
            fprintf(file, "%d\\n", (int)child);
            fclose(file);
            """)
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.compile(source, named: "forking", into: plugins)
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
        let source = Self.source("").replacingOccurrences(
            of: "static kong_value none = {.type = KONG_ARRAY};",
            with: """
                static kong_entry attribute = {{"type", 4}, {.type = KONG_STRING, .string = {"strnig", 6}}};
                static kong_entry field = {{"token", 5}, {.type = KONG_MAP}};
                static kong_value item = {.type = KONG_MAP};
                static kong_value none = {.type = KONG_ARRAY};
                """
        ).replacingOccurrences(
            of: "entries[1].value = none;",
            with: """
                field.value.map = (kong_map){&attribute, 1};
                item.map = (kong_map){&field, 1};
                none.array = (kong_array){&item, 1};
                entries[1].value = none;
                """)
        try Plugins.compile(source, named: "typo", into: plugins)
        let run = try Program(["-plugins-directory", plugins, "-dump-plugin-info", "typo"])
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("config.token"))
        #expect(run.errors.contains("strnig"))
    }

    @Test func aFileThatOthersMayWriteToIsRefusedUnlessThatIsAllowed() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.compile(Self.source(""), named: "open", into: plugins)
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
        for name in ["one", "two"] { try Plugins.compile(Self.source(""), named: name, into: plugins) }
        #expect(try Program(["-plugins-directory", plugins, "-dump", "--require-lock"]).end == .exited(1))
        let lock = try Program(["lock", plugins])
        #expect(lock.end == .exited(0), "\(lock.errors)")
        #expect(try Program(["-plugins-directory", plugins, "-dump", "--require-lock"]).end == .exited(0))
        // A build of something else takes the place of one.
        try Plugins.compile(Self.source("(void)host;", extra: "int other = 1;"), named: "two", into: plugins)
        let run = try Program(["-plugins-directory", plugins, "-dump-all-plugins", "--require-lock"])
        #expect(run.outputText.contains("\"one\"") && !run.outputText.contains("\"two\""))
        #expect(run.errors.contains("plugins.lock") || run.errors.contains("trust list"))
    }

    @Test func checkRunsNothingAndEndsWithTheVerdict() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.compile(Self.source("", extra: Self.noting(directory.file("ran"))), named: "good", into: plugins)
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
