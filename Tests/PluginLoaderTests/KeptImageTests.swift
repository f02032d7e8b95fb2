import Foundation
import TestSupport
import Testing

@testable import PluginLoader

/// A plugin's file, after its path has come to lead elsewhere.
@Suite struct KeptImageTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws {
        directory = try TemporaryDirectory()
        try CSource().build(to: path)
    }

    /// As one process passes it to another.
    private func keep(sha256: String? = nil) throws -> KeptImage {
        let file = try PluginFile(path: path)
        return try #require(
            KeptImage(
                plugin: "sample", path: path, sha256: try sha256 ?? file.digest().description, edition: file.edition,
                owning: fcntl(file.descriptor, F_DUPFD_CLOEXEC, 3)))
    }

    private func replace(with bytes: String = "text\n") throws {
        try directory.write(bytes.utf8, to: "other")
        guard rename(directory.file("other"), path) == 0 else { throw TestFailure("rename") }
    }

    @Test func itIsOpenedWhenItsPathLeadsElsewhere() throws {
        let kept = try keep()
        try replace()
        let plugin = try kept.check(Host.options)
        #expect(plugin.path == path && plugin.name.description == "sample")
        #expect(plugin.file.place == .changed)
        #expect(try plugin.open(host: Host.pointer).version == "1.2.3")
        #expect(plugin.file.mappedPath.contains(path))
        unlink(path)
        #expect(plugin.file.place == .missing)
    }

    /// Whoever opens a file anew needs rights that it may not have any more; who has it open needs none.
    @Test func modeAndOwnersOfTheFileDoNotMatter() throws {
        let kept = try keep()
        chmod(path, 0)
        _ = try kept.check(Host.options)
        chmod(path, 0o666)
        _ = try kept.check(Host.options)
    }

    @Test func nobodyCanWriteToWhatIsOpened() throws {
        let file = try keep().check(Host.options).file
        let before = try file.digest()
        let writing = open("/proc/self/fd/\(file.descriptor)", O_RDWR)
        defer { if writing >= 0 { close(writing) } }
        #expect(write(writing, "x", 1) < 0)
        #expect(write(file.descriptor, "x", 1) < 0)
        #expect(ftruncate(file.descriptor, 0) < 0)
        #expect(try FileDigest(of: file.bytes) == before)
    }

    @Test func whatWasWrittenToIsRefused() throws {
        let kept = try keep()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: 1000)
        try file.write(contentsOf: Data([0x5a, 0xa5]))
        try file.close()
        #expect(throws: LoadError.self) { try kept.check(Host.options) }
        #expect(throws: LoadError.self) { try keep(sha256: "").check(Host.options) }
        do {
            _ = try kept.check(Host.options)
        } catch {
            #expect(error.code == .fileChanged && error.fix.contains("mv "))
        }
    }

    /// It says what was loaded before, and not that it is fit for this server.
    @Test func itIsCheckedAsAnyFile() throws {
        try Data("text\n".utf8).write(to: URL(fileURLWithPath: path))
        do {
            _ = try keep().check(Host.options)
            Issue.record("it is taken")
        } catch let error as LoadError {
            #expect(error.code == .notELF)
        }
    }

    @Test func whatIsNoFileIsNotKept() throws {
        #expect(KeptImage(plugin: "sample", path: path, sha256: "", edition: "", owning: open("/", O_RDONLY)) == nil)
        #expect(KeptImage(plugin: "../sample", path: path, sha256: "", edition: "", owning: open(path, O_RDONLY)) == nil)
        #expect(KeptImage(plugin: "sample", path: path, sha256: "", edition: "", owning: -1) == nil)
    }

    /// A digest that is known already is one of the very same bytes.
    @Test func aDigestIsAdoptedOnlyByTheSameFile() throws {
        let wrong = String(repeating: "0", count: 64)
        let kept = try keep(sha256: wrong)
        let same = try PluginFile(path: path)
        same.adoptDigest(of: kept)
        #expect(try same.digest().description == wrong)
        #expect(same.place == .same)

        // Other bytes, of the same size, with the same time.
        var status = stat()
        stat(path, &status)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count - 1] ^= 1
        let writing = open(path, O_WRONLY)
        _ = bytes.withUnsafeBytes { write(writing, $0.baseAddress, $0.count) }
        var times = [status.st_atim, status.st_mtim]
        futimens(writing, &times)
        close(writing)
        let changed = try PluginFile(path: path)
        changed.adoptDigest(of: kept)
        #expect(try changed.digest().description != wrong)

        try replace()
        let other = try PluginFile(path: path)
        other.adoptDigest(of: kept)
        #expect(try other.digest().description != wrong)
    }
}
