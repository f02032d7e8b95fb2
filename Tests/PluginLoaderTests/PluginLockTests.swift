import Foundation
import Testing

@testable import PluginLoader

/// The trust list.
@Suite struct PluginLockTests {
    private let directory: TemporaryDirectory
    private var lock: String { directory.file("plugins.lock") }

    init() throws { directory = try TemporaryDirectory() }

    private static let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    private static let options = CheckOptions(host: Host.versions, requireLock: true)

    private func scan(_ options: CheckOptions = options) throws(LoadError) -> [String] {
        try PluginDirectory(path: directory.path, options: options).findings.compactMap { finding in
            switch finding {
            case .plugin(let plugin): "ok \(plugin.name)"
            case .refused(let name, let error): "\(error.code.rawValue) \(name?.description ?? "-")"
            case .ignored: nil
            }
        }
    }

    /// The error with which the directory as a whole is refused.
    private func directoryRefusal(_ options: CheckOptions = options) -> LoadError? {
        do {
            _ = try scan(options)
            return nil
        } catch {
            return error
        }
    }

    private func writeLock(_ options: CheckOptions = Host.options) throws {
        try PluginLock(trusting: PluginDirectory(path: directory.path, options: options)).write(in: directory.path)
    }

    // MARK: The digest

    @Test(arguments: [0, 1, 63, 64, 65, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
    func digestIsThatOfSha256sum(size: Int) throws {
        var random = SeededNumbers(seed: UInt64(size))
        try directory.write((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }, to: "file")
        let words = try run("sha256sum", [directory.file("file")]).split(separator: " ")
        #expect(try FileDigest(of: FileBytes(path: directory.file("file"))).description == String(words[0]))
    }

    // MARK: Parsing

    @Test func linesOfSha256sumAreRead() throws {
        let text = """
            # Plugins of the shop

            \(Self.digest)  goplug.so
            \(Self.digest.uppercased()) *libother.so
            """
        let lock = try PluginLock(parsing: text.utf8)
        #expect(lock.digests.mapValues(\.description) == ["goplug.so": Self.digest, "libother.so": Self.digest])
        #expect(try PluginLock(parsing: []).digests.isEmpty)
    }

    @Test(arguments: [
        ("x", "the line does not begin with the 64 hexadecimal digits of a SHA-256"),
        ("\(digest.dropLast())  a.so", "the line does not begin with the 64 hexadecimal digits of a SHA-256"),
        ("\(digest)0  a.so", "the line does not begin with the 64 hexadecimal digits of a SHA-256"),
        ("g\(digest.dropLast())  a.so", "the line does not begin with the 64 hexadecimal digits of a SHA-256"),
        (" \(digest)  a.so", "the line does not begin with the 64 hexadecimal digits of a SHA-256"),
        ("\(digest) a.so", "after the SHA-256 there are not two spaces"),
        ("\(digest)", "after the SHA-256 there are not two spaces"),
        ("\(digest)\ta.so", "the line does not begin with the 64 hexadecimal digits of a SHA-256"),
        ("\(digest)  ", "\"\" is no name of a plugin's file"),
        ("\(digest)  a", "\"a\" is no name of a plugin's file"),
        ("\(digest)   a.so", "\" a.so\" is no name of a plugin's file"),
        ("\(digest)  a.so ", "\"a.so \" is no name of a plugin's file"),
        ("\(digest)  ./a.so", "\"./a.so\" is no name of a plugin's file"),
        ("\(digest)  ../a.so", "\"../a.so\" is no name of a plugin's file"),
        ("\(digest)  a.so\r", "the line ends as on Windows: dos2unix plugins.lock"),
        ("\(digest)  b.so", "b.so is there twice"),
        (String(repeating: "x", count: 400), "the line is longer than 321 bytes"),
    ])
    func lineThatIsNotUnderstoodIsNamed(line: String, reason: String) {
        #expect(throws: PluginLock.Malformed(line: 3, reason: reason)) {
            try PluginLock(parsing: "# plugins\n\(Self.digest)  b.so\n\(line)\n".utf8)
        }
    }

    @Test func randomBytesAreNoList() throws {
        var random = SeededNumbers(seed: 11)
        for length in [1, 10, 1000, 100_000] {
            let bytes = [0x41] + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(throws: PluginLock.Malformed.self) { try PluginLock(parsing: bytes) }
        }
    }

    // MARK: Writing

    @Test func writtenListIsReadAndCheckedBySha256sumToo() throws {
        try directory.write(CSource.goodBytes, to: "b.so")
        try directory.write(CSource.goodBytes, to: "liba.so")
        try directory.write("text".utf8, to: "bad.so")
        try writeLock()
        let written = try PluginLock(in: directory.path, options: Self.options)
        #expect(Set(written.digests.keys) == ["b.so", "liba.so"])
        #expect(try PluginLock(parsing: written.text.utf8) == written)
        try run("sh", ["-c", "cd \(directory.path) && sha256sum --strict -c plugins.lock"])
        #expect(try scan() == ["ok b", "not-in-lock bad", "ok a"])
    }

    @Test func listIsReplacedAllAtOnceAndLeavesNothingBeside() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        try directory.write("an old one".utf8, to: "plugins.lock")
        let old = try FileBytes(path: lock)
        try writeLock()
        #expect(try FileBytes(path: lock).identity != old.identity)
        #expect(try old.read(at: 0, count: 10) == Array("an old one".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["a.so", "plugins.lock"])
        #expect(FileStatus(path: lock)?.modeText == "0644")
        #expect(try scan() == ["ok a"])
    }

    @Test func listThatCannotBeWrittenIsSaidAndTheOldOneStays() throws {
        try directory.makeDirectory("plugins.lock")
        do throws(LoadError) {
            try PluginLock(digests: [:]).write(in: directory.path)
            Issue.record("written")
        } catch {
            #expect(error.message == "failed to use trust list \"\(lock)\": it cannot be written")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["plugins.lock"])
    }

    // MARK: Required

    @Test func fileThatDiffersIsRefusedWithBothDigests() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        try writeLock()
        let before = try FileDigest(of: FileBytes(path: directory.file("a.so")))
        var source = CSource()
        source.version = "9.9.9"
        source.extra = CSource.constructor(creating: directory.file("mark"))
        try source.build(to: directory.file("a.so"))
        let after = try FileDigest(of: FileBytes(path: directory.file("a.so")))
        guard case .refused(_, let error) = try PluginDirectory(path: directory.path, options: Self.options).findings.first else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .lockMismatch)
        #expect(error.pluginSide == "SHA-256 \(after)")
        #expect(error.hostSide == "SHA-256 \(before)")
        #expect(!directory.has("mark"))
        // Without the requirement the list does not count.
        #expect(try scan(Host.options) == ["ok a"])
    }

    @Test func fileAloneIsCheckedAgainstTheListBesideIt() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        try writeLock()
        try directory.write(CSource.goodBytes, to: "b.so")
        _ = try CheckedPlugin(PluginFile(path: directory.file("a.so")), options: Self.options)
        do throws(LoadError) {
            _ = try CheckedPlugin(PluginFile(path: directory.file("b.so")), options: Self.options)
            Issue.record("taken")
        } catch {
            #expect(error.code == .notInLock)
            #expect(error.hostSide == "plugins.lock has no b.so")
            #expect(error.fix == "if you trust the file: swift-pluginserver lock \(directory.path)")
        }
    }

    @Test func whatIsNoPluginIsNotEvenLookedIntoWhenItIsNotOnTheList() throws {
        try directory.write("text".utf8, to: "a.so")
        try PluginLock(digests: [:]).write(in: directory.path)
        #expect(try scan() == ["not-in-lock a"])
    }

    @Test func withoutAListNothingIsTaken() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        let error = try #require(directoryRefusal())
        #expect(error.code == .missingLock)
        #expect(error.fix == "swift-pluginserver lock \(directory.path), if you trust the plugins that are there")
    }

    @Test func damagedListLetsNothingPassAndNamesTheLine() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        try writeLock()
        let text = try String(contentsOfFile: lock, encoding: .utf8) + "oops\n"
        try directory.write(text.utf8, to: "plugins.lock")
        let error = try #require(directoryRefusal())
        #expect(error.code == .badLock)
        #expect(error.reason == "line 4: the line does not begin with the 64 hexadecimal digits of a SHA-256")
    }

    @Test func listThatIsNoFileIsRefused() throws {
        #expect(mkfifo(lock, 0o600) == 0)
        #expect(directoryRefusal()?.code == .badLock)
    }

    /// Not even when insecure plugins are allowed.
    @Test func listThatOthersMayWriteIsRefused() throws {
        try directory.write(CSource.goodBytes, to: "a.so")
        try writeLock()
        try directory.setMode(0o666, of: "plugins.lock")
        var options = Self.options
        options.allowInsecure = true
        let error = try #require(directoryRefusal(options))
        #expect(error.code == .insecureFile)
        #expect(error.fix == "chmod go-w \(lock)")
        try run("sh", ["-c", error.fix])
        #expect(try scan(options) == ["ok a"])
    }

    @Test func listIsAnEntryThatIsIgnored() throws {
        try PluginLock(digests: [:]).write(in: directory.path)
        #expect(
            try PluginDirectory(path: directory.path, options: Self.options).findings.map(\.description) == [
                "ignored \"plugins.lock\": it is the trust list"
            ])
    }
}
