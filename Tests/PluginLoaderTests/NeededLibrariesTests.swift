import Foundation
import Testing

@testable import PluginLoader

/// The libraries that a plugin needs, before anything is loaded.
@Suite(.timeLimit(.minutes(2))) struct NeededLibrariesTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    /// A library in the directory that needs others.
    private func library(_ name: String, _ arguments: String..., source: String = "") throws {
        try directory.write("int \(name)(void) { return 1; }\n\(source)".utf8, to: "\(name).c")
        try run(
            "clang",
            ["-shared", "-fPIC", "-w", directory.file("\(name).c"), "-Wl,-soname,lib\(name).so", "-Wl,--no-as-needed"]
                + arguments + ["-o", directory.file("lib\(name).so")])
    }

    /// A plugin that needs libraries of the directory.
    private func plugin(_ arguments: String..., libraries: String...) throws {
        var source = CSource()
        source.extra = CSource.constructor(creating: directory.file("mark"))
        try source.build(
            to: path, "-Wl,--no-as-needed", "@\(responseFile(arguments + libraries.map { directory.file("lib\($0).so") }))")
    }

    private func responseFile(_ arguments: [String]) throws -> String {
        try directory.write(arguments.map { "'\($0)'\n" }.joined().utf8, to: "arguments")
        return directory.file("arguments")
    }

    private func needed() throws -> NeededLibraries {
        let image = try ELFImage(FileBytes(path: path))
        return NeededLibraries(of: image, needs: try image.neededVersions(), at: path, reader: LibraryReader())
    }

    @Test func librariesOfLibrariesAreFound() throws {
        try library("third")
        try library("second", directory.file("libthird.so"), "-Wl,-rpath,$ORIGIN")
        try plugin("-Wl,-rpath,$ORIGIN", libraries: "second")
        let found = try needed().libraries.filter { $0.name.hasPrefix("libsecond") || $0.name.hasPrefix("libthird") }
        #expect(
            found == [
                .init(name: "libsecond.so", neededBy: path, place: .file(path: directory.file("libsecond.so"))),
                .init(
                    name: "libthird.so", neededBy: directory.file("libsecond.so"), place: .file(path: directory.file("libthird.so"))),
            ])
        #expect(refusal(of: path) == nil)
        #expect(!directory.has("mark"))
    }

    @Test func libraryThatALibraryNeedsIsMissed() throws {
        try library("third")
        try library("second", directory.file("libthird.so"), "-Wl,-rpath,$ORIGIN")
        try plugin("-Wl,-rpath,$ORIGIN", libraries: "second")
        #expect(unlink(directory.file("libthird.so")) == 0)
        let error = try #require(refusal(of: path))
        #expect(error.code == .missingLibrary)
        #expect(error.reason == "libthird.so: no such library")
        #expect(error.pluginSide == "needs libthird.so, for \(directory.path)/libsecond.so")
        #expect(error.fix == "install what libthird.so comes with (and run ldconfig), or link it statically")
    }

    /// RUNPATH is for the direct needs of who has it, RPATH also for theirs (ld.so(8)).
    @Test(arguments: [("-Wl,--enable-new-dtags", false), ("-Wl,--disable-new-dtags", true)])
    func pluginsPathCountsForLibrariesOfLibrariesOnlyAsRPATH(flag: String, isFound: Bool) throws {
        try library("third")
        try library("second", directory.file("libthird.so"))
        try plugin("-Wl,-rpath,\(directory.path)", flag, libraries: "second")
        #expect((refusal(of: path) == nil) == isFound)
        // The dynamic linker, in a process of its own, agrees.
        let program = directory.file("main")
        try directory.write("#include <dlfcn.h>\nint main(int c, char **v) { return dlopen(v[1], RTLD_NOW) == 0; }".utf8, to: "main.c")
        try run("clang", [program + ".c", "-o", program])
        let loads: Bool
        do {
            try run(program, [path])
            loads = true
        } catch is CommandFailed {
            loads = false
        }
        #expect(loads == isFound)
    }

    @Test func librariesThatNeedEachOtherAreThereOnce() throws {
        try library("ping")
        try library("pong", directory.file("libping.so"), "-Wl,-rpath,$ORIGIN")
        try library("ping", directory.file("libpong.so"), "-Wl,-rpath,$ORIGIN")
        try plugin("-Wl,-rpath,$ORIGIN", libraries: "ping")
        #expect(try needed().libraries.filter { $0.name.hasPrefix("libp") }.map(\.name) == ["libping.so", "libpong.so"])
        #expect(refusal(of: path) == nil)
    }

    enum Obstacle: String, CaseIterable, Sendable { case fifo, directory, text, empty }

    /// The dynamic linker would open it: it would wait for ever, or fail.
    @Test(arguments: Obstacle.allCases) func whatIsNoLibraryIsNotOpened(obstacle: Obstacle) throws {
        try library("obstacle")
        try plugin("-Wl,-rpath,$ORIGIN", libraries: "obstacle")
        let place = directory.file("libobstacle.so")
        #expect(unlink(place) == 0)
        let words: String
        switch obstacle {
        case .fifo:
            #expect(mkfifo(place, 0o600) == 0)
            words = "a FIFO"
        case .directory:
            try directory.makeDirectory("libobstacle.so")
            words = "a directory"
        case .text:
            try directory.write("INPUT(libother.so)\n".utf8, to: "libobstacle.so")
            words = "text, beginning with \"INPUT(libother.s\""
        case .empty:
            try directory.write([], to: "libobstacle.so")
            words = "the file is empty"
        }
        let error = try #require(refusal(of: path))
        #expect(error.code == .missingLibrary)
        #expect(error.reason == "libobstacle.so is no library here")
        #expect(error.hostSide == "\(place) is \(words)")
        #expect(try needed().libraries.first { $0.name == "libobstacle.so" }?.place == .unusable(path: place, reason: words))
    }

    /// A name with a slash is a path, and dlopen opens what is there even to say that it is not loaded.
    @Test func neededPathOfAFIFOIsNotOpened() throws {
        let place = directory.file("fifo.so")
        try directory.write("int fifo(void) { return 1; }".utf8, to: "fifo.c")
        // Without a SONAME the linker writes the path that it was given into DT_NEEDED.
        try run("clang", ["-shared", "-fPIC", directory.file("fifo.c"), "-o", place])
        try CSource().build(to: path, "-Wl,--no-as-needed", place)
        #expect(try check(path).image.dynamic.needed.contains(place))
        #expect(unlink(place) == 0)
        #expect(mkfifo(place, 0o600) == 0)
        #expect(refusal(of: path)?.hostSide == "\(place) is a FIFO")
    }

    @Test func librariesOfMuslHaveAFixOfTheirOwn() throws {
        try directory.write("int musl(void) { return 1; }".utf8, to: "musl.c")
        let musl = directory.file("libmusl.so")
        try run("clang", ["-shared", "-fPIC", directory.file("musl.c"), "-Wl,-soname,libc.musl-x86_64.so.1", "-o", musl])
        try CSource().build(to: path, "-Wl,--no-as-needed", musl)
        let error = try #require(refusal(of: path))
        #expect(error.code == .missingLibrary)
        #expect(error.fix.contains("Alpine Linux"))
    }

    @Test func theSystemsLibrariesAreAllFound() throws {
        try CSource().build(to: path, "-O1")
        let libraries = try needed().libraries
        let libc = try #require(libraries.first { $0.name == "libc.so.6" })
        guard case .loaded(let path) = libc.place else {
            Issue.record("\(libc)")
            return
        }
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(libraries.allSatisfy { $0.place != .missing })
    }
}
