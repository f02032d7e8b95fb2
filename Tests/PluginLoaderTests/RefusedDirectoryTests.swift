import Foundation
import Testing

@testable import PluginLoader

/// A directory as it is in the field: one good plugin, and one of each kind of file that the check refuses.
@Suite struct RefusedDirectoryTests {
    @Test func eachIsNamedForWhatItIsAndNothingOfItRuns() throws {
        let directory = try TemporaryDirectory()
        let refused = try RefusedFiles(in: directory.path, upTo: .check)
        let found = try PluginDirectory(path: directory.path, options: CheckOptions(host: Host.versions, requireLock: true))
        var good: [CheckedPlugin] = []
        var codes: [String: String] = [:]
        for finding in found.findings {
            switch finding {
            case .plugin(let plugin): good.append(plugin)
            case .refused(_, let error):
                guard case .plugin(_, let path) = error.subject else { continue }
                codes[String(try #require(path.split(separator: "/").last))] = error.code.rawValue
                #expect(!error.pluginSide.isEmpty && !error.hostSide.isEmpty && !error.fix.isEmpty)
                // In the log, in JSON and on the page of codes it is the same code.
                let inspection = try #require(Inspection(finding))
                #expect(inspection.verdict.code == error.code.rawValue)
                #expect(LoadError.codesPage.contains("\n## \(inspection.verdict.code)\n"))
                #expect(throws: LoadError.self) {
                    if let name = finding.name { _ = try found.plugin(named: name).open(host: Host.pointer) } else { throw error }
                }
            case .ignored: break
            }
        }
        #expect(codes == Dictionary(uniqueKeysWithValues: refused.files.map { ($0.name, $0.code) }))
        #expect(good.map(\.file.fileName) == [RefusedFiles.good])
        #expect(try good[0].open(host: Host.pointer).version == "1.2.3")

        #expect(refused.processes(of: RefusedFiles.good) == [getpid()])
        for file in refused.files { #expect(refused.processes(of: file.name) == [], "\(file.name) ran") }
        // Nor is any of them mapped.
        let prefix = "\(directory.path)/"
        let maps = try #require(FileBytes.contents(ofProcFile: "/proc/self/maps"))
        let mapped = String(decoding: maps, as: UTF8.self).split(separator: "\n")
            .compactMap { line in line.range(of: prefix).map { line[$0.upperBound...] } }
        #expect(Set(mapped) == [RefusedFiles.good[...]])
    }
}
