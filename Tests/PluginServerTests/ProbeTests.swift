import Foundation
import KongClient
import Testing

/// What a plugin gets and does not get in the process in which it is opened first, and what is said of one that ends there.
@Suite struct ProbeTests {
    private let directory: TemporaryDirectory
    private let plugins: String

    init() throws {
        directory = try TemporaryDirectory()
        plugins = try directory.makeDirectory("plugins")
    }

    /// What the server says of a plugin that it refuses.
    private func refusal(of name: String, _ flags: String...) throws -> String {
        let run = try Program(["-plugins-directory", plugins, "-dump-plugin-info", name] + flags)
        #expect(run.end == .exited(1))
        return run.errors
    }

    // MARK: Descriptors

    /// Kong's nginx may leave some open that are not closed on exec.
    @Test func whatTheServerHasInheritedDoesNotReachTheProbe() throws {
        let file = open("/dev/null", O_RDONLY)
        let inherited = fcntl(file, F_DUPFD, 200)
        close(file)
        defer { close(inherited) }
        #expect(inherited >= 200)
        let source = CSource(
            opening: "",
            extra: """
                __attribute__((constructor)) static void look(void) {
                    FILE *file = fopen("\(directory.file("seen"))", "a");
                    if (file) { fprintf(file, "%s\\n", fcntl(\(inherited), F_GETFD) < 0 ? "closed" : "open"); fclose(file); }
                }
                """)
        try TestServer.run([:], flags: ["--no-supervisor"], prepare: { try source.build(to: "\($0)/looking.so") }) { _ in
            // The probe, and the server, which has it still.
            #expect(directory.text(of: "seen") == "closed\nopen\n")
        }
    }

    // MARK: The program

    /// As when another version is installed while the server starts.
    @Test(arguments: [
        "unlink(\"PROGRAM\");", "rename(\"OTHER\", \"PROGRAM\");", "rename(\"PROGRAM\", \"OTHER\");",
    ])
    func theProgramMayGoWhileItProbes(statement: String) throws {
        let (program, other) = (directory.file("program"), directory.file("other"))
        try FileManager.default.copyItem(atPath: Program.path, toPath: program)
        try FileManager.default.copyItem(atPath: "/bin/false", toPath: other)
        let statement = statement.replacingOccurrences(of: "PROGRAM", with: program).replacingOccurrences(of: "OTHER", with: other)
        try CSource(opening: statement).build(to: "\(plugins)/first.so")
        try CSource().build(to: "\(plugins)/second.so")
        let run = try Program(
            ["-plugins-directory", plugins, "-dump-all-plugins", "--probe-parallelism", "1"], executable: program)
        #expect(run.end == .exited(0), "\(run.errors)")
        #expect(run.outputText.contains(#""Name":"first""#) && run.outputText.contains(#""Name":"second""#), "\(run.errors)")
    }

    // MARK: Endings

    @Test func aCrashWithoutAWordHasNoLastWordsToMend() throws {
        try CSource(opening: "raise(SIGSEGV);").build(to: "\(plugins)/mute.so")
        let refusal = try refusal(of: "mute")
        #expect(refusal.contains("plugin: said nothing"))
        #expect(refusal.contains("fix: look into what runs when mute is opened: its constructors, and kong_plugin_open"))
    }

    @Test func aPluginThatClosesWhatIsNotItsOwnIsToldSo() throws {
        let source = CSource(
            opening: "", extra: "__attribute__((constructor)) static void begin(void) { for (int i = 3; i < 64; i++) close(i); }")
        try source.build(to: "\(plugins)/closing.so")
        let refusal = try refusal(of: "closing")
        #expect(refusal.contains("it closed descriptors of its process while it was opened [load-exit]"), "\(refusal)")
        #expect(refusal.contains("fix: let closing close only descriptors that it has opened itself"))
    }

    // MARK: Time

    @Test func aTimeLimitOfLessThanASecondIsSaidAsItIs() throws {
        try CSource(opening: "for (;;) pause();").build(to: "\(plugins)/hang.so")
        let refusal = try refusal(of: "hang", "--probe-timeout", "0.5")
        #expect(refusal.contains("it did not open within 0.5 s"))
        #expect(refusal.contains("host: gives a plugin 0.5 s to open"))
    }

    // MARK: Memory

    private func expectLackOfMemory(_ name: String, said: String) throws {
        let refusal = try refusal(of: name)
        #expect(refusal.contains("it had not enough memory to open: "))
        #expect(refusal.contains(said))
        #expect(refusal.contains("host: gives a plugin 1 GiB of memory to open"))
        #expect(refusal.contains("--probe-memory"))
    }

    @Test(arguments: [
        ("exits", "if (!malloc(2ul << 30)) { perror(\"my table\"); exit(1); }", "said \"my table: Cannot allocate memory\""),
        (
            "returns", "if (!malloc(2ul << 30)) { *error = (kong_string){\"out of memory\", 13}; return NULL; }",
            "said \"out of memory\""
        ),
        (
            "throws",
            "if (!malloc(2ul << 30)) { fputs(\"terminate called after throwing an instance of 'std::bad_alloc'\\n  what():  std::bad_alloc\\n\", stderr); abort(); }",
            "std::bad_alloc"
        ),
    ])
    func aPluginThatNeedsMoreMemoryThanThereIsSaysSo(name: String, statements: String, said: String) throws {
        try CSource(opening: statements).build(to: "\(plugins)/\(name).so")
        try expectLackOfMemory(name, said: said)
        let allowed = try Program(["-plugins-directory", plugins, "-dump-plugin-info", name, "--probe-memory", "\(8 << 30)"])
        #expect(allowed.end == .exited(0), "\(allowed.errors)")
    }

    @Test func aCrashIsToldWithTheMemoryThatThereWas() throws {
        try CSource(opening: "volatile char *table = malloc(2ul << 30); *table = 1;").build(to: "\(plugins)/careless.so")
        let refusal = try refusal(of: "careless")
        #expect(refusal.contains("it crashed while it was opened: signal 11"))
        #expect(refusal.contains("with 1 GiB of memory"))
    }

    // MARK: Swift

    /// Builds a plugin that runs a function `work` when it is opened.
    private func build(_ name: String, swift code: String, _ flag: String) throws {
        var source = CSource(opening: "work();", extra: "void work(void);")
        source.stamp = #"KONG_PLUGIN_STAMP(KONG_LANGUAGE_SWIFT, KONG_RUNTIME_UNSTATED, "0.1.0", "swiftc of the tests")"#
        try source.build(to: "\(plugins)/\(name).so", swift: code, flag)
    }

    /// A shared runtime of the compiler, and one of the plugin's own.
    static let runtimes = ["-Onone", "-static-stdlib"]

    @Test(arguments: runtimes) func aSwiftTrapIsToldInTheRuntimesOwnWords(flag: String) throws {
        try build(
            "trapping",
            swift: #"""
            let numbers = [1, 2, 3]
            let table: [Int] = { (0...3).map { numbers[$0] } }()
            @_cdecl("work") public func work() { print(table) }
            """#, flag)
        let refusal = try refusal(of: "trapping")
        #expect(refusal.contains("it crashed while it was opened: signal "))
        #expect(refusal.contains("Fatal error: Index out of range\""))
    }

    @Test(arguments: runtimes) func aSwiftAllocationThatFailsIsALackOfMemory(flag: String) throws {
        try build(
            "large",
            swift: #"""
            @_cdecl("work") public func work() { _ = [UInt8](repeating: 0, count: 2 << 30).last }
            """#, flag)
        try expectLackOfMemory("large", said: "said \"Fatal error: failed to allocate 21474836")
    }

    @Test func aReleaseBuildThatTrapsWithoutAWordIsToldHowToFindOut() throws {
        try build(
            "silent",
            swift: #"""
            @_cdecl("work") public func work() { precondition(Int.random(in: 0...1) > 1, "no luck") }
            """#, "-O")
        let refusal = try refusal(of: "silent")
        #expect(refusal.contains("plugin: said nothing"))
        #expect(refusal.contains("fix: build silent for debugging"))
    }
}
