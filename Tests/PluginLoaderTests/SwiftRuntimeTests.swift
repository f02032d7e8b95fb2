import Foundation
import Testing

@testable import PluginLoader

/// Real libraries of the Swift compiler, with both kinds of runtime.
@Suite struct SwiftRuntimeTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    static let shared = build("-Onone")
    private static let selfContained = build("-static-stdlib")

    /// A plugin of Swift and C, as KongPDK makes them.
    private static func build(_ argument: String) -> [UInt8] {
        do {
            let directory = try TemporaryDirectory()
            try directory.write(
                #"@_cdecl("work") public func work() -> Int { [3, 1, 2].sorted().map { "\($0)".count }.reduce(0, +) }"#.utf8,
                to: "work.swift")
            try directory.write(
                """
                #include "kong_plugin.h"
                KONG_PLUGIN_STAMP(KONG_LANGUAGE_SWIFT, KONG_RUNTIME_UNSTATED, "0.1.0", "swift 6.3.1")
                int64_t work(void);
                static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {}
                static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) { return NULL; }
                static const kong_entry schema_entries[] = {
                    {{"type", 4}, {.type = KONG_STRING, .string = {"record", 6}}}, {{"fields", 6}, {.type = KONG_ARRAY}}};
                static const kong_value schema = {.type = KONG_MAP, .map = {schema_entries, 2}};
                static kong_plugin plugin;
                const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
                    plugin = (kong_plugin){.size = sizeof plugin, .version = {"1.0.0", 5}, .priority = (int32_t)work(),
                        .phases = 4, .config_schema = &schema, .start = start, .handle = handle};
                    return &plugin;
                }
                """.utf8, to: "plugin.c")
            try run(
                "clang", ["-I", CSource.headers, "-fPIC", "-c", directory.file("plugin.c"), "-o", directory.file("plugin.o")])
            try run(
                "swiftc",
                [
                    argument, "-module-name", "Work", "-emit-library", directory.file("work.swift"), directory.file("plugin.o"),
                    "-o", directory.file("work.so"),
                ])
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory.file("work.so"))))
        } catch {
            fatalError("the tests need swiftc: \(error)")
        }
    }

    /// The same bytes, with each occurrence of one text replaced by another of the same length.
    private func replace(_ text: String, with other: String, in bytes: [UInt8]) -> [UInt8] {
        var data = Data(bytes)
        while let range = data.range(of: Data(text.utf8)) { data.replaceSubrange(range, with: Data(other.utf8)) }
        return [UInt8](data)
    }

    private func fingerprint(of bytes: [UInt8]) throws -> String {
        try directory.write(bytes, to: "fingerprint")
        let all = try ToolchainFingerprint.all(in: ELFImage(FileBytes(path: directory.file("fingerprint"))))
        #expect(all.count == 1)
        return try #require(all.first?.commit)
    }

    @Test func selfContainedPluginRunsWithItsOwnRuntime() throws {
        try directory.write(Self.selfContained, to: "sample.so")
        let plugin = try check(path)
        #expect(plugin.runtime == .own)
        #expect(try plugin.open(host: Host.pointer).priority == 3)
    }

    @Test func selfContainedPluginMayBeOfAnyToolchain() throws {
        let commit = try fingerprint(of: Self.selfContained)
        try directory.write(replace(commit, with: String(repeating: "a", count: 40), in: Self.selfContained), to: "sample.so")
        #expect(refusal(of: path) == nil)
    }

    @Test func sharedRuntimeIsTheOneThatIsLoaded() throws {
        try directory.write(Self.shared, to: "sample.so")
        let plugin = try check(path)
        let core = try #require(LibraryReader().loaded(as: "libswiftCore.so")?.mappedFile)
        #expect(plugin.runtime == .shared(library: core))
        #expect(try plugin.open(host: Host.pointer).priority == 3)
    }

    @Test func sharedRuntimeOfAnotherToolchainIsRefused() throws {
        let commit = try fingerprint(of: Self.shared)
        try directory.write(replace(commit, with: String(repeating: "a", count: 40), in: Self.shared), to: "sample.so")
        let error = try #require(refusal(of: path))
        #expect(error.code == .swiftRuntime)
        #expect(
            error.message
                == "failed to open plugin sample: plugin.Open(\"\(directory.path)/sample\"): plugin was built with a different version of package Swift"
        )
        #expect(error.pluginSide == "ABI 1.1, PDK 0.1.0, swift 6.3.1, compiler aaaaaaaaaaaa")
        #expect(error.hostSide.hasSuffix("libswiftCore.so, compiler \(commit.prefix(12))"))
    }

    @Test func withoutFingerprintTheStampsToolchainDecides() throws {
        let unknown = replace("swiftlang/llvm-project", with: "elsewhere/llvm-project", in: Self.shared)
        try directory.write(unknown, to: "sample.so")
        #expect(refusal(of: path) == nil)
        try directory.write(replace("swift 6.3.1", with: "swift 6.2.9", in: unknown), to: "sample.so")
        #expect(refusal(of: path)?.code == .swiftRuntime)
    }

    @Test(arguments: [
        ("clang version 21.0.0 (https://github.com/swiftlang/llvm-project.git 11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0)", true),
        ("clang version 17.0.0 (https://github.com/apple/llvm-project.git 11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0)", true),
        ("clang version 17.0.0 (https://github.com/llvm/llvm-project.git 11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0)", false),
        ("GCC: (Debian 12.2.0-14+deb12u1) 12.2.0", false),
        (") (", false), ("", false), ("clang version 21.0.0 (https://github.com/swiftlang/llvm-project.git 11673)", false),
    ])
    func fingerprintIsSwiftsLLVM(comment: String, isOne: Bool) {
        #expect((ToolchainFingerprint(comment: comment) != nil) == isOne)
    }
}
