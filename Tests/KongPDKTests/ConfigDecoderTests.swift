import Testing

@testable import KongPDK

@Suite struct ConfigDecoderTests {
    private let everything: ConfigSchema<EverythingConfig>

    init() throws { everything = try ConfigSchema() }

    @Test func theConfigOfTheTutorial() throws {
        struct Config: PluginConfig { var attach = false }
        let schema = try ConfigSchema<Config>()
        #expect(try schema.decode(["attach": true, "__seq__": 1]).attach)
        #expect(try !schema.decode([:]).attach)
    }

    @Test(arguments: [[:], [], nil, ["attach": nil, "retry": nil, "tags": nil]] as [Value])
    func whatIsMissingOrNullHasItsDefault(_ value: Value) throws {
        #expect(try everything.decode(value) == EverythingConfig())
    }

    @Test func everyKindOfProperty() throws {
        let config = try everything.decode([
            "attach": true, "rate_limit": 5, "small": 255, "large": 9_007_199_254_740_992, "signed": -32768, "ratio": 2,
            "single": 0.1, "title": "x", "blank": "y", "mode": "strict", "level": 10, "upstream": "up",
            "retry": ["count": 9], "fallback": ["count": 1, "status_codes": []],
            "rules": [["name": "a"], [:], ["limit": ["per_second": 5, "burst": 6]]], "codes": [], "tags": ["x", "y", "x"],
            "headers": ["Not-A_fieldName": "1", "x-a": "2"], "limits": ["free": ["per_second": 1]], "matrix": [[3]],
            "key": [1, 2],
        ])
        var expected = EverythingConfig()
        expected.attach = true
        expected.rateLimit = 5
        expected.small = 255
        expected.large = 1 << 53
        expected.signed = -32768
        expected.ratio = 2
        expected.title = "x"
        expected.blank = "y"
        expected.mode = .strict
        expected.level = .high
        expected.upstream = "up"
        expected.retry.count = 9
        expected.fallback = .init(count: 1, statusCodes: [])
        expected.rules = [.init(name: "a"), .init(), .init(limit: .init(perSecond: 5, burst: 6))]
        expected.codes = []
        expected.tags = ["x", "y"]
        expected.headers = ["Not-A_fieldName": "1", "x-a": "2"]
        expected.limits = ["free": .init(perSecond: 1)]
        expected.matrix = [[3]]
        expected.key = [1, 2]
        #expect(config == expected)
    }

    @Test func unknownFieldsAreIgnored() throws {
        let config = try everything.decode([
            "__seq__": 3, "__key__": "plugins:…", "__plugin_id": "x", "service_id": nil, "route_id": "r", "gone": ["a"],
            "retry": ["gone": 1],
        ])
        #expect(config == EverythingConfig())
    }

    @Test func integersMayComeAsNumbersAndTheOtherWayRound() throws {
        let config = try everything.decode(["rate_limit": 3.0, "small": 255.0, "level": 1.0, "ratio": 4])
        #expect((config.rateLimit, config.small, config.level, config.ratio) == (3, 255, .low, 4))
    }

    @Test func emptyTablesMayComeAsArraysOrMaps() throws {
        let arrays = try everything.decode([
            "retry": [], "rules": [[]], "codes": [], "tags": [], "headers": [], "limits": [], "matrix": [],
        ])
        let maps = try everything.decode([
            "retry": [:], "rules": [[:]], "codes": [:], "tags": [:], "headers": [:], "limits": [:], "matrix": [:],
        ])
        #expect(arrays == maps)
        #expect(arrays.headers.isEmpty && arrays.tags.isEmpty)
        #expect(arrays.rules == [.init()])
        #expect(arrays.retry == .init())
    }

    @Test func aMapReplacesItsDefaultAndARecordIsMergedOverIt() throws {
        let config = try everything.decode(["headers": ["b": "2"], "retry": ["jitter": 0.5]])
        #expect(config.headers == ["b": "2"])
        #expect(config.retry == .init(count: 3, statusCodes: [502, 503], jitter: 0.5))
    }

    @Test func theDefaultsOfARecordAreThoseOfTheOutermostInit() throws {
        struct Inner: PluginConfig { var x = 1, y = 2 }
        struct Config: PluginConfig {
            var inner = Inner(x: 10)
            var list = [Inner(x: 20)]
        }
        let schema = try ConfigSchema<Config>()
        #expect(try schema.decode(["inner": ["y": 3]]).inner.x == 10)
        #expect(try schema.decode([:]).list.map(\.x) == [20])
        // What is in the default list are values, not defaults.
        #expect(try schema.decode(["list": [["y": 3]]]).list.map(\.x) == [1])
    }

    @Test func bytesAreTextWhereTheyAreUTF8() throws {
        let config = try everything.decode(["title": .bytes([0xC3, 0xA9]), "key": .bytes([0xFF, 0]), "mode": .bytes(Array("strict".utf8))])
        #expect(config.title == "é")
        #expect(config.key == [0xFF, 0])
        #expect(config.mode == .strict)
        #expect(try everything.decode(["key": "é"]).key == [0xC3, 0xA9])
    }

    @Test func constantsAreNoFields() throws {
        struct Inner: PluginConfig {
            let version: Int
            var x = 1
            init() { version = 1 }
            enum CodingKeys: CodingKey { case version, x }
            init(from decoder: any Decoder) throws {
                version = 1
                x = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .x)
            }
        }
        struct Config: PluginConfig { var inner = Inner() }
        let schema = try ConfigSchema<Config>()
        #expect(schema.value["fields"]?[0]?["inner"]?["default"] == ["x": 1])
        #expect(try schema.decode(["inner": ["x": 2, "version": 9]]).inner.x == 2)
    }

    @Test func classesAndGenericsAndWrappersDecode() throws {
        struct Box<T: Codable & Sendable>: Codable, Sendable { var content: T }
        @propertyWrapper struct Clamped: Codable, Sendable {
            var wrappedValue: Int
            init(wrappedValue: Int) { self.wrappedValue = min(wrappedValue, 10) }
            init(from decoder: any Decoder) throws {
                self.init(wrappedValue: try decoder.singleValueContainer().decode(Int.self))
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(wrappedValue)
            }
        }
        struct Config: PluginConfig {
            var box = Box(content: ["a"])
            @Clamped var size = 5
        }
        let schema = try ConfigSchema<Config>()
        let config = try schema.decode(["size": 50, "box": ["content": ["b"]]])
        #expect(config.size == 10)
        #expect(config.box.content == ["b"])
        #expect(schema.value["fields"]?[1] == ["size": ["type": "integer", "default": 5]])
    }

    @Test func anEmptyConfigTakesAnything() throws {
        _ = try ConfigSchema<EmptyConfig>().decode(["__seq__": 1])
        _ = try ConfigSchema<EmptyConfig>().decode([])
    }
}
