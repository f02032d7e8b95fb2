import Foundation
import Testing

@testable import PluginLoader

/// What is said of a file before anything of it runs.
@Suite struct CheckTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    private func code(of source: CSource, _ arguments: String...) throws -> LoadError.Code? {
        try source.build(to: path, arguments.first ?? "-O1")
        return refusal(of: path)?.code
    }

    private func code(of bytes: [UInt8]) throws -> LoadError.Code? {
        try directory.write(bytes, to: "sample.so")
        return refusal(of: path)?.code
    }

    private func good(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = CSource.goodBytes
        change(&bytes)
        return bytes
    }

    // MARK: What passes

    @Test(arguments: [
        "-Wl,--hash-style=gnu", "-Wl,--hash-style=sysv", "-Wl,--build-id", "-fuse-ld=lld", "-Wl,--strip-all", "-Wl,--gc-sections",
    ])
    func pluginIsRead(argument: String) throws {
        try CSource().build(to: path, argument)
        let plugin = try check(path)
        #expect(plugin.name.description == "sample")
        #expect(plugin.stamp.versions == BuildVersions(pdk: "0.1.0", toolchain: "cc of the tests"))
        #expect(plugin.stamp.language == .c)
        #expect(plugin.runtime == .own)
        #expect(argument != "-Wl,--build-id" || plugin.image.buildID?.count == 40)
    }

    @Test func pluginWithoutSectionHeadersIsRead() throws {
        let bytes = good { $0.replaceSubrange(40..<48, with: repeatElement(0, count: 8)) }
        #expect(try code(of: bytes) == nil)
    }

    // MARK: Versions

    @Test(arguments: [(2, 0, "abi-major"), (0, 9, "abi-major"), (1, 2, "abi-minor"), (1, 65535, "abi-minor")])
    func otherVersionIsRefused(major: Int, minor: Int, code: String) throws {
        var source = CSource()
        source.stamp = CSource.stamp(major: major, minor: minor)
        try source.build(to: path)
        let error = try #require(refusal(of: path))
        #expect(error.code.rawValue == code)
        #expect(error.pluginSide == "ABI \(major).\(minor), PDK 0.9.0, swift 6.2.1")
    }

    @Test func newerMinorWithLongerStampIsCalledNewer() throws {
        var source = CSource()
        source.stamp = CSource.stamp(major: 1, minor: 3, size: 240)
        #expect(try code(of: source) == .abiMinor)
    }

    @Test func otherMajorIsSaidEvenWhereItsEntryIsAnother() throws {
        var source = CSource()
        source.stamp = CSource.stamp(major: 2, minor: 0)
        source.open = ""
        #expect(try code(of: source) == .abiMajor)
    }

    // MARK: Stamp and entry

    @Test func libraryWithoutStampIsNoPlugin() throws {
        var source = CSource()
        source.stamp = ""
        #expect(try code(of: source) == .noStamp)
    }

    @Test func systemLibraryIsNoPlugin() throws {
        let libc = try #require(LibrarySearchTests.libc)
        try directory.link("sample.so", to: libc)
        #expect(refusal(of: path)?.code == .noStamp)
    }

    @Test(arguments: [
        CSource.stamp(major: 1, minor: 0, size: 100, noteSize: 176),
        CSource.stamp(major: 1, minor: 0, size: 177, noteSize: 176),
        CSource.stamp(major: 1, minor: 0, toolchain: #"a\nb"#),
        CSource.stamp(major: 1, minor: 0, owner: "King"),
        "KONG_EXPORT const int kong_plugin_abi = 1;",
    ])
    func damagedStampIsRefused(stamp: String) throws {
        var source = CSource()
        source.stamp = stamp
        #expect(try code(of: source) == .badStamp)
    }

    @Test func stampOutsideOfANoteSectionIsFoundByItsSymbol() throws {
        var source = CSource()
        source.stamp = CSource.stamp(major: 1, minor: 0, section: ".rodata.kong")
        #expect(try code(of: source) == nil)
    }

    @Test func stampThatIsNotExportedIsRefused() throws {
        var source = CSource()
        source.stamp = "#undef KONG_EXPORT\n#define KONG_EXPORT __attribute__((visibility(\"hidden\")))\n\(source.stamp)"
        #expect(try code(of: source) == .missingEntry)
    }

    @Test(arguments: [
        "", "static OPEN { return 0; }", "KONG_EXPORT int kong_plugin_open_ = 1;",
        "extern int kong_plugin_open_elsewhere(void); int call(void) { return kong_plugin_open_elsewhere(); }",
    ])
    func missingEntryIsRefused(open: String) throws {
        var source = CSource()
        source.open = open
        // The header declares it; another declaration needs another name there.
        source.stamp = "#undef kong_plugin_open\n" + source.stamp
        source.extra = open.hasPrefix("static") ? "#define kong_plugin_open not_exported" : ""
        #expect(try code(of: source) == .missingEntry)
    }

    @Test func entryThatIsDataIsRefused() throws {
        var source = CSource()
        source.open = "int data asm(\"kong_plugin_open\") = 1;"
        #expect(try code(of: source) == .missingEntry)
    }

    // MARK: Machine and kind

    @Test func otherMachineIsRefused() throws {
        #expect(try code(of: good { $0[18] = 40 }) == .wrongMachine)
        #expect(refusal(of: path)?.pluginSide == "64-bit ARM")
        #expect(try code(of: good { $0[4] = 1 }) == .wrongMachine)
        #expect(refusal(of: path)?.pluginSide.hasPrefix("32-bit") == true)
        #expect(
            try code(
                of: good {
                    $0[5] = 2
                    $0.swapAt(18, 19)
                }) == .wrongMachine)
        #expect(refusal(of: path)?.pluginSide.hasPrefix("64-bit big-endian") == true)
        #expect(try code(of: good { $0[7] = 9 }) == .wrongMachine)
    }

    @Test func whatIsNoLibraryIsRefused() throws {
        #expect(try code(of: good { $0[16] = 1 }) == .notALibrary)
        #expect(try code(of: good { $0[16] = 2 }) == .notALibrary)
        try directory.write("int main(void) { return 0; }".utf8, to: "main.c")
        try run("clang", ["-pie", "-fPIE", directory.file("main.c"), "-o", path])
        #expect(refusal(of: path)?.code == .notALibrary)
        try run("clang", ["-c", directory.file("main.c"), "-o", path])
        #expect(refusal(of: path)?.code == .notALibrary)
    }

    // MARK: Damage

    @Test func everyBeginningOfAPluginIsTruncated() throws {
        let whole = CSource.goodBytes
        for length in Array(0..<200) + Array(stride(from: 200, to: whole.count, by: 61)) + [whole.count - 1] {
            #expect(try code(of: Array(whole.prefix(length))) == .truncated, "\(length) of \(whole.count) bytes")
        }
        #expect(try code(of: whole) == nil)
    }

    @Test func textAndRandomBytesAreNotELF() throws {
        var random = SeededNumbers(seed: 1)
        for length in [1, 3, 64, 4096] {
            let bytes = [0x00] + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(try code(of: bytes) == .notELF)
        }
        #expect(try code(of: Array("This is the README of a plugin.\n".utf8)) == .notELF)
        #expect(refusal(of: path)?.pluginSide == "text, beginning with \"This is the READ\"")
    }

    // MARK: What is no file

    @Test func directoryIsNotAFile() throws {
        try directory.makeDirectory("sample.so")
        #expect(refusal(of: path)?.code == .notAFile)
    }

    @Test(.timeLimit(.minutes(1))) func fifoIsNotWaitedFor() throws {
        #expect(mkfifo(path, 0o600) == 0)
        #expect(refusal(of: path)?.code == .notAFile)
    }

    @Test func deviceAndSocketAreNotFiles() throws {
        try directory.link("sample.so", to: "/dev/null")
        #expect(refusal(of: path)?.code == .notAFile)
    }

    @Test func danglingLinkSaysWhereItPoints() throws {
        try directory.link("sample.so", to: "/nowhere/goplug.so")
        let error = try #require(refusal(of: path))
        #expect(error.code == .missingFile)
        #expect(error.pluginSide == "a link to /nowhere/goplug.so, which is not there")
    }

    @Test func linkToItselfIsRefused() throws {
        try directory.link("sample.so", to: path)
        #expect(refusal(of: path)?.code == .unreadable)
    }

    @Test func missingFileIsRefused() {
        #expect(refusal(of: path)?.code == .missingFile)
    }

    /// Nothing is unreadable to root.
    @Test(.enabled(if: geteuid() != 0)) func unreadableFileIsRefused() throws {
        try directory.write(CSource.goodBytes, to: "sample.so")
        #expect(chmod(path, 0) == 0)
        #expect(refusal(of: path)?.code == .permissions)
    }

    @Test func badNameIsRefused() throws {
        try directory.write(CSource.goodBytes, to: "a b.so")
        #expect(refusal(of: directory.file("a b.so"))?.code == .badName)
    }
}
