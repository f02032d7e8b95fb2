import Foundation
import Testing

@testable import PluginLoader

@Suite struct LibrarySearchTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Where the system's C library is.
    static var libc: String? { LibraryReader().loaded(as: "libc.so.6")?.mappedFile }

    private func search(runpath: String, environment: String? = nil, flags: String = "-Wl,--enable-new-dtags") throws
        -> LibrarySearch
    {
        let path = directory.file("sample.so")
        try CSource().build(to: path, "-Wl,-rpath,\(runpath)", flags)
        return LibrarySearch(for: try check(path).image.dynamic, of: path, environment: environment)
    }

    @Test func loadedLibraryComesFirst() throws {
        try directory.write(CSource.goodBytes, to: "libc.so.6")
        #expect(try search(runpath: "$ORIGIN").find("libc.so.6") == .loaded)
        #expect(try #require(Self.libc).hasSuffix("libc.so.6"))
        #expect(LibraryReader().loaded(as: "libof-nobody.so") == nil)
        #expect(LibraryReader().loaded(as: "") == nil)
    }

    @Test(arguments: ["$ORIGIN", "${ORIGIN}", "/nowhere:$ORIGIN/../.:$ORIGIN"])
    func runpathIsSearchedWithItsOrigin(runpath: String) throws {
        try directory.write(CSource.goodBytes, to: "libnew.so")
        guard case .file(let path, origin: true) = try search(runpath: runpath).find("libnew.so") else {
            Issue.record("not found")
            return
        }
        #expect(path.hasPrefix(directory.path))
    }

    @Test func environmentComesBeforeRunpathAndAfterRpath() throws {
        for folder in ["a", "b"] {
            try directory.makeDirectory(folder)
            try directory.write(CSource.goodBytes, to: "\(folder)/libnew.so")
        }
        let a = directory.file("a")
        let b = directory.file("b")
        #expect(try search(runpath: a, environment: b).find("libnew.so") == .file(path: "\(b)/libnew.so", origin: false))
        #expect(
            try search(runpath: a, environment: b, flags: "-Wl,--disable-new-dtags").find("libnew.so")
                == .file(path: "\(a)/libnew.so", origin: false))
    }

    @Test func libraryOfAnotherMachineIsPassedOver() throws {
        var other = CSource.goodBytes
        other[18] = 40
        try directory.write(other, to: "libnew.so")
        #expect(try search(runpath: "$ORIGIN").find("libnew.so") == nil)
    }

    @Test func systemsLibrariesAreInTheCacheOrTheDefaultDirectories() throws {
        // Part of glibc on every system, and in no process that did not ask for it.
        let place = try search(runpath: "/nowhere").find("libBrokenLocale.so.1")
        guard case .file(let path, origin: false) = place else {
            Issue.record("not found: \(String(describing: place))")
            return
        }
        #expect(path.hasSuffix("/libBrokenLocale.so.1"))
    }

    @Test func cacheOfLdconfigIsRead() throws {
        let path = LinkerCache().path(of: "libc.so.6")
        #expect(
            path == nil
                ? !FileManager.default.fileExists(atPath: "/etc/ld.so.cache") : FileManager.default.fileExists(atPath: path ?? "")
        )
    }

    @Test func damagedCacheIsAnEmptyOne() throws {
        var random = SeededNumbers(seed: 4)
        let real = FileManager.default.contents(atPath: "/etc/ld.so.cache").map(Array.init) ?? Array("glibc-ld.so.cache1.1".utf8)
        for length in [0, 10, 20, 47, 48, 60, real.count / 2] {
            try directory.write(real.prefix(length), to: "cache")
            #expect(LinkerCache(path: directory.file("cache")).path(of: "libc.so.6") == nil || length > 60)
        }
        for _ in 0..<50 {
            var bytes = real
            for _ in 0..<20 {
                bytes[Int.random(in: 12..<min(bytes.count, 4096), using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try directory.write(bytes, to: "cache")
            _ = LinkerCache(path: directory.file("cache"))
        }
    }
}
