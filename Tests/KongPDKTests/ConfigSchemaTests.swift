import Testing

@testable import KongPDK

@Suite struct ConfigSchemaTests {
    private func fields(_ type: (some PluginConfig).Type) throws -> [Value] {
        try #require(ConfigSchema(type).value["fields"]?.arrayValue)
    }

    @Test func theConfigOfTheTutorial() throws {
        struct Config: PluginConfig { var attach = false }
        #expect(
            try ConfigSchema<Config>().value == [
                "type": "record", "fields": [["attach": ["type": "boolean", "default": false]]],
            ])
    }

    @Test func aConfigWithoutPropertiesHasAnArrayOfNoFields() throws {
        #expect(try ConfigSchema<EmptyConfig>().value == .map(["type": "record", "fields": .array([])]))
    }

    @Test func everyKindOfProperty() throws {
        let retryFields: Value = [
            ["count": ["type": "integer", "default": 3]],
            ["status_codes": ["type": "array", "elements": ["type": "integer"], "default": [502, 503]]],
            ["jitter": ["type": "number"]],
        ]
        let limitFields: Value = [
            ["per_second": ["type": "integer", "required": true]], ["burst": ["type": "integer"]],
        ]
        var expected: [Value] = []
        expected.append(["attach": ["type": "boolean", "default": false]])
        expected.append(["rate_limit": ["type": "integer", "default": 100]])
        expected.append(["small": ["type": "integer", "between": [0, 255], "default": 7]])
        expected.append(["large": ["type": "integer", "between": [0, 9_007_199_254_740_992], "default": 0]])
        expected.append(["signed": ["type": "integer", "between": [-32768, 32767], "default": -1]])
        expected.append(["ratio": ["type": "number", "default": 0.5]])
        expected.append(["single": ["type": "number", "default": 0.1]])
        expected.append(["title": ["type": "string", "default": "hello"]])
        expected.append(["blank": ["type": "string", "len_min": 0, "default": ""]])
        expected.append(["mode": ["type": "string", "one_of": ["strict", "very-lenient"], "default": "very-lenient"]])
        expected.append(["level": ["type": "integer", "one_of": [1, 10]]])
        expected.append(["upstream": ["type": "string"]])
        expected.append([
            "retry": [
                "type": "record", "required": false, "fields": retryFields,
                "default": ["count": 3, "status_codes": [502, 503]],
            ]
        ])
        expected.append([
            // Optional, nil, and only Codable: nobody knows the defaults of its properties.
            "fallback": [
                "type": "record", "required": false,
                "fields": [
                    ["count": ["type": "integer", "required": true]],
                    ["status_codes": ["type": "array", "elements": ["type": "integer"], "required": true]],
                    ["jitter": ["type": "number"]],
                ],
            ]
        ])
        expected.append([
            "rules": [
                "type": "array",
                "elements": [
                    "type": "record",
                    "fields": [
                        ["name": ["type": "string", "default": "unnamed"]],
                        ["weight": ["type": "number", "default": 1.0]],
                        ["limit": ["type": "record", "required": false, "fields": limitFields]],
                    ],
                ],
                "default": [],
            ]
        ])
        expected.append(["codes": ["type": "array", "elements": ["type": "integer"], "default": [200, 204]]])
        expected.append(["tags": ["type": "set", "elements": ["type": "string"], "default": ["a", "b"]]])
        expected.append([
            "headers": [
                "type": "map", "keys": ["type": "string"], "values": ["type": "string"], "default": ["x-a": "1"],
            ]
        ])
        expected.append([
            "limits": [
                "type": "map", "keys": ["type": "string"], "values": ["type": "record", "fields": limitFields],
                "default": [:],
            ]
        ])
        expected.append([
            "matrix": [
                "type": "array", "elements": ["type": "array", "elements": ["type": "integer"]],
                "default": [[1, 2], []],
            ]
        ])
        expected.append([
            "key": ["type": "array", "elements": ["type": "integer", "between": [0, 255]], "default": []]
        ])
        let found = try fields(EverythingConfig.self)
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) { #expect(found == expected) }
    }

    @Test func defaultsAreInAFixedOrder() throws {
        let numbers = Set((0..<100).map { $0 * 7 })
        struct Config: PluginConfig {
            var numbers = Set((0..<100).map { $0 * 7 })
        }
        #expect(
            try fields(Config.self)[0]["numbers"]?["default"] == .array(numbers.sorted().map { .integer(Int64($0)) }))
    }

    @Test func emptyStringsInDefaultsAreAllowedWhereverTheyAre() throws {
        struct Item: PluginConfig { var label = "" }
        struct Config: PluginConfig {
            var list = ["a", ""]
            var map = ["": ["x"], "k": [""]]
            var items: [Item] = []
            var plain = ["a"]
        }
        let fields = try fields(Config.self)
        #expect(fields[0]["list"]?["elements"] == ["type": "string", "len_min": 0])
        #expect(fields[1]["map"]?["keys"] == ["type": "string", "len_min": 0])
        #expect(fields[1]["map"]?["values"]?["elements"] == ["type": "string", "len_min": 0])
        #expect(
            fields[2]["items"]?["elements"]?["fields"]
                == [["label": ["type": "string", "len_min": 0, "default": ""]]])
        #expect(fields[3]["plain"]?["elements"] == ["type": "string"])
    }

    @Test func anEmptyRawValueIsAllowed() throws {
        enum Mode: String, Codable, CaseIterable {
            case none = ""
            case some
        }
        struct Config: PluginConfig { var mode: Mode? }
        #expect(try fields(Config.self) == [["mode": ["type": "string", "len_min": 0, "one_of": ["", "some"]]]])
    }

    @Test func anOptionalWithAValueHasThatAsItsDefault() throws {
        struct Config: PluginConfig { var timeout: Int? = 5 }
        #expect(try fields(Config.self) == [["timeout": ["type": "integer", "default": 5]]])
    }

    @Test func codingKeysAreTakenOver() throws {
        struct Config: PluginConfig {
            var age = 1
            var customName = 2
            var secret = 3
            enum CodingKeys: String, CodingKey {
                case customName = "Max-Age"
                case age = "theAge"
            }
        }
        #expect(try fields(Config.self).flatMap { $0.mapValue?.keys.map { $0 } ?? [] } == ["max-age", "the_age"])
    }

    @Test func aRecordInARecordTakesItsDefaultsFromTheOutermostInit() throws {
        struct Inner: PluginConfig { var x = 1 }
        struct Middle: PluginConfig { var inner = Inner(), y = 2 }
        struct Config: PluginConfig {
            var middle: Middle = {
                var middle = Middle()
                middle.inner.x = 10
                return middle
            }()
        }
        let middle = try #require(try fields(Config.self)[0]["middle"])
        #expect(middle["default"] == ["inner": ["x": 10], "y": 2])
        #expect(middle["fields"]?[0]?["inner"]?["default"] == ["x": 10])
        #expect(middle["fields"]?[0]?["inner"]?["fields"]?[0]?["x"]?["default"] == 10)
    }

    @Test func aPluginConfigInsideAPlainElementHasItsDefaults() throws {
        struct Inner: PluginConfig { var x = 1 }
        struct Element: Codable { var inner: Inner }
        struct Config: PluginConfig { var elements: [Element] = [] }
        #expect(
            try fields(Config.self)[0]["elements"]?["elements"]?["fields"] == [
                [
                    "inner": [
                        "type": "record", "required": false, "fields": [["x": ["type": "integer", "default": 1]]],
                        "default": ["x": 1],
                    ]
                ]
            ])
    }

    @Test func typesThatCodeThemselvesAsAScalarAreThatScalar() throws {
        struct Config: PluginConfig, Equatable {
            var pattern = Pattern(text: "^a")
            var more: [Pattern] = []
            var maybe: Pattern?
            var flags: Flags = [.a]
        }
        #expect(
            try fields(Config.self) == [
                ["pattern": ["type": "string", "default": "^a"]],
                ["more": ["type": "array", "elements": ["type": "string"], "default": []]],
                ["maybe": ["type": "string"]],
                ["flags": ["type": "integer", "default": 1]],
            ])
    }

    @Test func aHandWrittenDecoderWithDefaultsIsUnderstood() throws {
        struct Config: PluginConfig {
            var a = 1
            var b = "x"
            var c: Bool?
            init() {}
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                a = try container.decodeIfPresent(Int.self, forKey: .a) ?? 1
                if container.contains(.b) { b = try container.decode(String.self, forKey: .b) }
                c = try container.decode(Bool?.self, forKey: .c)
            }
        }
        #expect(
            try fields(Config.self) == [
                ["a": ["type": "integer", "default": 1]], ["b": ["type": "string", "default": "x"]],
                ["c": ["type": "boolean"]],
            ])
        let config = try ConfigSchema<Config>().decode(["c": true])
        #expect((config.a, config.b, config.c) == (1, "x", true))
    }

    @Test func anEnumCanBeTheKeyOfADictionary() throws {
        struct Config: PluginConfig, Equatable {
            enum Method: String, Codable, CaseIterable, CodingKeyRepresentable {
                case get = "GET"
                case post = "POST"
            }
            var costs: [Method: Int] = [.get: 1]
        }
        #expect(
            try fields(Config.self) == [
                [
                    "costs": [
                        "type": "map", "keys": ["type": "string", "one_of": ["GET", "POST"]],
                        "values": ["type": "integer"],
                        "default": ["GET": 1],
                    ]
                ]
            ])
        let schema = try ConfigSchema<Config>()
        #expect(try schema.decode(["costs": ["POST": 5]]).costs == [.post: 5])
        #expect(
            throws: ConfigError(
                path: #"config.costs["PUT"]"#, expected: #"one of "GET", "POST""#, found: #"the string "PUT""#)
        ) {
            try schema.decode(["costs": ["PUT": 5]])
        }
    }
}

/// Refuses the empty string, as a sample would be.
struct Pattern: Codable, Equatable, Sendable {
    struct Empty: Error, CustomStringConvertible { var description: String { "a pattern must not be empty" } }
    var text: String

    init(text: String) { self.text = text }

    init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
        if text.isEmpty { throw Empty() }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

struct Flags: OptionSet, Codable {
    let rawValue: Int
    static let a = Flags(rawValue: 1)
}
