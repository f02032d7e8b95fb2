import Testing

@testable import KongPDK

/// Checks of several fields at once.
@Suite struct ConfigCheckTests {
    private func checks(_ type: (some PluginConfig).Type) throws -> Value? {
        try ConfigSchema(type).value["entity_checks"]
    }

    private func message(_ type: (some PluginConfig).Type) -> String {
        do {
            return "no error: \(try ConfigSchema(type).value)"
        } catch {
            return "\(error)"
        }
    }

    @Test func namesAreThoseInKong() throws {
        struct Redis: PluginConfig { @Field var hostName: String? = nil }
        struct Config: PluginConfig {
            @Field var apiKey: String? = nil
            @Field var count: Int? = nil
            @Field var tags: Set<String> = []
            var redis = Redis()
            static let checks: [ConfigCheck<Self>] = [
                .atLeastOneOf(\.$apiKey, \.$count, \.$tags), .onlyOneOf(\.$apiKey, \.redis.$hostName),
                .mutuallyRequired(\.$apiKey, \.$count), .mutuallyExclusive(\.$count, \.$tags),
                .distinct(\.$apiKey, \.redis.$hostName),
                .mutuallyExclusiveSets(.fields(\.$apiKey), .fields(\.$count, \.$tags)),
            ]
        }
        #expect(
            try checks(Config.self) == [
                ["at_least_one_of": ["api_key", "count", "tags"]], ["only_one_of": ["api_key", "redis.host_name"]],
                ["mutually_required": ["api_key", "count"]], ["mutually_exclusive": ["count", "tags"]],
                ["distinct": ["api_key", "redis.host_name"]],
                ["mutually_exclusive_sets": ["set1": ["api_key"], "set2": ["count", "tags"]]],
            ])
    }

    @Test func namesThatTheAuthorChoseAreThoseInKong() throws {
        struct Config: PluginConfig {
            @Field var apiKey: String? = nil
            @Field var token: String? = nil
            enum CodingKeys: String, CodingKey {
                case apiKey = "key"
                case token
            }
            static let checks: [ConfigCheck<Self>] = [.onlyOneOf(\.$apiKey, \.$token)]
        }
        #expect(try checks(Config.self) == [["only_one_of": ["key", "token"]]])
    }

    @Test func conditionsAreTypedByTheirFields() throws {
        struct Config: PluginConfig {
            enum Policy: String, Codable, CaseIterable { case local, redis }
            @Field var policy = Policy.local
            @Field var host: String? = nil
            @Field var names: [String] = []
            @Field(.required) var secure = false
            static let checks: [ConfigCheck<Self>] = [
                .conditional(if: .field(\.$policy, .eq(.redis)), then: .field(\.$host, .required, .lenMin(3)), err: "100%"),
                .conditional(if: .field(\.$secure, .eq(true)), then: .field(\.$names, .elements(.startsWith("s")))),
                .conditionalAtLeastOneOf(if: .field(\.$host, .ne("x")), then: .fields(\.$names), err: "names, please"),
            ]
        }
        #expect(
            try checks(Config.self) == [
                [
                    "conditional": [
                        "if_field": "policy", "if_match": ["eq": "redis"], "then_field": "host",
                        "then_match": ["required": true, "len_min": 3], "then_err": "100%%",
                    ]
                ],
                [
                    "conditional": [
                        "if_field": "secure", "if_match": ["eq": true], "then_field": "names",
                        "then_match": ["elements": ["type": "string", "starts_with": "s"]],
                    ]
                ],
                [
                    "conditional_at_least_one_of": [
                        "if_field": "host", "if_match": ["ne": "x"], "then_at_least_one_of": ["names"],
                        "then_err": "names, please",
                    ]
                ],
            ])
    }

    @Test func aStructsOwnChecksGoWithItWhereverItStands() throws {
        struct Inner: PluginConfig {
            @Field var a: String? = nil
            @Field var b: String? = nil
            var c = 1
            static let checks: [ConfigCheck<Self>] = [.atLeastOneOf(\.$a, \.$b)]
        }
        struct Middle: PluginConfig { var inner = Inner() }
        struct Config: PluginConfig {
            var inner = Inner()
            var middle = Middle()
            var list: [Inner] = []
            var optional: Inner?
        }
        let schema = try ConfigSchema<Config>()
        let checks: Value = [["at_least_one_of": ["a", "b"]]]
        func field(_ index: Int) -> Value? { schema.value["fields"]?[index]?.mapValue?.values.first }
        #expect(schema.value["entity_checks"] == nil)
        #expect(field(0)?["entity_checks"] == checks)
        #expect(field(1)?["fields"]?[0]?["inner"]?["entity_checks"] == checks)
        #expect(field(2)?["elements"]?["entity_checks"] == checks)
        #expect(field(3)?["entity_checks"] == checks)
        // Its defaults would not stand up to the check.
        #expect(field(0)?["default"] == nil && field(0)?["required"] == true)
        #expect(field(1)?["default"] == nil && field(1)?["required"] == true)
        #expect(field(3)?["required"] == false)
        #expect(field(0)?["fields"]?[2] == ["c": ["type": "integer", "default": 1]])
        #expect(try schema.decode(["inner": ["a": "x"]]).inner.c == 1)
    }

    @Test func fieldsThatTheCheckCannotFind() {
        struct Shared: PluginConfig {
            @Field var host: String? = nil
            static let standard = Shared()
        }
        struct Twins: PluginConfig {
            var one = Shared.standard, two = Shared.standard
            static let checks: [ConfigCheck<Self>] = [.distinct(\.one.$host, \.two.$host)]
        }
        struct Uncoded: PluginConfig {
            @Field var a: String? = nil
            var b: Field<Int> { Field(wrappedValue: 1) }
            static let checks: [ConfigCheck<Self>] = [.atLeastOneOf(\.$a, \.b)]
        }
        struct None: PluginConfig { static let checks: [ConfigCheck<Self>] = [.atLeastOneOf()] }
        #expect(
            message(Twins.self)
                == "config: the check distinct cannot tell one.host from two.host, which are copies of one value: make one of "
                + "them anew")
        #expect(
            message(Uncoded.self)
                == "config: the check at_least_one_of names a field that is not a property with @Field of the configuration, or "
                + "of a struct in it")
        #expect(message(None.self) == "config: the check at_least_one_of names no field")
    }

    @Test func conditionsThatKongDoesNotTake() {
        struct Described: PluginConfig {
            @Field var a: String? = nil
            static let checks: [ConfigCheck<Self>] = [
                .conditional(if: .field(\.$a, .description("a description")), then: .field(\.$a, .required))
            ]
        }
        struct Nothing: PluginConfig {
            @Field var a: String? = nil
            static let checks: [ConfigCheck<Self>] = [.conditional(if: .field(\.$a), then: .field(\.$a, .required))]
        }
        struct NoError: PluginConfig {
            @Field var a: String? = nil
            static let checks: [ConfigCheck<Self>] = [
                .conditional(if: .field(\.$a, .eq("x")), then: .field(\.$a, .required), err: "")
            ]
        }
        #expect(message(Described.self) == "config: the check conditional has description in a condition, where Kong takes none")
        #expect(message(Nothing.self) == #"config: the check conditional has a condition without constraints for "a""#)
        #expect(message(NoError.self) == "config: the check conditional has an empty err, and Kong takes none")
    }

    @Test func aMistakeInAStructsCheckIsFoundWhereTheStructIs() {
        struct Inner: PluginConfig {
            @Field var a: String? = nil
            static let checks: [ConfigCheck<Self>] = [.distinct()]
        }
        struct Config: PluginConfig { var inners: [String: Inner] = [:] }
        #expect(message(Config.self) == "config.inners{}: the check distinct names no field")
    }
}
