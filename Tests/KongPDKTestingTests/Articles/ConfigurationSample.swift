import KongPDK
import Testing

private enum Gate {
    struct Config: PluginConfig {
        enum Mode: String, Codable, CaseIterable { case strict, lenient }

        struct Retry: PluginConfig {
            var count = 3
            var delay = 0.5
        }

        var mode = Mode.strict                  // "strict" or "lenient"
        var allowed: Set<String> = []
        var limits: [String: Int] = ["free": 10]
        var retry = Retry()                     // a record
        var upstream: String?                   // may be null
        var maxBodySize = 1_048_576             // max_body_size in Kong
    }
}

private enum Constrained {
    struct Config: PluginConfig {
        enum Mode: String, Codable, CaseIterable { case strict, lenient }

        var mode = Mode.strict                                        // one_of: strict, lenient
        var tags: [String] = []
        var upstream: String?                                         // may be null
        @Field(.required, .url) var endpoint = ""                     // must be given: "" is no default
        @Field(.between(1...600)) var timeout = 60
        @Field(.encrypted, .referenceable) var apiKey: String? = nil  // a secret, or {vault://…}
        @Field(.encrypted, .referenceable) var token: String? = nil
        static let checks: [ConfigCheck<Self>] = [.onlyOneOf(\.$apiKey, \.$token)]
    }
}

private enum Readme {
    struct Config: PluginConfig {
        enum Mode: String, Codable, CaseIterable { case strict, lenient }
        struct Retry: Codable { var count = 3 }

        var mode = Mode.strict                                        // one_of: strict, lenient
        var statusCodes = [502, 503]                                  // an array; status_codes in Kong
        var limits: [String: Int] = [:]                               // a map with keys of any name
        var retry = Retry()                                           // a record: config.retry.count
        var upstream: String?                                         // may be left out, or null
        @Field(.required, .url) var endpoint = ""                     // must be given: "" is no default
        @Field(.between(1...600)) var timeout = 60
        @Field(.encrypted, .referenceable) var apiKey: String? = nil  // a secret, or {vault://…}
        @Field(.encrypted, .referenceable) var token: String? = nil
        static let checks: [ConfigCheck<Self>] = [.onlyOneOf(\.$apiKey, \.$token)]
    }
}

private enum Checked {
    struct Config: PluginConfig {
        enum Policy: String, Codable, CaseIterable { case local, redis }

        struct Redis: PluginConfig {
            @Field(.host) var host: String? = nil
            @Field(.port) var port = 6379
        }

        @Field var policy = Policy.local
        @Field(.lenMax(10), .elements(.headerName)) var headers: [String] = []
        @Field(.keys(.startsWith("x-")), .values(.lenMax(100))) var added: [String: String] = [:]
        var redis = Redis()

        static let checks: [ConfigCheck<Self>] = [
            .conditional(
                if: .field(\.$policy, .eq(.redis)), then: .field(\.redis.$host, .required),
                err: "policy redis needs redis.host")
        ]
    }
}

@Suite("The article about configurations") struct ConfigurationArticleTests {
    @Test func aConfigurationWithoutSettingsHasTheDefaults() throws {
        let config = try ConfigSchema(Gate.Config.self).decode(["max_body_size": 10, "retry": ["count": 5]])
        #expect(config.maxBodySize == 10)
        #expect(config.retry.count == 5)
        #expect(config.retry.delay == 0.5)
        #expect(config.mode == .strict)
    }

    @Test func aWrongTypeSaysWhere() throws {
        let schema = try ConfigSchema(Gate.Config.self)
        let error = #expect(throws: ConfigError.self) { try schema.decode(["retry": ["count": "many"]]) }
        #expect(error?.description == #"config.retry.count: expected an integer, found the string "many""#)
    }

    @Test func theConstraintsAreKongs() throws {
        _ = try ConfigSchema(Constrained.Config.self)
        _ = try ConfigSchema(Checked.Config.self)
        _ = try ConfigSchema(Readme.Config.self)
    }
}
