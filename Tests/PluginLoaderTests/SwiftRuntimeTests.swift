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
        var source = CSource()
        source.stamp = #"KONG_PLUGIN_STAMP(KONG_LANGUAGE_SWIFT, KONG_RUNTIME_UNSTATED, "0.1.0", "swift 6.3.1")"#
        source.extra = "int64_t work(void);"
        source.descriptor = "plugin.priority = (int32_t)work();"
        do {
            let directory = try TemporaryDirectory()
            try source.build(
                to: directory.file("work.so"),
                swift:
                    #"@_cdecl("work") public func work() -> Int { [3, 1, 2].sorted().map { "\($0)".count }.reduce(0, +) }"#,
                argument)
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
