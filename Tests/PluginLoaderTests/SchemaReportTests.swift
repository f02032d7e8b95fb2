import CKongPlugin
import Testing

@testable import PluginLoader

@Suite struct SchemaReportTests {
    private func config(_ fields: SchemaTree...) -> SchemaTree { ["type": "record", "fields": .array(fields)] }

    private func errors(_ tree: SchemaTree) -> [String] { tree.report.findings.filter(\.isError).map(\.description) }

    // MARK: What is taken

    @Test(
        arguments: [
            ["type": "record", "fields": []],
            // An empty map is an empty array, once it is in Lua.
            ["type": "record", "fields": [:]],
            ["type": "record", "fields": [["mode": ["type": "string", "one_of": ["a", "b"], "default": "a", "required": true]]]],
            ["type": "record", "fields": [["limit": ["type": "integer", "between": [1, 10], "default": 1.0]]]],
            ["type": "record", "fields": [["title": ["type": "string", "default": "", "len_min": 0]]]],
            ["type": "record", "fields": [["note": ["type": "string", "default": nil]]]],
        ] as [SchemaTree])
    func goodSchemaHasNoFindings(schema: SchemaTree) {
        let report = schema.report
        #expect(report.findings.isEmpty)
        #expect(report.acceptedBy == .all)
        #expect(!report.isRefused)
    }

    @Test func textMayBeBytes() {
        #expect(config(["key": ["type": .bytes(Array("string".utf8))]]).report.findings.isEmpty)
    }

    // MARK: Where it is

    @Test func pathNamesTheFieldHoweverDeepItIs() {
        let bad: SchemaTree = ["type": "strng"]
        let schema = config([
            "retry": [
                "type": "record",
                "fields": [
                    ["codes": ["type": "array", "elements": bad]],
                    ["limits": ["type": "map", "keys": bad, "values": ["type": "set", "elements": bad]]],
                ],
            ]
        ])
        #expect(
            schema.report.findings.map(\.path) == ["config.retry.codes[]", "config.retry.limits{key}", "config.retry.limits{}[]"])
    }

    @Test func attributeIsNamedWithinTheField() {
        let schema = config(["a": ["type": "string", "match_all": [["pattern": "x"], ["pattern": 1]]]])
        #expect(
            errors(schema) == [
                "config.a: match_all[1].pattern is 1; Kong takes a string that is not empty there; fix: write that"
            ])
    }

    @Test func errorsComeBeforeWhatConcernsSomeVersionsAndBeforeWarnings() {
        let schema = config(
            ["a": ["type": "function"]], ["b": ["type": "string", "encrypted": true]], ["c": ["type": "string", "required": 1]])
        let report = schema.report
        #expect(report.findings.map(\.path) == ["config.c", "config.b", "config.a"])
        #expect(report.isRefused)
    }

    // MARK: What to do

    @Test(arguments: [
        ("reqired", "write \"required\""), ("enum", "write \"one_of\""), ("min_len", "write \"len_min\""),
        ("Default", "write \"default\""), ("mach", "write \"match\""), ("quite_else", "leave it out"),
    ])
    func unknownAttributeIsNamedAndTheRightOneToo(name: String, fix: String) throws {
        let schema = config(["a": .map([("type", "string"), (name, .boolean(true))])])
        let report = schema.report
        let finding = try #require(report.findings.first)
        #expect(finding.found == "the attribute \"\(name)\"")
        #expect(finding.fix == fix)
    }

    @Test(arguments: [
        ("str", "string"), ("int64", "integer"), ("bool", "boolean"), ("object", "record"), ("Array", "array"),
        ("recrod", "record"),
    ])
    func unknownTypeIsCorrected(name: String, type: String) {
        let schema = config(["a": ["type": .string(name)]])
        let report = schema.report
        #expect(report.findings.first?.fix == "write type: \"\(type)\"")
    }

    @Test(
        arguments: [
            (["type": "string", "default": ""], "default is \"\"", "set len_min: 0, or leave the default out"),
            (["type": "string", "default": 3], "default is 3", "correct the default, or leave it out"),
            (["type": "boolean", "required": "true"], "required is \"true\"", "write true without quotes"),
            (
                ["type": "array", "elements": ["type": "string"], "one_of": ["a"]], "one_of\" with type \"array\"",
                "put it into elements"
            ),
            (["type": "array"], "type \"array\" without elements", "set elements: {type: \"string\"}"),
            (
                ["type": "record", "fields": [["b": ["type": "integer"]]], "default": ["b": "x"]], "default.b is \"x\"",
                "correct the default, or leave it out"
            ),
            (
                ["type": "record", "fields": [["bee": ["type": "integer"]]], "default": ["bea": 1]], "default.bea is 1",
                "write \"bee\""
            ),
            (
                ["type": "string", "custom_validator": "f"], "custom_validator is \"f\"",
                "leave it out, and check the configuration in the plugin"
            ),
        ] as [(SchemaTree, String, String)])
    func findingSaysWhatIsThereAndWhatToDo(field: SchemaTree, found: String, fix: String) throws {
        let finding = try #require(config(["a": field]).report.findings.first)
        #expect(finding.isError)
        #expect(finding.path == "config.a")
        #expect(finding.found.contains(found))
        #expect(finding.fix == fix)
    }

    @Test func textsOfPluginsAreMadePrintable() {
        let schema = config(["a\nb\u{1b}[31m": ["type": "x\r\ny"]])
        #expect(errors(schema).allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 } })
    }

    @Test func thereIsAnEndToFindings() {
        let bad: SchemaTree = .array((0..<1000).map { ["f\($0)": ["type": "bad"]] })
        let report = SchemaTree.map([("type", "record"), ("fields", bad)]).report
        #expect(report.isRefused)
        #expect((1...101).contains(report.findings.count))
    }

    // MARK: Versions

    @Test(
        arguments: [
            ("encrypted", true, "2.7 and later"), ("referenceable", true, "2.8 and later"), ("examples", ["x"], "3.6 and later"),
            ("transient", true, "3.8 and later"), ("legacy", true, "2.2 to 2.8"), ("description", "long enough", "3.4 and later"),
        ] as [(String, SchemaTree, String)])
    func whatSomeReleasesTakeIsNoErrorButTheyAreNamed(attribute: String, value: SchemaTree, releases: String) {
        let report = config(["a": .map([("type", "string"), (attribute, value)])]).report
        #expect(!report.isRefused)
        #expect(report.findings.count == 1 && report.findings.allSatisfy { !$0.isError })
        #expect(report.acceptedBy.description == releases)
    }

    @Test func whatNoReleaseTakesInFullIsRefused() {
        let report = config(["a": ["type": "string", "legacy": true, "transient": true]]).report
        #expect(report.findings.allSatisfy { !$0.isError })
        #expect(report.isRefused)
    }

    @Test(
        arguments: [
            (KongReleases.all, "all versions"), (KongReleases(), "no version"), (.before(.v3_4), "2.2 to 3.3"),
            (.since(.v3_9), "3.9 and later"),
            (KongReleases([KongRelease.v2_8, .v3_0, .v3_4]), "2.8 to 3.1, 3.4"),
        ] as [(KongReleases, String)])
    func releasesAreDescribed(releases: KongReleases, text: String) {
        #expect(releases.description == text)
    }

    // MARK: What Kong takes, and what does not work then

    @Test(
        arguments: [
            (["type": "integer", "len_min": 1], "the attribute \"len_min\" with type \"integer\""),
            (["type": "string", "match": "[a"], "match is \"[a\", and it lacks a ]"),
            (["type": "function"], "type \"function\""),
            (["type": "foreign", "reference": "nowhere"], "type \"foreign\" with reference \"nowhere\""),
            (["type": "string", "err": nil], "err is null"),
            (["type": "map", "keys": ["type": "integer"], "values": ["type": "string"]], "type \"integer\""),
            (
                ["type": "record", "fields": [["host": ["type": "string"]]], "entity_checks": [["at_least_one_of": ["hots"]]]],
                "entity_checks[0].at_least_one_of names \"hots\""
            ),
            (
                ["type": "record", "fields": [], "entity_checks": [["custom_entity_check": ["field_sources": []]]]],
                "entity_checks[0].custom_entity_check without fn"
            ),
        ] as [(SchemaTree, String)])
    func warningsRefuseNothing(field: SchemaTree, found: String) {
        let report = config(["a": field]).report
        #expect(report.acceptedBy == .all)
        #expect(report.findings.map(\.found) == [found])
    }

    @Test func secondFieldOfANameIsNamed() {
        let report = config(["a": ["type": "string"]], ["a": ["type": "integer"]]).report
        #expect(report.acceptedBy == .all)
        #expect(report.findings.map(\.description).contains { $0.hasPrefix("config.a: a second field of this name") })
    }

    // MARK: As a refusal

    @Test func refusedSchemaRefusesThePlugin() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("sample.so")
        var source = CSource()
        source.extra = """
            static const kong_entry bad_entries[] = {{{"type", 4}, {.type = KONG_STRING, .string = {"recrod", 6}}}};
            static const kong_value bad = {.type = KONG_MAP, .map = {bad_entries, 1}};
            """
        source.descriptor = "plugin.config_schema = &bad;"
        try source.build(to: path)
        let plugin = try check(path)
        do {
            _ = try plugin.open(host: Host.pointer)
            Issue.record("was opened")
        } catch {
            #expect(error.code == .badSchema)
            #expect(error.pluginSide == "config: type \"recrod\"")
            #expect(error.hostSide.hasPrefix("Kong takes one of array, set, string"))
            #expect(error.fix == "in config: write type: \"record\"")
        }
    }
}
