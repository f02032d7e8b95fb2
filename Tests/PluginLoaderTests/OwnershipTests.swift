import Foundation
import Testing

@testable import PluginLoader

/// Who may have written what is loaded.
@Suite struct OwnershipTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write(CSource.goodBytes, to: "sample.so")
    }

    private func refusal(_ options: CheckOptions = Host.options) -> LoadError? {
        do {
            _ = try CheckedPlugin(PluginFile(path: path), options: options)
            return nil
        } catch {
            return error
        }
    }

    private func directoryRefusal(_ options: CheckOptions = Host.options) -> LoadError? {
        do {
            _ = try PluginDirectory(path: directory.path, options: options)
            return nil
        } catch {
            return error
        }
    }

    private static let lax = CheckOptions(host: Host.versions, allowInsecure: true)

    @Test(arguments: [0o600, 0o644, 0o755, 0o700, 0o4755, 0o400] as [mode_t])
    func fileThatOnlyItsOwnerWritesIsTaken(mode: mode_t) throws {
        try directory.setMode(mode, of: "sample.so")
        #expect(refusal() == nil)
        try directory.setMode(0o755, of: ".")
        #expect(directoryRefusal() == nil)
    }

    @Test(arguments: [
        (0o664, "group 0 may write"), (0o646, "everybody may write"), (0o777, "group 0 and everybody may write"),
        (0o620, "group 0 may write"),
    ] as [(mode_t, String)])
    func fileThatOthersMayWriteIsRefused(mode: mode_t, who: String) throws {
        try directory.setMode(mode, of: "sample.so")
        let error = try #require(refusal())
        #expect(error.code == .insecureFile)
        #expect(error.reason == "others may write to it")
        let words = who.replacing("group 0", with: "group \(try #require(FileStatus(path: path)).group)")
        #expect(error.pluginSide == "\(path): owner \(geteuid()), mode 0\(String(mode, radix: 8)), \(words)")
        #expect(error.fix.hasPrefix("chmod go-w \(path); or"))
        // Literally.
        try run("sh", ["-c", String(error.fix.prefix { $0 != ";" })])
        #expect(refusal() == nil)
    }

    @Test func directoryThatOthersMayWriteIsRefused() throws {
        try directory.setMode(0o775, of: ".")
        #expect(refusal()?.code == .insecureDirectory)
        let error = try #require(directoryRefusal())
        #expect(error.code == .insecureDirectory)
        #expect(error.message == "failed to open plugins directory \"\(directory.path)\": others may write to it")
        try run("sh", ["-c", String(error.fix.prefix { $0 != ";" })])
        #expect(directoryRefusal() == nil)
    }

    @Test func stickyDirectoryAboveIsFineButNotAsThePluginsDirectory() throws {
        try directory.makeDirectory("above/plugins")
        try directory.write(CSource.goodBytes, to: "above/plugins/sample.so")
        try directory.setMode(0o1777, of: "above")
        #expect(try PluginDirectory(path: directory.file("above/plugins"), options: Host.options).findings.count == 1)
        #expect(throws: LoadError.self) { try PluginDirectory(path: directory.file("above"), options: Host.options) }
    }

    /// Without being root: what is ours is somebody else's to a server of another user.
    @Test(.enabled(if: geteuid() != 0)) func fileOfSomebodyElseIsRefused() throws {
        var options = Host.options
        options.user = geteuid() + 1
        let error = try #require(refusal(options))
        #expect(error.code == .insecureDirectory)
        #expect(error.reason == "its directory: it belongs to somebody who is not trusted")
    }

    @Test(.enabled(if: geteuid() == 0)) func ownersOtherThanRootAndTheServersUserAreRefused() throws {
        #expect(chown(path, 1234, 0) == 0)
        let error = try #require(refusal())
        #expect(error.code == .insecureFile)
        #expect(error.reason == "it belongs to somebody who is not trusted")
        #expect(error.pluginSide == "\(path): owner 1234, mode 0644")
        #expect(error.hostSide == "trusts what belongs to root, and only root may write to")
        // The server of user 1234 trusts its own files, and root's directory.
        #expect(refusal(CheckOptions(host: Host.versions, user: 1234)) == nil)
        try run("sh", ["-c", String(error.fix.prefix { $0 != ";" })])
        #expect(refusal() == nil)
        #expect(chown(directory.path, 1234, 0) == 0)
        #expect(refusal()?.code == .insecureDirectory)
        #expect(directoryRefusal()?.code == .insecureDirectory)
    }

    @Test func linkIsJudgedByItsFileAndTheDirectoryThatHoldsTheLink() throws {
        try directory.makeDirectory("open")
        try directory.write(CSource.goodBytes, to: "open/real.so")
        try directory.setMode(0o777, of: "open")
        try directory.link("link.so", to: directory.file("open/real.so"))
        func code() -> LoadError.Code? { PluginLoaderTests.refusal(of: directory.file("link.so"))?.code }
        #expect(code() == nil)
        try directory.setMode(0o666, of: "open/real.so")
        #expect(code() == .insecureFile)
        try directory.setMode(0o644, of: "open/real.so")
        try directory.setMode(0o777, of: ".")
        #expect(code() == .insecureDirectory)
    }

    @Test func whatIsLetPassIsSaid() throws {
        try directory.setMode(0o666, of: "sample.so")
        try directory.setMode(0o777, of: ".")
        let plugin = try CheckedPlugin(PluginFile(path: path), options: Self.lax)
        #expect(plugin.waived.map(\.code) == [.insecureDirectory, .insecureFile])

        let found = try PluginDirectory(path: directory.path, options: Self.lax)
        #expect(found.waived?.code == .insecureDirectory)
        #expect(found.findings.flatMap(\.warnings).count == 1)
        let lines = try #require(found.findings.first).description.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines.last?.hasPrefix("  warning: plugin sample, \(path): others may write to it (insecure-file: ") == true
                && lines.last?.hasSuffix("let pass by --allow-insecure-plugins") == true)
        #expect(try plugin.open(host: Host.pointer).version == "1.2.3")
    }

    @Test func libraryThatOthersMayWriteIsRefusedWithThePlugin() throws {
        try directory.makeDirectory("lib")
        try directory.write("int helper(void) { return 1; }".utf8, to: "helper.c")
        try run(
            "clang",
            ["-shared", "-fPIC", directory.file("helper.c"), "-Wl,-soname,libhelper.so", "-o", directory.file("lib/libhelper.so")])
        try CSource().build(to: path, "-Wl,--no-as-needed,\(directory.file("lib/libhelper.so"))", "-Wl,-rpath,$ORIGIN/lib")
        #expect(refusal() == nil)
        try directory.setMode(0o666, of: "lib/libhelper.so")
        #expect(refusal()?.code == .insecureFile)
        #expect(refusal()?.reason == "it needs libhelper.so: others may write to it")
        try directory.setMode(0o644, of: "lib/libhelper.so")
        try directory.setMode(0o777, of: "lib")
        #expect(refusal()?.code == .insecureFile)
        #expect(try CheckedPlugin(PluginFile(path: path), options: Self.lax).waived.count == 1)
    }

    @Test(arguments: [
        ("/a/b.so", "/a"), ("/b.so", "/"), ("b.so", "."), ("a//b.so", "a"), ("a/b/", "a"), ("/", "/"), ("//", "/"), ("", "."),
        ("./x", "."),
    ])
    func directoryOfAPathIsThatOfDirname(path: String, directory: String) {
        #expect(path.directoryPath == directory)
    }
}
