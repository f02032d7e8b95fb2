import Foundation
import KongClient
import PluginConformance
import Testing

/// What `swift-pluginserver conformance` says of plugins that keep the contract, and of those that break one rule of it.
@Suite struct ConformanceTests {
    private struct Result: Decodable {
        struct Plugin: Decodable {
            let name: String
        }

        struct OneRule: Decodable {
            let id: Rule.ID
            let statement: String
            let outcome: String
            let found: [String]?
            let fix: String?
            let reason: String?
        }

        let path: String
        let plugin: Plugin?
        let rules: [OneRule]

        var broken: [Rule.ID] { rules.filter { $0.outcome == "broken" }.map(\.id) }
        var findings: String { rules.flatMap { rule in (rule.found ?? []).map { "\(rule.id.rawValue): \($0)" } }.joined(separator: "\n") }

        func outcome(_ id: Rule.ID) -> String? { rules.first { $0.id == id }?.outcome }
    }

    /// - Parameter timeout: in seconds.
    private static func examine(_ file: String, config: String? = nil, timeout: Int = 60) throws -> (Result, Program) {
        let program = try Program(
            ["conformance", "--json", "--timeout", "\(timeout)", file] + (config.map { ["--config", $0] } ?? []))
        return (try JSONDecoder().decode(Result.self, from: Data(program.output)), program)
    }

    // MARK: Plugins that keep it

    @Test(arguments: ["goplug", "request-id", "rate-limit", "hmac-auth", "request-transform", "caller", "blocking"])
    func pluginsInSwiftKeepIt(_ name: String) throws {
        let (result, program) = try Self.examine("\(Program.folder)/lib\(name).so")
        #expect(result.broken == [], "\(result.findings)")
        #expect(program.end == .exited(0), "\(program.errors)")
        #expect(result.plugin?.name == name)
        #expect(result.outcome(.finishOnce) == "kept")
        #expect(result.outcome(.borrowed) == "kept")
    }

    @Test func aTableInCKeepsIt() throws {
        let directory = try TemporaryDirectory()
        try Plugins.compileExample("hello-c", into: directory.path)
        let (result, program) = try Self.examine(directory.file("hello-c.so"))
        #expect(result.broken == [], "\(result.findings)")
        #expect(program.end == .exited(0), "\(program.errors)")
        #expect(result.outcome(.answerErrors) == "kept")
        #expect(result.outcome(.cancel) == "kept")
        #expect(result.outcome(.borrowed) == "not-applicable", "what it is lent is a copy")
    }

    @Test(arguments: BrokenPlugin.keeping)
    func pluginsInCKeepIt(_ plugin: BrokenPlugin) throws {
        let directory = try TemporaryDirectory()
        let (result, program) = try Self.examine(plugin.build(into: directory.path))
        #expect(result.broken == [], "\(result.findings)")
        #expect(program.end == .exited(0), "\(program.errors)")
        #expect(result.outcome(.cancel) == "kept")
    }

    @Test func allThatAppliesIsExamined() throws {
        let directory = try TemporaryDirectory()
        let (result, _) = try Self.examine(BrokenPlugin(keepingAll: "as it is").build(into: directory.path))
        #expect(result.rules.map(\.id) == Rule.all.map(\.id))
        #expect(result.rules.filter { $0.outcome != "kept" }.map(\.id) == [])
    }

    // MARK: Plugins that break it

    @Test(arguments: BrokenPlugin.breaking)
    func eachBreaksItsRuleAndNoOther(_ plugin: BrokenPlugin) throws {
        let directory = try TemporaryDirectory()
        let (result, program) = try Self.examine(plugin.build(into: directory.path), timeout: plugin.isSilent ? 2 : 60)
        #expect(result.broken == [plugin.rule].compactMap(\.self), "\(result.findings)")
        #expect(result.findings.contains(plugin.found), "\(result.findings)")
        #expect(program.end == .exited(1))
        for rule in result.rules where rule.outcome == "broken" { #expect(rule.fix?.isEmpty == false && rule.found?.isEmpty == false) }
    }

    @Test func eachRuleCanBeBroken() {
        #expect(Set(BrokenPlugin.breaking.compactMap(\.rule)) == Set(Rule.ID.allCases))
        #expect(Rule.all.map(\.id).sorted { $0.rawValue < $1.rawValue } == Rule.ID.allCases.sorted { $0.rawValue < $1.rawValue })
    }

    // MARK: Tables

    /// What a handler does, the rules that it breaks, and what is found.
    private static let tables: [(String, [Rule.ID], String)] = [
        (
            "if (status != KONG_OK) abort();", [.unknownMethods, .cancel, .answerValues, .answerErrors],
            "kong.request.get_header, is refused with"
        ),
        ("if (status == KONG_LIMIT) abort();", [.answerErrors], "signal 6"),
        ("if (status == KONG_UNKNOWN_METHOD) while (1);", [.unknownMethods, .answerErrors], "handle (access) had not returned"),
        ("if (status == KONG_OK && host.data[0] == 0) return KONG_OK;", [.answerValues], "is answered with nil"),
        ("if (status == KONG_CANCELLED) abort();", [.cancel], "while it waits for kong.request.get_header"),
        ("pthread_t t; pthread_create(&t, NULL, elsewhere, (void *)kong); pthread_join(t, NULL);", [.loopThread], "set_header"),
        ("exit(3);", [.finishOnce], "status 3"),
        (
            "static const char *first; if (!first) first = config->greeting; if (first != config->greeting) abort();",
            [.manyInstances], "signal 6"
        ),
    ]

    @Test(arguments: tables)
    func aTableBreaksWhatItsHandlerBreaks(_ statements: String, _ rules: [Rule.ID], _ found: String) throws {
        let directory = try TemporaryDirectory()
        try Plugins.compileWhole(
            """
            #include "kong_pdk.h"
            #include <pthread.h>
            #include <stdlib.h>
            struct config { const char *greeting; };
            static const kong_field fields[] = {KONG_FIELD(struct config, greeting, "default: 'hello'")};
            static void *elsewhere(void *context) {
                const kong_pdk *kong = context;
                kong->service_request->set_header(kong, "a", "b");
                return NULL;
            }
            static kong_status handle(const kong_pdk *kong, const struct config *config) {
                kong_string host = {"", 0};
                kong_status status = kong->request->get_header(kong, "host", &host);
                \(statements)
                return status;
            }
            KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config))
            """, named: "table", into: directory.path)
        let (result, _) = try Self.examine(directory.file("table.so"), timeout: 5)
        #expect(result.broken == rules, "\(result.findings)")
        #expect(result.findings.contains(found), "\(result.findings)")
    }

    // MARK: The command

    @Test func itsTextSaysWhatWasSeenAndWhatToDo() throws {
        let directory = try TemporaryDirectory()
        let file = try BrokenPlugin(
            keepingAll: "last words", ("finish(work, KONG_OK, \"\");", "write(2, \"my last words\\n\", 14); abort();")
        ).build(into: directory.path)
        let run = try Program(["conformance", file])
        #expect(run.end == .exited(1))
        #expect(run.outputText.contains("broken  finish-once"))
        #expect(run.outputText.contains("found: handling log: it crashed: signal 6"))
        #expect(run.outputText.contains("its last words: my last words"))
        #expect(run.outputText.contains("fix: "))
        #expect(run.outputText.contains("not examined, since finish-once is broken"))
        #expect(run.outputText.contains("1 broken"))
    }

    @Test func aFileThatIsRefusedIsNotExamined() throws {
        let directory = try TemporaryDirectory()
        try directory.write("no library".utf8, to: "text.so")
        let (result, program) = try Self.examine(directory.file("text.so"))
        #expect(program.end == .exited(1))
        #expect(result.plugin == nil)
        #expect(result.broken == [.loads])
        #expect(result.findings.contains("not-elf"))
        #expect(result.rules.filter { $0.outcome == "not-applicable" }.count == Rule.all.count - 1)
    }

    @Test func theConfigurationIsTheOneThatIsGiven() throws {
        let directory = try TemporaryDirectory()
        let plugin = BrokenPlugin(
            keepingAll: "a start that may fail",
            BrokenPlugin.before(
                BrokenPlugin.lookingAtConfig,
                """
                if (greeting && greeting->type == KONG_STRING && greeting->string.size == 3) {
                    the_host->started(the_host, start, KONG_FAILED, text("three is too few"), NULL);
                    return;
                }
                """))
        let file = try plugin.build(into: directory.path)
        let (good, _) = try Self.examine(file, config: #"{"greeting": "four"}"#)
        #expect(good.broken == [], "\(good.findings)")
        #expect(good.outcome(.finishOnce) == "kept")
        let (bad, program) = try Self.examine(file, config: #"{"greeting": "two"}"#)
        #expect(program.end == .exited(0), "a start may fail")
        #expect(bad.outcome(.startAnswered) == "kept")
        #expect(bad.outcome(.finishOnce) == "not-applicable")
        #expect(bad.rules.contains { $0.reason?.contains("three is too few; give another with --config") == true })

        try directory.write(#"{"greeting": 7}"#.utf8, to: "config.json")
        for config in [#"{"greeting": 7}"#, "@\(directory.file("config.json"))", "no json", "@/nowhere"] {
            let run = try Program(["conformance", "--config", config, file])
            #expect(run.end == .exited(1), "\(config)")
            #expect(run.errors.contains("Kong would not take the configuration"), "\(run.errors)")
            #expect(run.outputText == "")
        }
    }

    // MARK: The page

    /// The page is made from the rules: `UPDATE_DOCS=1 swift test --filter ConformanceTests` writes it.
    @Test func docsPageIsThatOfTheRules() throws {
        let path = "\(Plugins.package)/docs/conformance.md"
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
            try Rule.page.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page == Rule.page, "docs/conformance.md is old: UPDATE_DOCS=1 swift test --filter ConformanceTests")
    }
}
