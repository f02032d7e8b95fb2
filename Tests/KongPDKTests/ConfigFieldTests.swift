import Foundation
import Testing

@testable import KongPDK

/// What `@Field` says of a property, in Kong's schema.
@Suite struct ConfigFieldTests {
    private func field<Config: PluginConfig>(_ type: Config.Type, _ index: Int = 0) throws -> Value? {
        try ConfigSchema(type).value["fields"]?[index]?.mapValue?.values.first
    }

    @Test func theConfigOfTheDocumentation() throws {
        struct Config: PluginConfig {
            @Field(.between(1...65535), .description("The upstream's port.")) var port = 8080
            @Field(.encrypted, .referenceable) var apiKey: String? = nil
            @Field(.required, .startsWith("https://")) var endpoint = ""
            @Field(.lenMax(10), .elements(.uuid)) var ids: [String] = []
        }
        #expect(
            try ConfigSchema<Config>().value["fields"] == [
                [
                    "port": [
                        "type": "integer", "between": [1, 65535], "description": "The upstream's port.", "default": 8080,
                    ]
                ],
                ["api_key": ["type": "string", "encrypted": true, "referenceable": true]],
                ["endpoint": ["type": "string", "starts_with": "https://", "required": true]],
                ["ids": ["type": "array", "len_max": 10, "elements": ["type": "string", "uuid": true], "default": []]],
            ])
    }

    @Test func aPropertyStaysWhatItWas() throws {
        struct Config: PluginConfig, Hashable {
            @Field(.between(1...9)) var one = 1
            @Field(.lenMin(1)) var two: String? = nil
            @Field var three = ["x"]
        }
        struct Plain: PluginConfig, Hashable {
            var one = 1
            var two: String?
            var three = ["x"]
        }
        // The memberwise initializer takes plain values.
        var config = Config(one: 5, two: "y")
        config.one += 1
        config.three.append("z")
        #expect((config.one, config.two, config.three) == (6, "y", ["x", "z"]))
        #expect(config != Config(one: 6, two: "y"))
        #expect(Set([Config(), Config(one: 1)]).count == 1)
        #expect("\(config)".contains("6") && !"\(config)".contains("FieldSpec"))
        // It is coded as its value alone, and an optional may be missing.
        let json = try JSONEncoder().encode(config)
        #expect(try JSONDecoder().decode(Plain.self, from: json) == Plain(one: 6, two: "y", three: ["x", "z"]))
        let sparse = Data(#"{"one": 2, "three": []}"#.utf8)
        #expect(try JSONDecoder().decode(Config.self, from: sparse) == Config(one: 2, three: []))
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Config.self, from: Data("{}".utf8)) }
    }

    @Test func anOptionalNeedsNoDefault() throws {
        struct Config: PluginConfig {
            @Field(.lenMin(1)) var name: String?
            @Field(.between(0...3)) var count: Int? = 2
        }
        #expect(Config().name == nil)
        #expect(try field(Config.self) == ["type": "string", "len_min": 1])
        #expect(try field(Config.self, 1) == ["type": "integer", "between": [0, 3], "default": 2])
        let config = try ConfigSchema<Config>().decode(["name": "x", "count": nil])
        #expect((config.name, config.count) == ("x", 2))
    }

    @Test func aRequiredPropertyHasNoDefault() throws {
        struct Config: PluginConfig { @Field(.required) var endpoint = "" }
        #expect(try field(Config.self) == ["type": "string", "required": true])
        let schema = try ConfigSchema<Config>()
        #expect(try schema.decode(["endpoint": "x"]).endpoint == "x")
        #expect(throws: ConfigError(path: "config.endpoint", expected: "a string", found: "nothing")) {
            try schema.decode([:])
        }
    }

    @Test func aStructWithARequiredPropertyIsRequiredItself() throws {
        struct Redis: PluginConfig {
            @Field(.required) var host = ""
            var port = 6379
        }
        struct Config: PluginConfig {
            var redis = Redis()
            var spare: Redis?
            var more: [Redis] = []
        }
        let fields: Value = [
            ["host": ["type": "string", "required": true]], ["port": ["type": "integer", "default": 6379]],
        ]
        // Kong would hold a default against it, and there is none with a host.
        #expect(try field(Config.self) == ["type": "record", "required": true, "fields": fields])
        #expect(try field(Config.self, 1) == ["type": "record", "required": false, "fields": fields])
        #expect(
            try field(Config.self, 2)
                == ["type": "array", "elements": ["type": "record", "fields": fields], "default": []])
        let schema = try ConfigSchema<Config>()
        let config = try schema.decode(["redis": ["host": "a"], "more": [["host": "b", "port": 1]]])
        #expect((config.redis.host, config.redis.port, config.more.first?.host) == ("a", 6379, "b"))
        #expect(throws: ConfigError(path: "config.redis.host", expected: "a string", found: "nothing")) {
            try schema.decode(["redis": [:]])
        }
    }

    @Test func boundsOfTheTypeHoldWhateverIsSet() throws {
        struct Config: PluginConfig {
            @Field(.port) var small: UInt8 = 1
            @Field(.between(-5...5)) var signed: Int8 = 0
            @Field(.timeout) var timeout = 1
        }
        #expect(try field(Config.self)?["between"] == [0, 255])
        #expect(try field(Config.self, 1)?["between"] == [-5, 5])
        #expect(try field(Config.self, 2)?["between"] == [0, 2_147_483_646])
    }

    @Test func constraintsOfWhatIsInCollections() throws {
        struct Config: PluginConfig {
            @Field(.keys(.lenMax(3)), .values(.lenMin(1), .elements(.oneOf("a", "b")))) var map: [String: [String]] = [:]
            @Field(.elements(.elements(.gt(0)))) var matrix: [[Double]]? = nil
        }
        #expect(
            try field(Config.self) == [
                "type": "map", "keys": ["type": "string", "len_max": 3],
                "values": ["type": "array", "len_min": 1, "elements": ["type": "string", "one_of": ["a", "b"]]], "default": [:],
            ])
        #expect(try field(Config.self, 1)?["elements"]?["elements"] == ["type": "number", "gt": 0.0])
    }

    @Test func someCasesOfAnEnum() throws {
        struct Config: PluginConfig {
            enum Mode: String, Codable, CaseIterable { case a, b, c }
            @Field(.oneOf(.a, .b)) var mode = Mode.a
        }
        #expect(try field(Config.self) == ["type": "string", "one_of": ["a", "b"], "default": "a"])
        #expect(try ConfigSchema<Config>().decode(["mode": "b"]).mode == .b)
    }

    @Test func whatKongMakesUpHasNoDefault() throws {
        struct Inner: PluginConfig {
            @Field(.uuid, .auto) var id = ""
            var count = 1
        }
        struct Config: PluginConfig {
            @Field(.auto) var salt = ""
            var inner = Inner()
        }
        #expect(try field(Config.self) == ["type": "string", "auto": true])
        #expect(try field(Config.self, 1)?["default"] == ["count": 1])
        #expect(try ConfigSchema<Config>().decode([:]).salt == "")
    }

    @Test func constraintsWithMembers() throws {
        struct Config: PluginConfig {
            @Field(.matchAll(.pattern("%d", err: "needs a digit")), .matchAny("^a", "^b", err: "a or b")) var code: String? = nil
            @Field(.deprecated("use code", removalInVersion: "2.0", oldDefault: 3, replacedBy: ["code"])) var old: Int? = nil
            @Field(.contains("a"), .mutuallyExclusiveSubsets(["a"], ["b", "c"])) var tags: Set<String>? = nil
        }
        #expect(try field(Config.self)?["match_all"] == [["pattern": "%d", "err": "needs a digit"]])
        #expect(try field(Config.self)?["match_any"] == ["patterns": ["^a", "^b"], "err": "a or b"])
        #expect(
            try field(Config.self, 1)?["deprecation"] == [
                "message": "use code", "removal_in_version": "2.0", "old_default": 3, "replaced_with": [["path": ["code"]]],
            ])
        #expect(try field(Config.self, 2)?["contains"] == "a")
        #expect(try field(Config.self, 2)?["mutually_exclusive_subsets"] == [["a"], ["b", "c"]])
    }

    @Test func aHandWrittenDecoderKeepsTheConstraints() throws {
        struct Config: PluginConfig {
            @Field(.between(1...9)) var size = 1
            init() {}
            init(from decoder: any Decoder) throws {
                size = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .size)
            }
        }
        #expect(try field(Config.self) == ["type": "integer", "between": [1, 9], "default": 1])
        #expect(try ConfigSchema<Config>().decode(["size": 5]).size == 5)
    }

    @Test func aPlainStructInAnArrayHasThoseOfTheDefault() throws {
        struct Rule: Codable { @Field(.lenMax(5)) var name = "x" }
        struct Config: PluginConfig { var rules = [Rule()] }
        #expect(
            try field(Config.self)?["elements"]?["fields"] == [["name": ["type": "string", "len_max": 5, "required": true]]])
    }
}
