import Foundation

/// A directory with a file for each reason that a plugin's file can be refused for; each is named for its code.
///
/// Whatever has code has a constructor, which notes in which processes it runs.
package struct RefusedFiles {
    /// How far a file gets before it is refused.
    package enum Stage: Sendable {
        /// Nothing of it runs anywhere.
        case check
        /// It runs in the process of its probe.
        case probe
        /// It is good, and loaded already under another name.
        case loading
    }

    /// The code that a file shall be refused with.
    package struct File: Sendable {
        package let name: String
        package let code: String
        package let stage: Stage
    }

    package private(set) var files: [File] = []
    private let directory: String
    private let notes: TemporaryDirectory

    /// The one plugin in C that is fit.
    package static let good = "good.so"

    /// Fills a directory.
    /// - Parameter lastStage: what is left out gets farther than this.
    package init(in directory: String, upTo lastStage: Stage) throws {
        self.directory = directory
        notes = try TemporaryDirectory()
        try build(Self.good)
        try makeNoLibraries()
        try makeDamaged()
        try makeNoPlugins()
        try makeUnfit()
        if lastStage != .check {
            try makeUnloadable()
            try makeMisbehaving()
        }
        if lastStage == .loading { try link("known-already-open.so", to: Self.good, "already-open", .loading) }
        try makeTrustList()
    }

    /// The processes in which code of a file has run.
    package func processes(of file: String) -> [pid_t] { notes.text(of: file).split(separator: "\n").compactMap { pid_t($0) } }

    // MARK: Building

    private func path(_ file: String) -> String { "\(directory)/\(file)" }

    private func source(_ file: String) -> CSource {
        CSource(opening: "", extra: "\(CSource.constructor(notingPIDIn: notes.file(file)))\n")
    }

    private func build(_ file: String, _ change: (inout CSource) -> Void = { _ in }) throws {
        var source = source(file)
        change(&source)
        try source.build(to: path(file))
    }

    private mutating func expect(_ file: String, _ code: String? = nil, _ stage: Stage = .check) {
        files.append(File(name: file, code: code ?? String(file.prefix { $0 != "." }), stage: stage))
    }

    /// A plugin in which one thing is not as it should be.
    private mutating func add(_ file: String, _ stage: Stage = .check, _ change: (inout CSource) -> Void = { _ in }) throws {
        try build(file, change)
        expect(file, nil, stage)
    }

    private mutating func addOpening(_ file: String, _ statements: String) throws {
        try CSource(opening: statements, extra: CSource.constructor(notingPIDIn: notes.file(file))).build(to: path(file))
        expect(file, nil, .probe)
    }

    private mutating func link(_ file: String, to target: String, _ code: String, _ stage: Stage = .check) throws {
        try FileManager.default.createSymbolicLink(atPath: path(file), withDestinationPath: target)
        expect(file, code, stage)
    }

    private mutating func addDamaged(_ file: String, _ damage: (inout PatchedLibrary) -> Void) throws {
        try add(file)
        var library = PatchedLibrary([UInt8](try Data(contentsOf: URL(fileURLWithPath: path(file)))))
        damage(&library)
        try Data(library.bytes).write(to: URL(fileURLWithPath: path(file)))
    }

    // MARK: Refused by the check

    private mutating func makeNoLibraries() throws {
        try link("missing-file.so", to: "/nowhere", "missing-file")
        try link("unreadable.so", to: "unreadable.so", "unreadable")
        guard mkfifo(path("not-a-file.so"), 0o600) == 0 else { throw TestFailure("mkfifo: errno \(errno)") }
        expect("not-a-file.so")
        // Nothing is unreadable to root.
        if geteuid() != 0 {
            try add("permissions.so")
            chmod(path("permissions.so"), 0)
        }
        try Data("text\n".utf8).write(to: URL(fileURLWithPath: path("not-elf.so")))
        expect("not-elf.so")
        try CSource.compile("int main(void) { return 0; }", to: path("not-a-library.so"), ["-c"])
        expect("not-a-library.so")
        for file in ["duplicate-name.so", "libduplicate-name.so"] {
            try build(file)
            expect(file, "duplicate-name")
        }
        try build("bad-name .so")
        expect("bad-name .so", "bad-name")
        try add("insecure-file.so")
        chmod(path("insecure-file.so"), 0o666)
    }

    private mutating func makeDamaged() throws {
        try addDamaged("wrong-machine.so") { $0.set(40, 2, at: 18) }
        try addDamaged("truncated.so") { $0.bytes.removeLast(100) }
        try addDamaged("bad-elf.so") { $0.set(0, 8, at: $0.entries(PatchedLibrary.stringsSize)[0] + 8) }
    }

    private mutating func makeNoPlugins() throws {
        try add("no-stamp.so") { $0.stamp = "" }
        try add("bad-stamp.so") { $0.stamp = CSource.stamp(major: 1, minor: 0, size: 100, noteSize: 176) }
        try add("abi-major.so") { $0.stamp = CSource.stamp(major: 2, minor: 0) }
        try add("abi-minor.so") { $0.stamp = CSource.stamp(major: 1, minor: 9) }
        try add("missing-entry.so") { $0.open = "" }
    }

    private mutating func makeUnfit() throws {
        try addDamaged("glibc.so") { $0.bytes[$0.firstIndex(of: Array("GLIBC_2.".utf8)) + 6] = UInt8(ascii: "9") }
        try addDamaged("missing-library.so") { $0.bytes[$0.firstIndex(of: Array("libc.so.6".utf8)) + 3] = UInt8(ascii: "q") }
        try makeUnfitForLibrary()
        try makeUnfitForRuntime()
    }

    /// Built against a newer release of a library than the one that is there.
    private mutating func makeUnfitForLibrary() throws {
        let parts = try TemporaryDirectory()
        let library = "\(directory)/lib/libnewer.so"
        try FileManager.default.createDirectory(atPath: "\(directory)/lib", withIntermediateDirectories: true)
        for version in ["NEWER_2", "NEWER_1"] {
            try parts.write("\(version) { global: newer; };".utf8, to: "map")
            try CSource.compile(
                "int newer(void) { return 1; }", to: library,
                ["-shared", "-Wl,-soname,libnewer.so", "-Wl,--version-script,\(parts.file("map"))"])
            guard version == "NEWER_2" else { continue }
            var source = source("library-version.so")
            source.extra += "int newer(void);"
            source.descriptor = "plugin.priority = newer();"
            try source.build(to: path("library-version.so"), library, "-Wl,-rpath,$ORIGIN/lib")
        }
        expect("library-version.so")
    }

    /// Built by another Swift compiler: its `.comment` names another commit.
    private mutating func makeUnfitForRuntime() throws {
        var source = source("swift-runtime.so")
        source.extra += "void work(void);"
        source.descriptor = "work();"
        try source.build(
            to: path("swift-runtime.so"), swift: #"@_cdecl("work") public func work() { print([1].sorted()) }"#, "-Onone")
        var data = try Data(contentsOf: URL(fileURLWithPath: path("swift-runtime.so")))
        var start = data.startIndex
        while let place = data.range(of: Data("llvm-project.git ".utf8), in: start..<data.endIndex) {
            data[place.upperBound] = UInt8(ascii: data[place.upperBound] == UInt8(ascii: "a") ? "b" : "a")
            start = place.upperBound
        }
        try data.write(to: URL(fileURLWithPath: path("swift-runtime.so")))
        expect("swift-runtime.so")
    }

    // MARK: Refused by the probe

    private mutating func makeUnloadable() throws {
        // The dynamic linker refuses it before anything of it runs.
        try add("load-failed.so", .probe) {
            $0.extra += "int not_there_at_all(void);"
            $0.descriptor = "plugin.priority = not_there_at_all();"
        }
        let changing = path("file-changed.so")
        try add("file-changed.so", .probe) {
            $0.extra += """
                #include <fcntl.h>
                #include <unistd.h>
                __attribute__((constructor)) static void change(void) { write(open("\(changing)", O_WRONLY | O_APPEND), "", 1); }
                """
        }
        try add("stamp-differs.so", .probe) {
            $0.extra += """
                #include <sys/mman.h>
                __attribute__((constructor)) static void forge(void) {
                    char *byte = (char *)&kong_plugin_abi.stamp.pdk_version;
                    mprotect((void *)((uintptr_t)byte & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
                    *(volatile char *)byte = '7';
                }
                """
        }
        try add("bad-signature.so", .probe) {
            $0.extra += """
                #include "kong_define.h"
                const kong_definition kong_plugin_definition = {sizeof(kong_definition), 0, "i(pp)", "1.0.0"};
                """
        }
        try add("bad-descriptor.so", .probe) { $0.descriptor = "plugin.version = (kong_string){\"1\", 1};" }
        try add("bad-schema.so", .probe) {
            $0.extra += """
                static const kong_entry no_type[] = {{{"type", 4}, {.type = KONG_STRING, .string = {"recrod", 6}}}};
                static const kong_value misspelt = {.type = KONG_MAP, .map = {no_type, 1}};
                """
            $0.descriptor = "plugin.config_schema = &misspelt;"
        }
    }

    private mutating func makeMisbehaving() throws {
        try addOpening("open-failed.so", "*error = (kong_string){\"no licence\", 10}; return NULL;")
        try addOpening("load-crash.so", "fputs(\"my last words\\n\", stderr); abort();")
        try addOpening("load-exit.so", "exit(3);")
        try addOpening("load-timeout.so", "for (;;) pause();")
        try addOpening("load-memory.so", "if (!malloc(2ul << 30)) { perror(\"my table\"); exit(1); }")
        try addOpening("load-output.so", "puts(\"hello\");")
    }

    // MARK: The trust list

    /// `plugins.lock`, with everything on it but one file, and with another digest for one.
    private mutating func makeTrustList() throws {
        try add("not-in-lock.so")
        try add("lock-mismatch.so")
        var lines = ""
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) where file.hasSuffix(".so") {
            let attributes = try FileManager.default.attributesOfItem(atPath: path(file))
            guard attributes[.type] as? FileAttributeType == .typeRegular || file == "known-already-open.so",
                !["not-in-lock.so", "bad-name .so", "permissions.so"].contains(file)
            else { continue }
            let trusted = file == "lock-mismatch.so" ? Self.good : file
            lines += "\(try run("sha256sum", [path(trusted)]).prefix(64))  \(file)\n"
        }
        try lines.write(toFile: path("plugins.lock"), atomically: true, encoding: .utf8)
    }
}
