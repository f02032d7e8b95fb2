import KongPDK

/// A configuration with each constraint and each check that there is, and with no mistake.
struct ConstrainedConfig: PluginConfig, Equatable {
    enum Policy: String, Codable, CaseIterable { case local, cluster, redis }
    enum Level: Int, Codable, CaseIterable { case low = 1, high = 10 }

    /// Must be given, since it has a field that must.
    struct Redis: PluginConfig, Equatable {
        @Field(.required, .host) var host = ""
        @Field(.port) var port: UInt16 = 6379
        @Field(.encrypted, .referenceable) var username: String? = nil
        @Field(.encrypted, .referenceable) var password: String? = nil
        static let checks: [ConfigCheck<Self>] = [.mutuallyRequired(\.$username, \.$password)]
    }

    /// Stands in an array: its constraints come from its own init().
    struct Rule: PluginConfig, Equatable {
        @Field(.required, .headerName) var name = ""
        @Field(.gt(0), .err("a weight is above 0")) var weight = 1.5
        @Field var prefix: String? = nil
        @Field var suffix: String? = nil
        static let checks: [ConfigCheck<Self>] = [.mutuallyExclusive(\.$prefix, \.$suffix)]
    }

    // Numbers.
    @Field(.between(1...65535), .description("The port of the upstream.")) var port = 8080
    @Field(.between(0...1), .ne(0.5)) var ratio = 0.25
    @Field(.gt(0), .notOneOf(13), .unique) var count = 1
    @Field(.oneOf(1, 2, 4, 8)) var threads: UInt8 = 4
    @Field(.eq(7)) var seven = 7
    @Field var until: Int? = nil
    @Field(.timestamp) var since: Int? = nil
    @Field(.timestamp, .auto) var createdAt: Double? = nil
    @Field(.timeout) var timeout = 60_000

    // Text.
    @Field(.lenMin(3), .lenMax(20), .unique) var title = "title"
    @Field(.lenEq(2), .match("^%u+$"), .notMatch("XX")) var country: String? = nil
    @Field(
        .matchAll(.pattern("%l", err: "needs a letter"), .pattern("%d", err: "needs a digit")),
        .matchNone(.pattern("%s", err: "has a space"))
    ) var secret: String? = nil
    @Field(.matchAny("^a", "^b", err: "starts with neither a nor b")) var code: String? = nil
    @Field(.startsWith("x-"), .headerName) var header = "x-swift"
    @Field(.uuid, .auto) var id = ""
    @Field(.auto) var salt: String? = nil
    @Field(.isRegex) var expression: String? = nil
    @Field(.oneOf("http", "https"), .ne("ftp")) var scheme = "http"
    @Field(.eq("yes"), .notOneOf("no")) var answer = "yes"
    @Field(.lenMin(1), .encrypted, .referenceable) var apiKey: String?
    @Field(.required, .url) var endpoint = ""
    @Field(.path) var path = "/"
    @Field(.httpMethod) var method = "GET"
    @Field(.host) var backup: String? = nil
    @Field(.ip) var address: String? = nil

    // The rest.
    @Field(.required, .eq(true)) var acceptTerms = false
    @Field(.oneOf(.local, .redis), .description("Where counters are kept.")) var policy = Policy.local
    @Field(.ne(.low)) var level = Level.high
    @Field(.lenMax(10), .elements(.uuid, .err("that is no UUID"))) var ids: [String] = []
    @Field(.lenMin(1), .contains("a"), .elements(.lenMax(5)), .mutuallyExclusiveSubsets(["a"], ["b", "c"]))
    var tags: Set<String> = ["a"]
    @Field(.lenMax(3), .keys(.headerName), .values(.elements(.between(0...9)))) var headers: [String: [Int]] = [:]
    @Field(.encrypted, .elements(.referenceable)) var keys: [String]? = nil
    @Field(.description("What is done, in this order.")) var rules: [Rule] = []
    @Field(.examples(["a": 1])) var limits: [String: Int] = [:]
    @Field(.deprecated("use limits", removalInVersion: "2.0", oldDefault: 5, replacedBy: ["limits"])) var limit: Int? = nil
    @Field(.deprecated("use rules", removalInVersion: "2.0")) var rule: String? = nil
    var redis = Redis()
    var plain: String?

    static let checks: [ConfigCheck<Self>] = [
        .atLeastOneOf(\.$apiKey, \.$keys),
        .onlyOneOf(\.$code, \.$secret),
        .mutuallyRequired(\.$backup, \.$address),
        .mutuallyExclusive(\.$limit, \.$rule),
        .mutuallyExclusiveSets(.fields(\.$until, \.$since), .fields(\.$limit)),
        .distinct(\.$country, \.$code),
        .conditional(
            if: .field(\.$policy, .eq(.redis)), then: .field(\.redis.$password, .required, .lenMin(8)),
            err: "100% of passwords have 8 characters"),
        .conditional(if: .field(\.$ids, .lenMin(1), .elements(.startsWith("a"))), then: .field(\.$port, .oneOf(80, 443))),
        .conditionalAtLeastOneOf(
            if: .field(\.$scheme, .oneOf("https")), then: .fields(\.$backup, \.$apiKey), err: "https needs more"),
    ]
}
