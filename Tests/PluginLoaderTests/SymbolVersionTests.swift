import Foundation
import Testing

@testable import PluginLoader

/// Symbol versions: what a plugin needs, and what this machine's libraries define.
@Suite struct SymbolVersionTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: [
        ("GLIBC_2.34", "GLIBC", [2, 34]), ("GLIBCXX_3.4.30", "GLIBCXX", [3, 4, 30]), ("CXXABI_1.3.13", "CXXABI", [1, 3, 13]),
        ("OPENSSL_3.0.0", "OPENSSL", [3, 0, 0]), ("A_B_1", "A_B", [1]),
    ])
    func versionThatCountsIsRead(name: String, family: String, numbers: [Int]) {
        #expect(SymbolVersion(name)?.family == family)
        #expect(SymbolVersion(name)?.numbers == numbers)
        #expect(SymbolVersion(name)?.description == name)
    }

    @Test(arguments: [
        "GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR", "GLIBC_", "_2.3", "GLIBC_2.", "GLIBC_2..3", "2.34", "", "GLIBC_99999999999999999999",
        "GLIBC_-1",
    ])
    func versionThatDoesNotCountIsNone(name: String) { #expect(SymbolVersion(name) == nil) }

    @Test func versionsAreComparedByNumbers() throws {
        let names = ["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE", "CXXABI_1.3"]
        #expect(SymbolVersion.highest(of: names).mapValues(\.description) == ["GLIBC": "GLIBC_2.34", "CXXABI": "CXXABI_1.3"])
        let older = try #require(SymbolVersion("GLIBC_2.3"))
        let newer = try #require(SymbolVersion("GLIBC_2.3.4"))
        #expect(older < newer)
    }

    @Test func libcDefinesWhatItSays() throws {
        let libc = try #require(LibrarySearchTests.libc)
        let defined = try #require(try ELFImage(FileBytes(path: libc)).definedVersions())
        #expect(defined.contains("GLIBC_PRIVATE"))
        // As "glibc 2.36": the release, which may have no symbol version of its own.
        let words = try run("getconf", ["GNU_LIBC_VERSION"]).split(whereSeparator: \.isWhitespace)
        let release = try #require(SymbolVersion("GLIBC_\(words[1])"))
        let highest = try #require(SymbolVersion.highest(of: defined)["GLIBC"])
        #expect(highest <= release && highest.numbers[0] == release.numbers[0])
    }

    /// A plugin of a system that does not exist yet.
    private func buildForNewerGlibc() throws -> String {
        var source = CSource()
        source.extra = CSource.constructor(creating: directory.file("mark"))
        var bytes = CSource.bytes(of: source)
        let old = Array("GLIBC_2.".utf8)
        for start in 0..<bytes.count - old.count where bytes[start..<start + old.count].elementsEqual(old) { bytes[start + 6] = UInt8(ascii: "9") }
        try directory.write(bytes, to: "sample.so")
        let needs = try ELFImage(FileBytes(path: path)).neededVersions()
        return try #require(SymbolVersion.highest(of: needs.map(\.version))["GLIBC"]).number
    }

    @Test func pluginOfANewerGlibcIsRefusedWithBothVersions() throws {
        let needed = try buildForNewerGlibc()
        let error = try #require(refusal(of: path))
        let libc = try #require(LibraryReader().loaded(as: "libc.so.6")?.path)
        let defined = try #require(try ELFImage(FileBytes(path: libc)).definedVersions())
        let present = try #require(SymbolVersion.highest(of: defined)["GLIBC"])
        #expect(error.code == .glibc)
        #expect(error.reason == "it needs a newer libc.so.6 than this machine has")
        #expect(error.pluginSide == "needs GLIBC_\(needed) of libc.so.6")
        #expect(error.hostSide == "\(libc) has \(present) at most")
        #expect(
            error.fix
                == "build sample on a system where ldd --version says \(present.number) or less, or run it on one where it says \(needed) or more"
        )
        // The dynamic linker would have said no as well, and nothing ran.
        #expect(dlopen(path, RTLD_NOW) == nil)
        #expect(dlerror().map { String(cString: $0) }?.contains("version `GLIBC_\(needed)' not found") == true)
        #expect(!directory.has("mark"))
    }

    /// Another library's versions, built with a script of its own.
    private func helper(_ version: String) throws {
        try directory.write("\(version) { global: help; };".utf8, to: "map")
        try directory.write("int help(void) { return 1; }".utf8, to: "help.c")
        try run(
            "clang",
            [
                "-shared", "-fPIC", directory.file("help.c"), "-Wl,-soname,libhelp.so",
                "-Wl,--version-script,\(directory.file("map"))", "-o", directory.file("libhelp.so"),
            ])
    }

    private func pluginWithHelper() throws {
        var source = CSource()
        source.extra = "int help(void);"
        source.descriptor = "plugin.priority = help();"
        try source.build(to: path, directory.file("libhelp.so"), "-Wl,-rpath,$ORIGIN")
    }

    @Test func versionOfAnotherLibraryIsMissed() throws {
        try helper("HELP_2.1")
        try pluginWithHelper()
        #expect(refusal(of: path) == nil)
        try helper("HELP_2.0")
        let error = try #require(refusal(of: path))
        #expect(error.code == .libraryVersion)
        #expect(error.pluginSide == "needs HELP_2.1 of libhelp.so")
        #expect(error.hostSide == "\(directory.path)/libhelp.so has HELP_2.0 at most")
        #expect(error.fix == "build sample on this system, or update libhelp.so here")
    }

    /// A library without any versions is asked for none (glibc, `match_symbol`).
    @Test func libraryWithoutVersionsIsTaken() throws {
        try helper("HELP_2.1")
        try pluginWithHelper()
        // By lld: gold defines a version of the library's own name for each.
        try run(
            "clang",
            [
                "-shared", "-fPIC", "-fuse-ld=lld", directory.file("help.c"), "-Wl,-soname,libhelp.so",
                "-o", directory.file("libhelp.so"),
            ])
        #expect(refusal(of: path) == nil)
    }
}
