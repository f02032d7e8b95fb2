import Foundation
import Testing

/// What the articles show is what stands in this folder, and what the README shows also in Tests/ReadmeSample: so it
/// compiles, and does what they say.
@Suite struct ArticleTests {
    /// A block of Swift in an article.
    struct Block: Sendable, CustomTestStringConvertible {
        let article: String
        let line: Int
        let text: String

        var testDescription: String { "\(article):\(line)" }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let root = folder.appendingPathComponent("../../..").standardized

    static let blocks: [Block] = {
        let catalogs = ["Sources/KongPDK/KongPDK.docc", "Sources/KongPDKTesting/KongPDKTesting.docc"]
        let articles = catalogs.flatMap { catalog -> [String] in
            let names = try? FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(catalog).path)
            return (names ?? []).filter { $0.hasSuffix(".md") }.map { "\(catalog)/\($0)" }
        }
        return (["README.md"] + articles.sorted()).flatMap { blocks(of: lines(of: root.appendingPathComponent($0)), in: $0) }
    }()

    /// The samples, line by line.
    private static let samples: [[String]] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let files = names.filter { $0.hasSuffix("Sample.swift") }.map { folder.appendingPathComponent($0) }
        return (files + [root.appendingPathComponent("Tests/ReadmeSample/HelloPlugin.swift")]).map(lines)
    }()

    private static func lines(of file: URL) -> [String] {
        ((try? String(contentsOf: file, encoding: .utf8)) ?? "").components(separatedBy: "\n")
    }

    private static func blocks(of lines: [String], in article: String) -> [Block] {
        var blocks: [Block] = []
        var begin: Int?
        for (index, line) in lines.enumerated() {
            let line = line.drop { $0 == " " }
            if line == "```swift" {
                begin = index + 1
            } else if line == "```", let first = begin {
                blocks.append(Block(article: article, line: first + 1, text: flush(lines[first..<index])))
                begin = nil
            }
        }
        return blocks
    }

    /// The lines without the indentation that they have in common.
    private static func flush(_ lines: ArraySlice<String>) -> String {
        let common = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { String($0.dropFirst(common)) }.joined(separator: "\n")
    }

    private static func contains(_ sample: [String], _ block: Block) -> Bool {
        let count = block.text.components(separatedBy: "\n").count
        guard count <= sample.count else { return false }
        return (0...(sample.count - count)).contains { flush(sample[$0..<($0 + count)]) == block.text }
    }

    @Test(arguments: blocks)
    func everyBlockOfSwiftStandsInASample(_ block: Block) {
        #expect(Self.samples.contains { Self.contains($0, block) })
    }

    @Test func theArticlesAreFound() {
        #expect(Set(Self.blocks.map(\.article)).count >= 8)
        #expect(!Self.samples.isEmpty)
    }
}
