import Foundation
import PDKCatalogue
import Testing

/// What the doc comments say of phases, versions and protocols is what the catalogue says.
@Suite struct DocumentationTests {
    /// A public function, and the lines of its doc comment.
    struct Function: Sendable, CustomTestStringConvertible {
        let file: String
        let declaration: String
        let comment: [String]

        var testDescription: String { "\(file): \(declaration)" }
        var text: String { comment.joined(separator: " ") }
    }

    static let functions: [Function] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/KongPDK/Kong").standardized
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasPrefix("Kong+") }.sorted().flatMap { name in
            functions(of: (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? "", in: name)
        }
    }()

    static func functions(of source: String, in file: String) -> [Function] {
        var functions: [Function] = []
        var comment: [String] = []
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.drop { $0 == " " }
            if line.hasPrefix("///") {
                comment.append(String(line.dropFirst(3).drop { $0 == " " }))
            } else if line.hasPrefix("@") {
                continue
            } else {
                if line.hasPrefix("public func ") {
                    functions.append(Function(file: file, declaration: String(line), comment: comment))
                }
                comment = []
            }
        }
        return functions
    }

    /// What each comment has to say: "Phases: rewrite, access. Kong's name: `kong.x.y`, since 2.0."
    static func sentence(_ method: PDKMethod) -> String {
        let names: [(PhaseSet, String)] = [
            (.certificate, "certificate"), (.rewrite, "rewrite"), (.access, "access"), (.response, "response"),
            (.preread, "preread"), (.log, "log"),
        ]
        let phases =
            method.phases == .all
            ? "all" : names.filter { method.phases.contains($0.0) }.map(\.1).joined(separator: ", ")
        return "Phases: \(phases.isEmpty ? "none" : phases). Kong's name: `\(method.name)`, since \(method.since)"
            + (method.input == nil ? ", over MessagePack only." : ".")
    }

    @Test(arguments: functions)
    func everyFunctionSaysWhereItCanBeCalledAndSinceWhen(_ function: Function) throws {
        let name = try #require(function.text.firstMatch(of: /Kong's name: `([a-z0-9_.]+)`/)?.1)
        let method = try #require(PDKCatalogue.method(named: String(name)).flatMap { PDKCatalogue[$0] })
        #expect(function.text.contains(Self.sentence(method)))
        // A line of its own says what it does.
        #expect(function.comment.first?.isEmpty == false && function.comment.contains(""))
    }

    @Test func everyMethodHasAFunction() {
        let documented = Self.functions.compactMap { $0.text.firstMatch(of: /Kong's name: `([a-z0-9_.]+)`/)?.1 }
        #expect(Set(documented.map(String.init)) == Set(PDKCatalogue.all.map(\.name)))
    }

    /// A row of the article about phases: "| `kong.request` | `header`, `headers` | rewrite, access |".
    @Test func theArticleAboutPhasesHasEachFunctionOnceWithItsPhases() throws {
        let article = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/KongPDK/KongPDK.docc/Articles/PhasesOfARequest.md")
        let text = try String(contentsOf: article, encoding: .utf8)
        var told: [String: String] = [:]
        for row in text.matches(of: /\| `(kong\.[a-z.]+)` \| (.+) \| (.+) \|/) {
            for name in row.2.matches(of: /`(\w+)`/) {
                #expect(told.updateValue(String(row.3), forKey: "\(row.1).\(name.1)") == nil, "\(row.1).\(name.1) is there twice")
            }
        }
        var known: [String: String] = [:]
        for function in Self.functions {
            let kongsName = try #require(function.text.firstMatch(of: /Kong's name: `([a-z0-9_.]+)\.[a-z0-9_]+`/)?.1)
            let name = try #require(function.declaration.firstMatch(of: /func (\w+)/)?.1)
            let phases = try #require(function.text.firstMatch(of: /Phases: ([a-z, ]+)\. Kong/)?.1)
            if phases != "none" { known["\(kongsName).\(name)"] = String(phases) }
        }
        // Variants for bytes go with their functions.
        let names = known.keys.filter { !$0.hasSuffix("Bytes") || known[String($0.dropLast(5))] == nil }
        #expect(told == known.filter { names.contains($0.key) })
    }

    @Test func onlyFunctionsThatKongAllowsNowhereAreUnavailable() throws {
        let nowhere = PDKCatalogue.all.filter { $0.phases.isEmpty }.map(\.name)
        let none = Self.functions.filter { $0.text.contains("Phases: none.") }
        #expect(none.count == nowhere.count)
    }
}
