import Foundation
import Testing

@testable import PluginLoader

@Suite struct PluginDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func scan() throws(LoadError) -> PluginDirectory {
        try PluginDirectory(path: directory.path, host: Host.versions)
    }

    /// A finding in short.
    private func brief(_ finding: Finding) -> String {
        switch finding {
        case .plugin(let plugin): "plugin \(plugin.name)"
        case .refused(let name, let error): "\(error.code.rawValue) \(name?.description ?? "-")"
        case .ignored(let fileName, _): "ignored \(fileName)"
        }
    }

    @Test func everyEntryIsFoundInOrderAndOneBadFileDisturbsNoOther() throws {
        try directory.write(CSource.goodBytes, to: "b-good.so")
        try directory.write(CSource.goodBytes, to: "libz-good.so")
        try directory.write("text".utf8, to: "README.txt")
        try directory.write(CSource.goodBytes, to: ".hidden.so")
        try directory.write("just text".utf8, to: "c-text.so")
        try directory.write(CSource.goodBytes.prefix(1000), to: "d-half.so")
        try directory.write(CSource.goodBytes, to: "a b.so")
        try directory.makeDirectory("e-directory.so")
        try directory.makeDirectory("plain-directory")
        try directory.link("f-dangling.so", to: "/nowhere")
        #expect(mkfifo(directory.file("g-fifo.so"), 0o600) == 0)

        #expect(
            try scan().findings.map(brief) == [
                "ignored .hidden.so", "ignored README.txt", "bad-name -", "plugin b-good", "not-elf c-text", "truncated d-half",
                "not-a-file e-directory", "missing-file f-dangling", "not-a-file g-fifo", "plugin z-good",
                "ignored plain-directory",
            ])
    }

    @Test func twoFilesForOneNameAreAnErrorForBoth() throws {
        try directory.write(CSource.goodBytes, to: "goplug.so")
        try directory.write(CSource.goodBytes, to: "libgoplug.so")
        try directory.write(CSource.goodBytes, to: "other.so")
        let found = try scan()
        #expect(found.findings.map(brief) == ["duplicate-name goplug", "duplicate-name goplug", "plugin other"])
        guard case .refused(_, let first) = found.findings[0], case .refused(_, let second) = found.findings[1] else { return }
        #expect(first.reason == "\(directory.path)/libgoplug.so holds plugin goplug too")
        #expect(second.reason == "\(directory.path)/goplug.so holds plugin goplug too")
    }

    @Test func whatIsNoFileIsNoSecondFileForAName() throws {
        try directory.write(CSource.goodBytes, to: "libgoplug.so")
        try directory.makeDirectory("goplug.so")
        let found = try scan()
        #expect(found.findings.map(brief) == ["not-a-file goplug", "plugin goplug"])
        #expect(try found.plugin(named: #require(PluginName("goplug"))).path == directory.file("libgoplug.so"))
    }

    @Test func pluginIsFoundByName() throws {
        try directory.write(CSource.goodBytes, to: "libgood.so")
        try directory.write("text".utf8, to: "bad.so")
        let found = try scan()
        #expect(try found.plugin(named: #require(PluginName("good"))).path == directory.file("libgood.so"))
        #expect(throws: LoadError.self) { try found.plugin(named: #require(PluginName("bad"))) }
        do {
            _ = try found.plugin(named: #require(PluginName("absent")))
            Issue.record("found what is not there")
        } catch let error as LoadError {
            #expect(error.message == "failed to open plugin absent: plugin.Open(\"\(directory.path)/absent.so\"): no such file")
        }
    }

    @Test func emptyDirectoryHasNoFindings() throws {
        #expect(try scan().findings.isEmpty)
    }

    @Test func directoryThatCannotBeReadIsAnError() throws {
        try directory.write("text".utf8, to: "file")
        func code(_ name: String) -> LoadError.Code? {
            do throws(LoadError) {
                _ = try PluginDirectory(path: directory.file(name), host: Host.versions)
                return nil
            } catch {
                #expect(error.message.hasPrefix("failed to open plugins directory \"\(directory.file(name))\": "))
                return error.code
            }
        }
        #expect(code("absent") == .missingDirectory)
        #expect(code("file") == .missingDirectory)
        try directory.link("loop", to: directory.file("loop"))
        #expect(code("loop") == .unreadable)
    }

    @Test func descriptorsAreClosedWithTheFindings() throws {
        try directory.write(CSource.goodBytes, to: "good.so")
        try directory.write("text".utf8, to: "bad.so")
        let good = directory.file("good.so")
        func isOpen() throws -> Bool {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").contains {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == good
            }
        }
        var found: PluginDirectory? = try scan()
        #expect(try isOpen())
        #expect(found?.findings.count == 2)
        found = nil
        #expect(try !isOpen())
    }
}
