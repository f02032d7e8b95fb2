// Unsafe pointers: builds value trees that no plugin should.

import CKongPlugin
import Testing

@testable import PluginLoader

@Suite struct SchemaHostileTests {
    /// The first finding about the value at `config.fields[0].a.default` of a schema.
    private func finding(of value: kong_value) throws -> SchemaFinding {
        try #require(report(of: value).findings.first)
    }

    private func report(of value: kong_value) -> SchemaReport {
        let memory = TreeMemory()
        defer { memory.free() }
        let field = memory.allocate(kong_entry.self, count: 2)
        field.initialize(to: kong_entry(key: memory.string(Array("type".utf8)), value: memory.value("string")))
        (field + 1).initialize(to: kong_entry(key: memory.string(Array("default".utf8)), value: value))
        let root = memory.allocate(kong_value.self, count: 1)
        let name = memory.allocate(kong_entry.self, count: 1)
        name.initialize(to: kong_entry(key: memory.string(Array("a".utf8)), value: map(field, 2)))
        let fields = memory.allocate(kong_value.self, count: 1)
        fields.initialize(to: map(name, 1))
        let record = memory.allocate(kong_entry.self, count: 2)
        record.initialize(to: kong_entry(key: memory.string(Array("type".utf8)), value: memory.value("record")))
        (record + 1).initialize(to: kong_entry(key: memory.string(Array("fields".utf8)), value: array(fields, 1)))
        root.initialize(to: map(record, 2))
        return SchemaReport(of: root)
    }

    private func value(_ type: Int, _ change: (inout kong_value) -> Void = { _ in }) -> kong_value {
        var value = kong_value()
        value.type = UInt32(type)
        change(&value)
        return value
    }

    private func map(_ entries: UnsafePointer<kong_entry>?, _ count: Int) -> kong_value {
        value(KONG_MAP) { $0.map = kong_map(entries: entries, count: count) }
    }

    private func array(_ items: UnsafePointer<kong_value>?, _ count: Int) -> kong_value {
        value(KONG_ARRAY) { $0.array = kong_array(items: items, count: count) }
    }

    @Test(arguments: [8, 99, 0xffff_ffff])
    func unknownTypeIsRefused(type: Int) throws {
        let finding = try finding(of: value(type))
        #expect(finding.isError)
        #expect(finding.path == "config.a")
        #expect(finding.found == "default is a value of type \(type)")
    }

    @Test(arguments: [1, 100_001, Int.max, -1, Int.min])
    func nothingAtNullIsRead(count: Int) throws {
        #expect(try finding(of: array(nil, count)).isError)
        #expect(try finding(of: map(nil, count)).isError)
        #expect(try finding(of: value(KONG_STRING) { $0.string = kong_string(data: nil, size: count) }).isError)
    }

    @Test func countIsToldAsItWasWritten() throws {
        #expect(try finding(of: array(nil, -1)).found == "default is an array of 18446744073709551615")
    }

    @Test(arguments: [Int.max, -1, 5 << 20])
    func textThatIsTooLongIsNotRead(size: Int) throws {
        let data = UnsafePointer<CChar>(bitPattern: 0x1000)
        #expect(try finding(of: value(KONG_BYTES) { $0.string = kong_string(data: data, size: size) }).isError)
    }

    @Test func emptyNeedsNoPointer() {
        #expect(report(of: value(KONG_NIL)).findings.isEmpty)
        #expect(report(of: array(nil, 0)).findings.map(\.found) == ["default is an empty array or map"])
    }

    @Test func oddAddressesAreRefused() throws {
        #expect(try finding(of: array(UnsafePointer(bitPattern: 0x1001), 1)).found.contains("odd address"))
        #expect(try finding(of: map(UnsafePointer(bitPattern: 0x1001), 1)).found.contains("odd address"))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numberThatJSONLacksIsRefused(number: Double) throws {
        #expect(try finding(of: value(KONG_NUMBER) { $0.number = number }).wanted.contains("JSON"))
    }

    @Test func booleanMayBeAnyByte() throws {
        let boolean = value(KONG_BOOLEAN) { $0.integer = 0xfe }
        #expect(try finding(of: boolean).found == "default is true")
    }

    @Test func textThatIsNotUTF8IsNamed() {
        let tree: SchemaTree = [
            "type": "record", "fields": [["a": ["type": "string", "default": .bytes([0x61, 0xff])]]],
        ]
        #expect(tree.report.acceptedBy == .all)
        #expect(tree.report.findings.count == 1)
    }

    @Test func keyThatIsThereTwiceIsNamedAndTheLastCounts() {
        let tree: SchemaTree = .map([("type", "strng"), ("type", "record"), ("fields", [])])
        #expect(tree.report.acceptedBy == .all)
        #expect(tree.report.findings.map(\.found) == ["the key \"type\" twice in one map"])
    }

    @Test(arguments: [63, 64, 1000])
    func depthIsLimited(depth: Int) {
        var tree: SchemaTree = 1
        for _ in 1...depth { tree = [tree] }
        let isTooDeep = tree.report.findings.contains { $0.found.contains("nested more than 64 deep") }
        #expect(isTooDeep == (depth >= 64))
    }

    @Test func deepRecordsAreFine() {
        var field: SchemaTree = ["type": "string"]
        for _ in 0..<19 { field = ["type": "record", "fields": [["inner": field]]] }
        #expect(field.report.findings.isEmpty)
    }

    @Test func largeSchemaIsCheckedAndOneThatIsTooLargeRefused() {
        let fields = (0..<10_000).map { SchemaTree.map([("f\($0)", ["type": "integer"])]) }
        #expect(SchemaTree.map([("type", "record"), ("fields", .array(fields))]).report.findings.isEmpty)
        let many = SchemaTree.array(Array(repeating: nil, count: 100_000))
        #expect(SchemaTree.map([("type", "record"), ("fields", many)]).report.isRefused)
    }

    /// Each array of empty records is filled with defaults that are arrays of empty records again.
    @Test(.timeLimit(.minutes(1))) func defaultsThatMultiplyEnd() {
        let items = SchemaTree.array(Array(repeating: [:], count: 60))
        var field: SchemaTree = ["type": "string"]
        for _ in 0..<8 {
            field = ["type": "array", "elements": ["type": "record", "fields": [["f": field]]], "default": items]
        }
        let report = SchemaTree.map([("type", "record"), ("fields", [["f": field]])]).report
        #expect(report.acceptedBy == .all)
        #expect(report.findings.map(\.found) == ["defaults of too many values"])
    }

    @Test func patternThatTakesTooLongDecidesNothing() {
        let text = SchemaTree.string(String(repeating: "a", count: 500))
        let pattern: SchemaTree = "a-a-a-a-a-a-a-a-a-b"
        let field: SchemaTree = ["a": ["type": "string", "match": pattern, "default": text]]
        #expect(
            SchemaTree.map([("type", "record"), ("fields", [field, ["b": ["type": "string", "default": 1]]])]).report.findings.map(
                \.path) == ["config.b"])
    }

    // MARK: Chance

    /// Trees of all types, some of which are none, with counts and pointers that lie in ways that can be seen.
    private func tree(_ random: inout SeededNumbers, _ memory: TreeMemory, depth: Int) -> kong_value {
        let words = [
            "type", "fields", "default", "elements", "keys", "values", "record", "string", "array", "map", "set",
            "entity_checks", "conditional", "if_match", "one_of", "match", "between", "required", "json", "x", "",
        ]
        switch Int.random(in: 0..<(depth == 0 ? 8 : 12), using: &random) {
        case 0: return value(Int.random(in: 0...9, using: &random)) { $0.integer = 0 }
        case 1: return array(nil, Int.random(in: -2...2, using: &random))
        case 2: return map(nil, Int.random(in: -2...2, using: &random))
        case 3: return value(KONG_NUMBER) { $0.number = Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random)) }
        case 4: return value(KONG_BOOLEAN) { $0.integer = Int64.random(in: 0...255, using: &random) }
        case 5: return value(KONG_INTEGER) { $0.integer = Int64.random(in: Int64.min...Int64.max, using: &random) }
        case 6, 7: return memory.value(.string(words.randomElement(using: &random) ?? ""))
        case 8, 9:
            let count = Int.random(in: 0...4, using: &random)
            let items = memory.allocate(kong_value.self, count: count)
            for index in 0..<count { (items + index).initialize(to: tree(&random, memory, depth: depth - 1)) }
            return array(items, count)
        default:
            let count = Int.random(in: 0...4, using: &random)
            let entries = memory.allocate(kong_entry.self, count: count)
            for index in 0..<count {
                let key = memory.string(Array((words.randomElement(using: &random) ?? "").utf8))
                (entries + index).initialize(to: kong_entry(key: key, value: tree(&random, memory, depth: depth - 1)))
            }
            return map(entries, count)
        }
    }

    @Test func randomTreesEndWithoutATrap() {
        var random = SeededNumbers(seed: 3)
        for _ in 0..<3000 {
            let memory = TreeMemory()
            defer { memory.free() }
            let root = memory.allocate(kong_value.self, count: 1)
            root.initialize(to: tree(&random, memory, depth: 6))
            let report = SchemaReport(of: root)
            #expect(report.isRefused == (report.acceptedBy == []))
        }
    }

    /// Valid schemas with parts exchanged: these get farther in.
    @Test func mutatedSchemasEndWithoutATrap() {
        var random = SeededNumbers(seed: 4)
        for _ in 0..<1500 { _ = Self.mutated(Self.sample, &random).report }
    }

    private static let sample: SchemaTree = [
        "type": "record",
        "fields": [
            ["mode": ["type": "string", "one_of": ["a", "b"], "default": "a", "match": "^%a+$", "len_max": 3]],
            [
                "limits": [
                    "type": "map", "keys": ["type": "string"], "values": ["type": "number", "between": [0, 1]], "default": ["a": 1],
                ]
            ],
            [
                "rules": [
                    "type": "array",
                    "elements": ["type": "record", "fields": [["n": ["type": "integer", "gt": 0, "default": 1]]]],
                    "default": [["n": 2], [:]],
                ]
            ],
            ["doc": ["type": "json", "json_schema": ["inline": ["type": "object"]]]],
        ],
        "entity_checks": [
            [
                "conditional": [
                    "if_field": "mode", "if_match": ["eq": "a"], "then_field": "limits", "then_match": ["required": true],
                ]
            ],
            ["mutually_exclusive_sets": ["set1": ["mode"], "set2": ["rules"]]],
        ],
        "default": ["mode": "b"],
    ]

    private static func mutated(_ tree: SchemaTree, _ random: inout SeededNumbers) -> SchemaTree {
        let others: [SchemaTree] = [
            nil, true, false, 0, 1.5, -1, "", "x", "record", [], [:], ["x"], ["type": "map"], ["fields": nil],
        ]
        if Int.random(in: 0..<25, using: &random) == 0 { return others.randomElement(using: &random) ?? nil }
        switch tree {
        case .array(let items):
            return .array(items.map { mutated($0, &random) })
        case .map(let entries):
            return .map(
                entries.map { key, value in
                    (Int.random(in: 0..<40, using: &random) == 0 ? "default" : key, mutated(value, &random))
                })
        default:
            return tree
        }
    }
}
