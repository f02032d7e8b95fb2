import Foundation
import Testing

@testable import PluginLoader

/// Files that somebody damaged with care. Each is judged at once, for the reason that is meant.
@Suite(.timeLimit(.minutes(2))) struct HostileFileTests {
    struct Hostile: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let codes: Set<LoadError.Code>
        let damage: @Sendable (inout PatchedLibrary) -> Void

        init(_ name: String, _ codes: LoadError.Code..., damage: @escaping @Sendable (inout PatchedLibrary) -> Void) {
            testDescription = name
            self.codes = Set(codes)
            self.damage = damage
        }
    }

    private typealias L = PatchedLibrary

    /// Cuts the file to `length` bytes.
    private static func cut(_ name: String, _ length: @escaping @Sendable (PatchedLibrary) -> Int) -> Hostile {
        Hostile("cut \(name)", .truncated) { $0.bytes.removeSubrange(length($0)...) }
    }

    static let cuts: [Hostile] = [
        cut("to nothing") { _ in 0 }, cut("inside of the magic number") { _ in 3 }, cut("after e_ident") { _ in 16 },
        cut("inside of the machine") { _ in 19 }, cut("before the end of the first header") { _ in 63 },
        cut("after the first header") { _ in 64 }, cut("inside of the first program header") { $0.segmentTable + 55 },
        cut("inside of the last program header") { $0.segmentTable + 56 * $0.segmentCount - 1 },
        cut("after the program headers") { $0.segmentTable + 56 * $0.segmentCount },
        cut("inside of the dynamic segment") { $0.entries(L.strings)[0] + 8 }, cut("inside of the strings") { $0.table(L.strings) + 8 },
        cut("inside of the symbols") { $0.table(L.symbols) + 30 }, cut("inside of the stamp") { $0.stamp + 40 },
        cut("before the section headers") { $0.sectionTable }, cut("inside of a section header") { $0.sectionTable + 100 },
        cut("by one byte") { $0.bytes.count - 1 },
    ]

    static let headers: [Hostile] = [
        Hostile("big-endian", .wrongMachine) { $0.bytes[5] = 2 },
        Hostile("no byte order", .wrongMachine) { $0.bytes[5] = 77 },
        Hostile("32-bit", .wrongMachine) { $0.bytes[4] = 1 },
        Hostile("no class", .wrongMachine) { $0.bytes[4] = 0 },
        Hostile("another processor", .wrongMachine) { $0.set(0xffff, 2, at: 18) },
        Hostile("another system", .wrongMachine) { $0.bytes[7] = 255 },
        Hostile("ELF version 0", .badELF) { $0.bytes[6] = 0 },
        Hostile("type 0", .notALibrary) { $0.set(0, 2, at: 16) },
        Hostile("a core dump", .notALibrary) { $0.set(4, 2, at: 16) },
        Hostile("no program headers", .badELF) { $0.set(0, 2, at: 56) },
        Hostile("65535 program headers", .badELF, .truncated) { $0.set(0xffff, 2, at: 56) },
        Hostile("program headers of 0 bytes", .badELF) { $0.set(0, 2, at: 54) },
        Hostile("program headers at the end of the world", .truncated) { $0.set(.max, 8, at: 32) },
        Hostile("program headers that overlap the first header", .badELF, .truncated) { $0.set(0, 8, at: 32) },
        Hostile("section headers of 1 byte", .badELF) { $0.set(1, 2, at: 58) },
        Hostile("65535 section headers", .truncated) { $0.set(0xffff, 2, at: 60) },
        Hostile("section headers beyond the file", .truncated) { $0.set(0x7fff_ffff_ffff_ffff, 8, at: 40) },
    ]

    static let segments: [Hostile] = [
        Hostile("a segment beyond the file", .truncated) { $0.set(.max >> 1, 8, at: $0.segments(L.load)[0] + 32) },
        Hostile("a segment whose end overflows", .badELF) {
            $0.set(.max - 4, 8, at: $0.segments(L.load)[0] + 8)
        },
        Hostile("a segment that is larger in the file than in memory", .badELF) { $0.set(1, 8, at: $0.segments(L.load)[0] + 40) },
        Hostile("a segment whose address overflows", .badELF) { $0.set(.max - 4, 8, at: $0.segments(L.load)[0] + 16) },
        Hostile("no segment to load", .badELF) { library in
            for segment in library.segments(L.load) { library.set(0, 4, at: segment) }
        },
        Hostile("no dynamic segment", .badELF) { $0.set(0, 4, at: $0.segments(L.dynamic)[0]) },
        Hostile("a dynamic segment at no address", .badELF) { $0.set(0xdead_beef_0000, 8, at: $0.segments(L.dynamic)[0] + 16) },
        Hostile("a dynamic segment of 2^60 bytes", .badELF) { $0.set(1 << 60, 8, at: $0.segments(L.dynamic)[0] + 32) },
        Hostile("a dynamic segment of 0 bytes", .badELF) { $0.set(0, 8, at: $0.segments(L.dynamic)[0] + 32) },
        Hostile("a dynamic segment without an end", .badELF) { $0.set(16 * 4, 8, at: $0.segments(L.dynamic)[0] + 32) },
    ]

    static let dynamic: [Hostile] = [
        Hostile("no strings", .badELF) { $0.set(0x7000_0000, 8, at: $0.entries(L.strings)[0]) },
        Hostile("strings at no address", .badELF) { $0.set(.max, 8, at: $0.entries(L.strings)[0] + 8) },
        Hostile("strings of 0 bytes", .badELF) { $0.set(0, 8, at: $0.entries(L.stringsSize)[0] + 8) },
        Hostile("strings of 2^64 bytes", .badELF, .missingEntry) { $0.set(.max, 8, at: $0.entries(L.stringsSize)[0] + 8) },
        Hostile("a needed library whose name is beyond the strings", .badELF) { $0.set(1 << 40, 8, at: $0.entries(L.needed)[0] + 8) },
        Hostile("symbols at no address", .badELF) { $0.set(.max - 16, 8, at: $0.entries(L.symbols)[0] + 8) },
        Hostile("a hash table at no address", .badELF) { $0.set(.max, 8, at: $0.entries(L.gnuHash)[0] + 8) },
        Hostile("a hash table of 2^32 buckets", .badELF) { $0.set(0xffff_ffff, 4, at: $0.table(L.gnuHash)) },
        Hostile("a hash table of no buckets", .noStamp, .missingEntry) { $0.set(0, 4, at: $0.table(L.gnuHash)) },
        Hostile("a Bloom filter of 2^32 words", .badELF) { $0.set(0xffff_ffff, 4, at: $0.table(L.gnuHash) + 8) },
        Hostile("needed versions at no address", .badELF) { $0.set(.max - 8, 8, at: $0.entries(L.versionNeeds)[0] + 8) },
        Hostile("needed versions whose names are nowhere", .badELF) { $0.set(0xffff_ffff, 4, at: $0.table(L.versionNeeds) + 8) },
        Hostile("needed versions in a circle of forward steps", .badELF) { library in
            // The largest step: it leaves the table, and must not come round to its beginning.
            library.set(0xffff_ffff, 4, at: library.table(L.versionNeeds) + 12)
        },
        Hostile("65535 versions needed of one library", .glibc, .badELF) { library in
            library.set(0xffff, 2, at: library.table(L.versionNeeds) + 2)
            library.set(1, 4, at: library.table(L.versionNeeds) + 16 + 12)
        },
    ]

    static let stamps: [Hostile] = [
        Hostile("a note of 4 GB", .badStamp) { $0.set(0xffff_ffff, 4, at: $0.stamp + 4) },
        Hostile("a note for an owner of 4 GB", .badStamp) { $0.set(0xffff_ffff, 4, at: $0.stamp) },
        Hostile("a note for nobody", .badStamp) { $0.set(0, 4, at: $0.stamp) },
        Hostile("a note that overlaps the next one", .badStamp) { $0.set(4, 4, at: $0.stamp + 4) },
        Hostile("a stamp that is larger than its note", .badStamp) { $0.set(0xffff_ffff, 4, at: $0.stamp + 20) },
        Hostile("a stamp of 8 bytes", .badStamp) { $0.set(8, 4, at: $0.stamp + 20) },
        Hostile("a stamp whose text steers terminals", .badStamp) { $0.bytes[$0.stamp + 20 + 48] = 0x1b },
        Hostile("a stamp of ABI 65535.65535", .abiMajor) { $0.set(0xffff_ffff, 4, at: $0.stamp + 24) },
    ]

    @Test(arguments: cuts + headers + segments + dynamic + stamps)
    func damagedFileIsRefused(_ hostile: Hostile) throws {
        let directory = try TemporaryDirectory()
        var library = PatchedLibrary()
        hostile.damage(&library)
        try directory.write(library.bytes, to: "sample.so")

        let error = try #require(refusal(of: directory.file("sample.so")), "it was taken")
        #expect(hostile.codes.contains(error.code), "\(error)")
        // And what is told of it besides the verdict does not trap.
        let inspection = Inspection(path: directory.file("sample.so"), options: Host.options)
        #expect(inspection.verdict.code == error.code.rawValue)
        #expect(inspection.file?.size == UInt64(library.bytes.count))
        #expect(inspection.file?.sha256?.count == 64)
    }

    @Test func thereAreMoreThanFortyOfThem() {
        #expect(Self.cuts.count + Self.headers.count + Self.segments.count + Self.dynamic.count + Self.stamps.count >= 60)
    }

    @Test func emptyNamesAndSectionNamesThatLieHurtNothing() throws {
        let directory = try TemporaryDirectory()
        var library = PatchedLibrary()
        // e_shstrndx: the names of sections are in no section, or in one of 2^64 bytes.
        for index in [0xffff, 0, 1] as [UInt64] {
            library.set(index, 2, at: 62)
            try directory.write(library.bytes, to: "sample.so")
            #expect(refusal(of: directory.file("sample.so")) == nil)
        }
        for section in 0..<library.sectionCount {
            library.set(.max, 8, at: library.sectionTable + 64 * section + 24)
            library.set(.max, 8, at: library.sectionTable + 64 * section + 32)
        }
        try directory.write(library.bytes, to: "sample.so")
        _ = Inspection(path: directory.file("sample.so"), options: Host.options)
    }

    /// Found by the fuzzer: each step costs three reads, so few are made.
    @Test func hashChainInACircleIsLeft() throws {
        let directory = try TemporaryDirectory()
        var library = PatchedLibrary(CSource.bytes(of: CSource(), "-Wl,--hash-style=sysv"))
        let table = library.table(PatchedLibrary.hash)
        let buckets = library.integer(table, 4)
        for index in 1..<library.integer(table + 4, 4) { library.set(UInt64(index), 4, at: table + 8 + 4 * (buckets + index)) }
        try directory.write(library.bytes, to: "sample.so")
        let error = try #require(refusal(of: directory.file("sample.so")))
        #expect(error.code == .badELF)
        #expect(error.pluginSide == "a symbol hash table without an end")
    }

    @Test func textWithAStampInItIsText() throws {
        let directory = try TemporaryDirectory()
        let stamp = PatchedLibrary().stamp
        let bytes = Array("#!/bin/sh\n: kong_plugin_open kong_plugin_abi\n".utf8) + CSource.goodBytes[stamp..<stamp + 196]
        try directory.write(bytes, to: "sample.so")
        #expect(refusal(of: directory.file("sample.so"))?.code == .notELF)
    }

    /// A file of holes costs no memory and little time, whatever its size.
    @Test func fileOfATerabyteIsJudgedByItsHeaders() throws {
        let directory = try TemporaryDirectory()
        try directory.write(CSource.goodBytes, to: "sample.so")
        #expect(truncate(directory.file("sample.so"), 1 << 40) == 0)
        #expect(refusal(of: directory.file("sample.so")) == nil)
        let inspection = Inspection(path: directory.file("sample.so"), options: Host.options)
        #expect(inspection.file?.size == 1 << 40)
        #expect(inspection.file?.sha256 == nil)
    }

    // MARK: Files that change while they are read

    @Test func fileThatShrinksIsTruncated() throws {
        let directory = try TemporaryDirectory()
        try directory.write(CSource.goodBytes, to: "sample.so")
        let file = try PluginFile(path: directory.file("sample.so"))
        #expect(truncate(directory.file("sample.so"), 100) == 0)
        do throws(LoadError) {
            _ = try CheckedPlugin(file, options: Host.options)
            Issue.record("taken")
        } catch {
            #expect(error.code == .truncated)
        }
        #expect(throws: LoadError.self) { try file.digest() }
    }

    @Test func fileThatGrowsIsNotLoadedAndHasNoDigest() throws {
        let directory = try TemporaryDirectory()
        try directory.write(CSource.goodBytes, to: "sample.so")
        let plugin = try check(directory.file("sample.so"))
        let handle = try #require(FileHandle(forWritingAtPath: directory.file("sample.so")))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(repeating: 0, count: 1 << 20))
        do throws(LoadError) {
            _ = try plugin.file.digest()
            Issue.record("has a digest")
        } catch {
            #expect(error.code == .fileChanged)
        }
        do throws(LoadError) {
            _ = try plugin.open(host: Host.pointer)
            Issue.record("opened")
        } catch {
            #expect(error.code == .fileChanged)
        }
    }

    /// A writer that never rests: each look ends in a verdict, and a file that passes is whole.
    @Test func fileThatIsWrittenAllTheTimeIsJudgedEachTime() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("sample.so")
        let good = CSource.goodBytes
        try directory.write(good, to: "sample.so")
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var random = SeededNumbers(seed: 7)
                while !Task.isCancelled {
                    guard truncate(path, off_t(Int.random(in: 0...good.count, using: &random))) == 0 else { break }
                    let handle = try #require(FileHandle(forWritingAtPath: path))
                    try handle.write(contentsOf: Data(good))
                    try handle.close()
                }
            }
            for _ in 0..<500 {
                let code = Inspection(path: path, options: Host.options).verdict.code
                #expect(["ok", "truncated", "bad-elf", "no-stamp", "missing-entry", "bad-stamp", "not-elf"].contains(code))
            }
            group.cancelAll()
        }
    }

    // MARK: What is no file, and what has no name

    @Test func linksInACircleAreRefused() throws {
        let directory = try TemporaryDirectory()
        try directory.link("a.so", to: directory.file("b.so"))
        try directory.link("b.so", to: directory.file("a.so"))
        #expect(refusal(of: directory.file("a.so"))?.code == .unreadable)
        let inspection = Inspection(path: directory.file("a.so"), options: Host.options)
        #expect(inspection.verdict.code == "unreadable")
        #expect(inspection.file == nil)
    }

    @Test func whatIsNoFileIsInspectedWithoutBeingOpened() throws {
        let directory = try TemporaryDirectory()
        #expect(mkfifo(directory.file("a.so"), 0o600) == 0)
        try directory.makeDirectory("b.so")
        #expect(Inspection(path: directory.file("a.so"), options: Host.options).file?.kind == "a FIFO")
        #expect(Inspection(path: directory.file("b.so"), options: Host.options).file?.kind == "a directory")
    }

    @Test(arguments: [
        "a\nb.so", "a\u{1b}[31m.so", "\u{202e}os.x", "..so", ".so", "-x.so", "a b.so", "é.so", "a,b.so", "a\\b.so",
        String(repeating: "x", count: 252) + ".so", String(repeating: "x", count: 300) + ".so",
    ])
    func nameThatIsNoneIsRefusedInPrintableWords(fileName: String) throws {
        #expect(PluginName(fileName: fileName) == nil)
        guard fileName.hasSuffix(".so"), fileName.utf8.count <= 255 else { return }
        let directory = try TemporaryDirectory()
        try directory.write(CSource.goodBytes, to: fileName)
        let inspection = Inspection(path: directory.file(fileName), options: Host.options)
        #expect(inspection.verdict.code == "bad-name")
        #expect(inspection.name == nil)
        #expect(inspection.verdict.message?.contains("\n") == false)
        // It is named for what it is all the same: a good plugin with a bad name.
        #expect(inspection.stamp?.abi == "\(ABIVersion.host)")
        for finding in try PluginDirectory(path: directory.path, options: Host.options).findings {
            #expect(!finding.description.contains("\u{1b}"))
            if case .plugin = finding { Issue.record("taken: \(finding)") }
        }
    }

    @Test func nameWithASlashIsNotTheDirectorysBusiness() {
        #expect(PluginName(fileName: "../../etc/x.so") == nil)
        #expect(PluginName("a/b") == nil)
        #expect(PluginName("a\nb") == nil)
        #expect(PluginName(String(repeating: "x", count: 300)) == nil)
    }
}
