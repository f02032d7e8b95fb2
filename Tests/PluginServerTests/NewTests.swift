import Foundation
import KongClient
import Testing

/// `new`: a package for a plugin. That it builds, and passes its tests, `./build.sh test` finds out.
@Suite struct NewTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Of a package and all that is in it, by their paths.
    private func files(in folder: String) throws -> Set<String> {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return Set(paths.filter { (try? FileManager.default.attributesOfItem(atPath: "\(folder)/\($0)")[.type]) as? FileAttributeType == .typeRegular })
    }

    /// A package that says that it is the PDK's.
    private func makePDK(_ path: String) throws -> String {
        let folder = try directory.makeDirectory(path)
        try "let package = Package(\n    name: \"swift-pluginserver\")".write(toFile: "\(folder)/Package.swift", atomically: true, encoding: .utf8)
        return folder
    }

    @Test(arguments: [
        ("hello", "HelloPlugin"), ("my-first.plugin", "MyFirstPlugin"), ("rate_limit-2", "RateLimit2Plugin"), ("2fa", "Plugin2faPlugin"),
        ("plugin", "PluginPlugin"), ("_", "PluginPlugin"), ("c-kong", "CKongPluginPlugin"), ("default", "DefaultPlugin"),
    ])
    func thePackageHasThePluginsNameAndAModuleThatCanBeOne(_ name: String, _ module: String) throws {
        let run = try Program(["new", name, "--path", directory.path])
        #expect(run.end == .exited(0), "\(run.errors)")
        let folder = directory.file(name)
        #expect(
            try files(in: folder) == [
                "Package.swift", "README.md", ".gitignore", "Sources/\(module)/\(module).swift", "Tests/\(module)Tests/\(module)Tests.swift",
            ])
        let manifest = directory.text(of: "\(name)/Package.swift")
        #expect(manifest.contains(".library(name: \"\(name)\", type: .dynamic, targets: [\"\(module)\"])"))
        // The checkout that these tests are built in.
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardized.path
        #expect(manifest.contains(".package(name: \"swift-pluginserver\", path: \"\(root)\")"))
        #expect(directory.text(of: "\(name)/Sources/\(module)/\(module).swift").contains("struct \(module): Plugin,"))
        #expect(run.outputText.contains("swift-pluginserver try .build/debug/lib\(name).so"))
    }

    @Test(arguments: ["", "-x", ".hidden", "a/b", "../x", "a b", "naïve", "a\nb", "KongPDK", "goplug", "misbehaving", "swift-pluginserver", "libhello", "hello.so"])
    func badNamesMakeNothing(_ name: String) throws {
        let run = try Program(["new", "--path", directory.path, "--", name])
        #expect(run.end == .exited(1))
        #expect(!run.errors.isEmpty)
        #expect(run.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test func whatIsThereIsLeftAsItIs() throws {
        let folder = try directory.makeDirectory("hello")
        try "mine".write(toFile: "\(folder)/README.md", atomically: true, encoding: .utf8)
        let run = try Program(["new", "hello", "--path", directory.path])
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("\(folder) is there already"))
        #expect(try files(in: folder) == ["README.md"])
        #expect(directory.text(of: "hello/README.md") == "mine")

        try "mine".write(toFile: directory.file("file"), atomically: true, encoding: .utf8)
        #expect(try Program(["new", "file", "--path", directory.path]).end == .exited(1))
        #expect(directory.text(of: "file") == "mine")
    }

    @Test func anEmptyFolderIsFilledAndAMissingOneIsMade() throws {
        let folder = try directory.makeDirectory("hello")
        #expect(try Program(["new", "hello", "--path", directory.path]).end == .exited(0))
        #expect(try files(in: folder).contains("Package.swift"))
        #expect(try Program(["new", "hello", "--path", directory.file("a/b")]).end == .exited(0))
        #expect(try files(in: directory.file("a/b/hello")).contains("Package.swift"))
    }

    @Test func aFileInThePlaceOfAFolderIsNamed() throws {
        try directory.write("mine".utf8, to: "file")
        for path in ["file", "file/below", "file/below/it"].map(directory.file) {
            let run = try Program(["new", "hello", "--path", path])
            #expect(run.end == .exited(1))
            #expect(
                run.errors == """
                    \(path)/hello cannot be made: \(directory.file("file")) is a file, and no folder
                      fix: give a folder that is there, or that can be made: --path FOLDER

                    """)
        }
        #expect(directory.text(of: "file") == "mine")
    }

    /// It is to be run from the new folder, where a path from here leads nowhere.
    @Test func theNextCommandIsOneThatCanBeRun() throws {
        let called = try Program(
            ["-c", #"cd "$1" && ./swift-pluginserver new hello --path "$2""#, "sh", Program.folder, directory.path], executable: "/bin/sh")
        #expect(called.outputText.contains("swift build && \(Program.path) try .build/debug/libhello.so"), "\(called.outputText)")
        let found = try Program(
            ["-c", #"PATH="$1"; swift-pluginserver new other --path "$2""#, "sh", Program.folder, directory.path], executable: "/bin/sh")
        #expect(found.outputText.contains("swift build && swift-pluginserver try .build/debug/libother.so"), "\(found.outputText)")
    }

    @Test func thePDKCanBeNamed() throws {
        let pdk = try makePDK("sdk \"quoted\"")
        #expect(try Program(["new", "hello", "--path", directory.path, "--pdk", pdk]).end == .exited(0))
        #expect(directory.text(of: "hello/Package.swift").contains(#"/sdk \"quoted\"")"#))

        let url = "https://example.com/someone/fork.git"
        #expect(try Program(["new", "other", "--path", directory.path, "--pdk", url]).end == .exited(0))
        let manifest = directory.text(of: "other/Package.swift")
        #expect(manifest.contains(".package(url: \"\(url)\", from: \""))
        #expect(manifest.contains(#".product(name: "KongPDK", package: "fork")"#))

        let run = try Program(["new", "third", "--path", directory.path, "--pdk", directory.path])
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("has no Package.swift of swift-pluginserver"))
        #expect(!FileManager.default.fileExists(atPath: directory.file("third")))
    }

    @Test func anInstalledProgramTakesWhatWasInstalledWithIt() throws {
        let program = try directory.makeDirectory("prefix/bin") + "/swift-pluginserver"
        try FileManager.default.copyItem(atPath: Program.path, toPath: program)
        let alone = try Program(["new", "hello", "--path", directory.path], executable: program)
        #expect(alone.end == .exited(1))
        #expect(alone.errors.contains("--pdk"))
        #expect(!FileManager.default.fileExists(atPath: directory.file("hello")))

        let pdk = try makePDK("prefix/share/swift-pluginserver")
        let run = try Program(["new", "hello", "--path", directory.path], executable: program)
        #expect(run.end == .exited(0), "\(run.errors)")
        #expect(directory.text(of: "hello/Package.swift").contains("path: \"\(pdk)\""))
    }
}
