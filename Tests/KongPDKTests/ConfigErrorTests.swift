import Testing

@testable import KongPDK

@Suite struct ConfigErrorTests {
    /// Expects a message for a configuration of `EverythingConfig`.
    private func expect(_ value: Value, _ expected: String, at location: SourceLocation = #_sourceLocation) throws {
        #expect(try message(EverythingConfig.self, value) == expected, sourceLocation: location)
    }

    private func message(_ type: (some PluginConfig).Type, _ value: Value) throws -> String {
        let schema = try ConfigSchema(type)
        do {
            return "no error: \(try schema.decode(value))"
        } catch {
            return "\(error)"
        }
    }

    @Test func wrongScalarsAreNamed() throws {
        try expect(["rate_limit": "x"], #"config.rate_limit: expected an integer, found the string "x""#)
        try expect(["rate_limit": 3.5], "config.rate_limit: expected an integer, found the number 3.5")
        try expect(["rate_limit": 1e19], "config.rate_limit: expected an integer, found the number 1e+19")
        try expect(["rate_limit": true], "config.rate_limit: expected an integer, found the boolean true")
        try expect(["small": 256], "config.small: expected an integer between 0 and 255, found the integer 256")
        try expect(["small": -1], "config.small: expected an integer between 0 and 255, found the integer -1")
        try expect(
            ["large": -1], "config.large: expected an integer between 0 and 9007199254740992, found the integer -1")
        try expect(["attach": 1], "config.attach: expected a boolean, found the integer 1")
        try expect(["attach": "true"], #"config.attach: expected a boolean, found the string "true""#)
        try expect(["ratio": "1"], #"config.ratio: expected a number, found the string "1""#)
        try expect(["title": 1], "config.title: expected a string, found the integer 1")
        try expect(["title": .bytes([0xFF])], "config.title: expected a string, found a string that is not UTF-8")
        try expect(["title": ["a"]], "config.title: expected a string, found an array")
        try expect(["mode": "lax"], #"config.mode: expected one of "strict", "very-lenient", found the string "lax""#)
        try expect(["level": 2], "config.level: expected one of 1, 10, found the integer 2")
    }

    @Test func wrongRecordsAreNamed() throws {
        try expect(["retry": ["count": "x"]], #"config.retry.count: expected an integer, found the string "x""#)
        try expect(["retry": "x"], #"config.retry: expected a record, found the string "x""#)
        try expect(
            ["retry": ["status_codes": [200, "x"]]],
            #"config.retry.status_codes[1]: expected an integer, found the string "x""#)
        try expect(["retry": ["status_codes": 1]], "config.retry.status_codes: expected an array, found the integer 1")
        try expect(["rules": ["a": 1]], "config.rules: expected an array, found a map")
        try expect(
            ["rules": [[:], ["limit": ["burst": 1]]]],
            "config.rules[1].limit.per_second: expected an integer, found nothing")
    }

    @Test func wrongElementsAreNamed() throws {
        try expect(["codes": [1, nil]], "config.codes[1]: expected an integer, found null")
        try expect(["tags": [1]], "config.tags[0]: expected a string, found the integer 1")
        try expect(["headers": ["x-a": 1]], #"config.headers["x-a"]: expected a string, found the integer 1"#)
        try expect(["headers": ["a"]], "config.headers: expected a map, found an array")
        try expect(
            ["limits": ["free": ["per_second": nil]]],
            #"config.limits["free"].per_second: expected an integer, found nothing"#)
        try expect(["matrix": [[1], [2, "x"]]], #"config.matrix[1][1]: expected an integer, found the string "x""#)
        try expect(["key": [256]], "config.key[0]: expected an integer between 0 and 255, found the integer 256")
    }

    @Test func aConfigThatIsNoMapIsRefused() throws {
        try expect("x", #"config: expected a record, found the string "x""#)
        try expect([1], "config: expected a record, found an array")
    }

    @Test func theFirstOfSeveralMistakesIsTheOneThatIsNamed() throws {
        #expect(
            try message(EverythingConfig.self, ["title": 1, "rate_limit": "x", "attach": 1])
                == "config.attach: expected a boolean, found the integer 1")
    }

    @Test func whatATypeOfThePluginRefusesIsQuoted() throws {
        struct Config: PluginConfig {
            var patterns: [Pattern] = []
        }
        #expect(
            try message(Config.self, ["patterns": ["a", ""]])
                == #"config.patterns[1]: expected a value that Pattern accepts, found the string "" (a pattern must not be empty)"#
        )
    }

    @Test func whatTheConfigItselfRefusesIsQuotedWithItsPlace() throws {
        struct Config: PluginConfig {
            var lower = 1
            var upperBound = 2
            init() {}
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                lower = try container.decode(Int.self, forKey: .lower)
                upperBound = try container.decode(Int.self, forKey: .upperBound)
                guard lower <= upperBound else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .upperBound, in: container, debugDescription: "it is below lower")
                }
            }
        }
        #expect(
            try message(Config.self, ["lower": 3])
                == "config.upper_bound: expected a value that Config accepts, found a map (it is below lower)")
    }
}
