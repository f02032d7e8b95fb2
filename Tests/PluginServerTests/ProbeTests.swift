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
        let source = CPlugin.source(
            "",
            extra: """
                __attribute__((constructor)) static void look(void) {
                    FILE *file = fopen("\(directory.file("seen"))", "a");
                    if (file) { fprintf(file, "%s\\n", fcntl(\(inherited), F_GETFD) < 0 ? "closed" : "open"); fclose(file); }
                }
                """)
        try TestServer.run([:], prepare: { try Plugins.compile(source, named: "looking", into: $0) }) { _ in
            // The probe, and the server, which has it still.
            #expect(directory.text(of: "seen") == "closed\nopen\n")
        }
    }

    // MARK: Time

    @Test func aTimeLimitOfLessThanASecondIsSaidAsItIs() throws {
        try Plugins.compile(CPlugin.source("for (;;) pause();"), named: "hang", into: plugins)
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
        try Plugins.compile(CPlugin.source(statements), named: name, into: plugins)
        try expectLackOfMemory(name, said: said)
        let allowed = try Program(["-plugins-directory", plugins, "-dump-plugin-info", name, "--probe-memory", "\(8 << 30)"])
        #expect(allowed.end == .exited(0), "\(allowed.errors)")
    }

    @Test func aCrashIsToldWithTheMemoryThatThereWas() throws {
        try Plugins.compile(
            CPlugin.source("volatile char *table = malloc(2ul << 30); *table = 1;"), named: "careless", into: plugins)
        let refusal = try refusal(of: "careless")
        #expect(refusal.contains("it crashed while it was opened: signal 11"))
        #expect(refusal.contains("with 1 GiB of memory"))
    }

    // MARK: Swift

    /// A shared runtime of the compiler, and one of the plugin's own.
    static let runtimes = ["-Onone", "-static-stdlib"]

    @Test(arguments: runtimes) func aSwiftTrapIsToldInTheRuntimesOwnWords(flag: String) throws {
        try Plugins.compileSwift(
            #"""
            let numbers = [1, 2, 3]
            let table: [Int] = { (0...3).map { numbers[$0] } }()
            @_cdecl("work") public func work() { print(table) }
            """#, flag, named: "trapping", into: plugins)
        let refusal = try refusal(of: "trapping")
        #expect(refusal.contains("it crashed while it was opened: signal "))
        #expect(refusal.contains("Fatal error: Index out of range\""))
    }

    @Test(arguments: runtimes) func aSwiftAllocationThatFailsIsALackOfMemory(flag: String) throws {
        try Plugins.compileSwift(
            #"""
            @_cdecl("work") public func work() { _ = [UInt8](repeating: 0, count: 2 << 30).last }
            """#, flag, named: "large", into: plugins)
        try expectLackOfMemory("large", said: "said \"Fatal error: failed to allocate 21474836")
    }

    @Test func aReleaseBuildThatTrapsWithoutAWordIsToldHowToFindOut() throws {
        try Plugins.compileSwift(
            #"""
            @_cdecl("work") public func work() { precondition(Int.random(in: 0...1) > 1, "no luck") }
            """#, "-O", named: "silent", into: plugins)
        let refusal = try refusal(of: "silent")
        #expect(refusal.contains("plugin: said nothing"))
        #expect(refusal.contains("fix: build silent for debugging"))
    }
}
