import Foundation
import Testing

@testable import PluginLoader

/// Our reader against binutils' `readelf`, on the libraries of the machine. `READELF_ALL=1` takes all of them.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/readelf"))) struct ReadelfTests {
    /// What both can say.
    struct Summary: Equatable {
        var needed: [String] = []
        var soname: String?
        var buildID: String?
        var glibc: SymbolVersion?
        var defined: Set<String>?
    }

    private static let directories = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"]

    /// ELF files, each once, whatever links to it.
    private static let libraries: [String] = {
        var files: [FileBytes.Identity: String] = [:]
        for directory in directories {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? []
            where name.contains(".so") {
                guard let file = try? FileBytes(path: "\(directory)/\(name)"), (try? ELFHeader(file)) != nil else { continue }
                files[file.identity] = files[file.identity] ?? "\(directory)/\(name)"
            }
        }
        let all = files.values.sorted()
        if ProcessInfo.processInfo.environment["READELF_ALL"] != nil { return all }
        let step = max(1, all.count / 40)
        return stride(from: 0, to: all.count, by: step).map { all[$0] }
    }()

    private func ours(_ path: String) throws -> Summary {
        let image = try ELFImage(FileBytes(path: path))
        return Summary(
            needed: image.dynamic.needed, soname: image.dynamic.soname, buildID: image.buildID,
            glibc: SymbolVersion.highest(of: try image.neededVersions().map(\.version))["GLIBC"],
            defined: try image.definedVersions())
    }

    private func theirs(_ path: String) throws -> Summary {
        var summary = Summary()
        var names: [String] = []
        var isDefinition = false
        var isFirstName = false
        for line in try run("env", ["LC_ALL=C", "readelf", "--dynamic", "--notes", "--version-info", "--wide", path]).split(separator: "\n") {
            func bracketed() -> String { String(line.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" }) }
            if line.contains("(NEEDED)") { summary.needed.append(bracketed()) }
            if line.contains("(SONAME)") { summary.soname = bracketed() }
            if line.contains("Build ID: "), summary.buildID == nil {
                summary.buildID = line.split(separator: " ").last.map(String.init)
            }
            if line.hasPrefix("Version ") || line.hasPrefix("No version") {
                isDefinition = line.hasPrefix("Version definition")
                if isDefinition { summary.defined = [] }
            }
            // "  000000: Rev: 1  Flags: BASE  Index: 1  Cnt: 1  Name: libc.so.6"; lines of parents have no "Rev".
            isFirstName = line.contains("Rev:")
            guard let name = line.range(of: " Name: ").map({ line[$0.upperBound...].prefix { $0 != " " } }) else { continue }
            if isDefinition, isFirstName { summary.defined?.insert(String(name)) }
            if !isDefinition { names.append(String(name)) }
        }
        summary.glibc = SymbolVersion.highest(of: names)["GLIBC"]
        return summary
    }

    @Test func librariesOfTheMachineAreReadAsReadelfReadsThem() throws {
        #expect(Self.libraries.count > 5)
        for library in Self.libraries {
            do {
                #expect(try ours(library) == theirs(library), "\(library)")
            } catch {
                Issue.record("\(library): \(error)")
            }
        }
        print("compared \(Self.libraries.count) libraries with readelf")
    }
}
