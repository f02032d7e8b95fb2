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
            "rules": [["name": "a"], [:], ["limit": ["per_second": 5, "burst": 6]]], "codes": [],
            "tags": ["x", "y", "x"],
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
        let config = try everything.decode([
            "title": .bytes([0xC3, 0xA9]), "key": .bytes([0xFF, 0]), "mode": .bytes(Array("strict".utf8)),
        ])
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

    @Test func anOptionalPluginConfigIsNilOrHasItsDefaults() throws {
        struct Inner: PluginConfig, Equatable { var x = 1, y = 2 }
        struct Config: PluginConfig { var inner: Inner? }
        let schema = try ConfigSchema<Config>()
        let fields: Value = [["x": ["type": "integer", "default": 1]], ["y": ["type": "integer", "default": 2]]]
        #expect(schema.value["fields"] == [["inner": ["type": "record", "required": false, "fields": fields]]])
        #expect(try schema.decode([:]).inner == nil)
        #expect(try schema.decode(["inner": nil]).inner == nil)
        #expect(try schema.decode(["inner": [:]]).inner == Inner())
        #expect(try schema.decode(["inner": ["x": 5]]).inner == Inner(x: 5, y: 2))
    }

    @Test func hugeConfigsDecode() throws {
        let config = try everything.decode([
            "codes": .array((0..<50_000).map { .integer($0) }),
            "title": .string(String(repeating: "x", count: 1_000_000)),
            "limits": .map(
                Dictionary(uniqueKeysWithValues: (0..<5_000).map { ("key\($0)", ["per_second": .integer($0)]) })),
        ])
        #expect(config.codes == Array(0..<50_000))
        #expect(config.title.utf8.count == 1_000_000)
        #expect(config.limits["key4999"]?.perSecond == 4999)
    }

    @Test func whateverComesIsDecodedOrRefused() {
        var random = SplitMix(state: 1)
        for _ in 0..<2_000 {
            var config: [String: Value] = [:]
            for name in [
                "attach", "small", "mode", "level", "retry", "fallback", "rules", "tags", "headers", "limits", "key",
            ]
            where Bool.random(using: &random) {
                config[name] = .random(depth: 3, using: &random)
            }
            do {
                _ = try everything.decode(.map(config))
            } catch {
                #expect(error.path.hasPrefix("config.") && !error.expected.isEmpty && !error.found.isEmpty)
            }
        }
    }
}

/// Random numbers that are the same each time.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Value {
    fileprivate static func random(depth: Int, using random: inout SplitMix) -> Value {
        switch UInt.random(in: 0..<(depth > 0 ? 10 : 8), using: &random) {
        case 0: return .nil
        case 1: return .boolean(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: -2...300, using: &random))
        case 3: return .integer(Int64(bitPattern: random.next()))
        case 4: return .number(Double(bitPattern: random.next()))
        case 5: return .number([0, 1, 255, -0.0, 0.5, .infinity, .nan].randomElement(using: &random) ?? 0)
        case 6: return .string(["", "strict", "x", "é\0"].randomElement(using: &random) ?? "")
        case 7: return .bytes([UInt8(truncatingIfNeeded: random.next()), 0x80])
        case 8:
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            let keys = ["count", "status_codes", "name", "limit", "per_second", "x"].shuffled(using: &random)
            let entries = keys.prefix(Int.random(in: 0...4, using: &random)).map {
                ($0, Value.random(depth: depth - 1, using: &random))
            }
            return .map(Dictionary(entries, uniquingKeysWith: { $1 }))
        }
    }
}
