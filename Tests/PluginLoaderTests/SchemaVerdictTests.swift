import Foundation
import Testing

@testable import PluginLoader

/// Our verdicts against those of Kong's own schema library, as Tests/Fixtures/schemas has them for each kind of release.
@Suite struct SchemaVerdictTests {
    struct Verdict: Decodable {
        let kong: String
        let schema: SchemaTree
    }

    private static let verdicts: [Verdict] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        guard let text = try? String(contentsOf: folder.appendingPathComponent("Fixtures/schemas/verdicts.jsonl"), encoding: .utf8)
        else { return [] }
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Verdict.self, from: Data($0.utf8)) }
    }()

    private static let reports = verdicts.map(\.schema.report)

    @Test func recordingHasAllReleases() {
        #expect(Self.verdicts.count > 700)
        #expect(Self.verdicts.allSatisfy { $0.kong.count == KongRelease.allCases.count })
    }

    @Test(arguments: KongRelease.allCases)
    func eachReleaseTakesAndRefusesWhatWeSay(release: KongRelease) throws {
        for (verdict, report) in zip(Self.verdicts, Self.reports) {
            let isAccepted = verdict.kong.utf8.dropFirst(release.rawValue).first == UInt8(ascii: "A")
            #expect(report.acceptedBy.contains(release) == isAccepted, "\(verdict.schema) \(report.findings)")
        }
    }

    @Test func refusalsSayWhy() {
        for report in Self.reports {
            let refusedBy = report.findings.reduce(KongReleases()) { $0.union($1.refusedBy) }
            #expect(refusedBy.union(report.acceptedBy) == .all)
            #expect(report.findings.allSatisfy { $0.path.hasPrefix("config") && !$0.found.isEmpty && !$0.fix.isEmpty })
        }
    }
}
