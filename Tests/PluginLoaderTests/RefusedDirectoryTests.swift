import Foundation
import Testing

@testable import PluginLoader

/// A directory as it is in the field: one good plugin, and one of each kind of bad file.
@Suite struct RefusedDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A plugin that would leave a mark if any code of it ran.
    private func build(_ name: String, _ argument: String = "-O1", _ change: (inout CSource) -> Void = { _ in }) throws {
        var source = CSource()
        source.extra = CSource.constructor(creating: directory.file("mark-\(name)"))
        change(&source)
        try source.build(to: directory.file("\(name).so"), argument)
    }

    private func damage(_ name: String, _ change: (inout PatchedLibrary) -> Void) throws {
        var library = PatchedLibrary([UInt8](try #require(FileManager.default.contents(atPath: directory.file("\(name).so")))))
        change(&library)
        try directory.write(library.bytes, to: "\(name).so")
    }

    private func fill() throws {
        try CSource().build(to: directory.file("good.so"))
        try build("abi-major") { $0.stamp = CSource.stamp(major: 2, minor: 0) }
        try build("abi-minor") { $0.stamp = CSource.stamp(major: 1, minor: 9) }
        try build("no-stamp") { $0.stamp = "" }
        try build("bad-stamp") { $0.stamp = CSource.stamp(major: 1, minor: 0, size: 100, noteSize: 176) }
        try build("missing-entry") { $0.open = "" }
        for name in ["wrong-machine", "truncated", "bad-elf", "glibc", "insecure-file", "duplicate-name", "missing-library"] { try build(name) }
        try damage("wrong-machine") { $0.set(40, 2, at: 18) }
        try damage("truncated") { $0.bytes.removeLast(100) }
        try damage("bad-elf") { $0.set(0, 8, at: $0.entries(PatchedLibrary.stringsSize)[0] + 8) }
        try damage("glibc") { $0.bytes[$0.firstIndex(of: Array("GLIBC_2.".utf8)) + 6] = UInt8(ascii: "9") }
        try damage("missing-library") { $0.bytes[$0.firstIndex(of: Array("libc.so.6".utf8)) + 3] = UInt8(ascii: "q") }
        try directory.setMode(0o666, of: "insecure-file.so")
        try FileManager.default.copyItem(atPath: directory.file("duplicate-name.so"), toPath: directory.file("libduplicate-name.so"))
        try build("bad name")
        try FileManager.default.moveItem(atPath: directory.file("bad name.so"), toPath: directory.file("bad-name .so"))
        try directory.write("int main(void) { return 0; }".utf8, to: "main.c")
        try run("clang", ["-c", directory.file("main.c"), "-o", directory.file("not-a-library.so")])
        try directory.write("text".utf8, to: "not-elf.so")
        try directory.makeDirectory("not-a-file.so")
        try directory.link("missing-file.so", to: "/nowhere")
    }

    @Test func eachIsNamedForWhatItIsAndNothingOfItRuns() throws {
        try fill()
        let found = try PluginDirectory(path: directory.path, options: Host.options)
        var good: [CheckedPlugin] = []
        var codes: Set<String> = []
        for finding in found.findings {
            switch finding {
            case .plugin(let plugin): good.append(plugin)
            case .refused(_, let error):
                codes.insert(error.code.rawValue)
                // The file's name says what it is to be refused for.
                guard case .plugin(_, let path) = error.subject else { continue }
                let fileName = try #require(path.split(separator: "/").last)
                #expect(fileName.contains(error.code.rawValue), "\(error)")
                #expect(!error.pluginSide.isEmpty && !error.hostSide.isEmpty && !error.fix.isEmpty)
                // In the log, in JSON and on the page of codes it is the same code.
                let inspection = try #require(Inspection(finding))
                #expect(inspection.verdict.code == error.code.rawValue)
                #expect(LoadError.codesPage.contains("\n## \(inspection.verdict.code)\n"))
                #expect(throws: LoadError.self) {
                    if let name = finding.name { _ = try found.plugin(named: name).open(host: Host.pointer) } else { throw error }
                }
            case .ignored: break
            }
        }
        #expect(codes.count == 17)
        #expect(good.map(\.name.description) == ["good"])
        #expect(try good[0].open(host: Host.pointer).version == "1.2.3")

        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("mark") } == [])
        // Nor is any of them mapped.
        let prefix = "\(directory.path)/"
        let maps = try #require(FileBytes.contents(ofProcFile: "/proc/self/maps"))
        let mapped = String(decoding: maps, as: UTF8.self).split(separator: "\n")
            .compactMap { line in line.range(of: prefix).map { line[$0.upperBound...] } }
        #expect(Set(mapped) == ["good.so"])
    }
}
