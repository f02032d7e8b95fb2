import Foundation
import Testing

@testable import PluginLoader

@Suite struct InspectionTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    private func inspect(_ name: String = "sample.so") -> Inspection {
        Inspection(path: directory.file(name), options: Host.options)
    }

    @Test func goodPluginIsDescribedInFull() throws {
        try CSource().build(to: path, "-Wl,--build-id")
        let found = inspect()
        #expect(found.verdict.code == "ok" && found.verdict.isOK && found.verdict.message == nil)
        #expect(found.name == "sample")
        #expect(found.warnings.isEmpty)
        #expect(found.file?.kind == "a file")
        #expect(found.file?.mode == "0755")
        #expect(found.file?.owner == geteuid())
        #expect(found.file?.sha256 == String(try run("sha256sum", [path]).prefix(64)))
        #expect(found.format?.type == "a shared library")
        #expect(found.format?.wordSize == "64-bit")
        #expect(found.format?.byteOrder == "little-endian")
        #expect(found.buildID?.count == 40)
        #expect(found.stamp?.abi == "\(ABIVersion.host)")
        #expect(found.stamp?.language == "C")
        #expect(found.stamp?.toolchain == "cc of the tests")
        #expect(found.stamp?.statedRuntime == "unstated")
        #expect(found.runtime == .init(kind: "own", library: nil))
        #expect(found.libraries?.contains { $0.name == "libc.so.6" && $0.state == "loaded" && $0.path != nil } == true)
        let glibc = try #require(found.symbolVersions?.first { $0.family == "GLIBC" })
        #expect(glibc.library == "libc.so.6" && glibc.present != nil)
        #expect(found.symbols == [.init(name: "kong_plugin_open", kind: "a function"), .init(name: "kong_plugin_abi", kind: "data")])
    }

    @Test func whatCanBeReadOfARefusedFileIsThere() throws {
        var source = CSource()
        source.stamp = CSource.stamp(major: 2, minor: 7)
        source.open = ""
        try source.build(to: path, "-O1")
        let found = inspect()
        #expect(found.verdict.code == "abi-major")
        #expect(found.verdict.fix?.isEmpty == false)
        #expect(found.stamp?.abi == "2.7")
        #expect(found.symbols?.first == .init(name: "kong_plugin_open", kind: nil))
        #expect(found.libraries?.isEmpty == false)
    }

    @Test func fileOfAnotherMachineHasItsHeader() throws {
        var library = PatchedLibrary()
        library.bytes[4] = 1
        library.bytes[5] = 2
        library.bytes.swapAt(16, 17)
        library.bytes.swapAt(18, 19)
        try directory.write(library.bytes, to: "sample.so")
        let found = inspect()
        #expect(found.verdict.code == "wrong-machine")
        #expect(found.format?.wordSize == "32-bit" && found.format?.byteOrder == "big-endian")
        #expect(found.format?.type == "a shared library")
        #expect(found.stamp == nil && found.libraries == nil)
        #expect(found.file?.sha256 != nil)
    }

    @Test func linkSaysWhereItPoints() throws {
        try directory.write(CSource.goodBytes, to: "real")
        try directory.link("sample.so", to: directory.file("real"))
        #expect(inspect().file?.linkTarget == directory.file("real"))
        #expect(inspect().verdict.isOK)
    }

    @Test func missingFileHasAVerdictAndNothingElse() {
        let found = inspect("absent.so")
        #expect(found.verdict.code == "missing-file")
        #expect(found.file == nil && found.format == nil)
    }

    @Test func whatIsLetPassIsAmongTheWarnings() throws {
        try directory.write(CSource.goodBytes, to: "sample.so")
        try directory.setMode(0o666, of: "sample.so")
        let found = Inspection(path: path, options: CheckOptions(host: Host.versions, allowInsecure: true))
        #expect(found.verdict.isOK && found.warnings.count == 1)
        #expect(inspect().verdict.code == "insecure-file")
        // It is read all the same.
        #expect(inspect().stamp?.abi == "\(ABIVersion.host)")
    }

    @Test func sharedRuntimeHasItsLibrary() throws {
        try directory.write(SwiftRuntimeTests.shared, to: "sample.so")
        let found = inspect()
        #expect(found.verdict.isOK)
        #expect(found.runtime?.kind == "shared")
        #expect(found.runtime?.library?.hasSuffix("/libswiftCore.so") == true)
        #expect(found.compilers?.count == 1)
        #expect(found.libraries?.contains { $0.name == "libswiftCore.so" } == true)
    }

    @Test func findingsOfADirectoryAreInspected() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        try directory.write(CSource.goodBytes, to: "libb.so")
        try directory.write(CSource.goodBytes, to: "b.so")
        try directory.write("text".utf8, to: "c.so")
        try directory.write("text".utf8, to: "README")
        let found = try PluginDirectory(path: directory.path, options: Host.options).findings.compactMap { Inspection($0) }
        #expect(found.map(\.verdict.code) == ["ok", "duplicate-name", "not-elf", "duplicate-name"])
        #expect(found.map(\.name) == ["a", "b", "c", "b"])
        #expect(found[1].stamp != nil)
    }

    /// Scripts read them.
    @Test func keysOfJSONAreStable() throws {
        try directory.write(CSource.goodBytes, to: "sample.so")
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(inspect())
        #expect(try JSONDecoder().decode(Inspection.self, from: data) == inspect())
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys).union(["soname", "build_id"]) == [
                "path", "name", "verdict", "warnings", "file", "format", "soname", "build_id", "stamp", "compilers", "runtime",
                "libraries", "symbol_versions", "symbols",
            ])
        func keys(_ name: String) -> Set<String> {
            let value = (object[name] as? [Any])?.first ?? object[name]
            return Set((value as? [String: Any])?.keys.map(\.self) ?? [])
        }
        #expect(keys("file") == ["kind", "size", "mode", "owner", "group", "modified", "sha256"])
        #expect(keys("format") == ["word_size", "byte_order", "machine", "type"])
        #expect(keys("stamp") == ["abi", "pdk", "language", "toolchain", "stated_runtime"])
        #expect(keys("libraries") == ["name", "needed_by", "path", "state"])
        #expect(keys("symbol_versions") == ["library", "family", "needed", "present"])
        #expect(keys("symbols") == ["name", "kind"])
        #expect(keys("verdict") == ["code"])
    }
}
