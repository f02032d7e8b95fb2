import KongPDK

/// A configuration with one property of every kind.
struct EverythingConfig: PluginConfig, Equatable {
    enum Mode: String, Codable, CaseIterable {
        case strict
        case lenient = "very-lenient"
    }
    enum Level: Int, Codable, CaseIterable {
        case low = 1
        case high = 10
    }

    struct Retry: Codable, Equatable {
        var count = 3
        var statusCodes = [502, 503]
        var jitter: Double?
    }

    /// Has defaults wherever it stands.
    struct Rule: PluginConfig, Equatable {
        var name = "unnamed"
        var weight = 1.0
        var limit: Limit?
    }

    /// Has no defaults of its own.
    struct Limit: Codable, Equatable {
        var perSecond: Int
        var burst: Int?
    }

    var attach = false
    var rateLimit = 100
    var small: UInt8 = 7
    var large: UInt64 = 0
    var signed: Int16 = -1
    var ratio = 0.5
    var single: Float = 0.1
    var title = "hello"
    var blank = ""
    var mode = Mode.lenient
    var level: Level?
    var upstream: String?
    var retry = Retry()
    var fallback: Retry?
    var rules: [Rule] = []
    var codes = [200, 204]
    var tags: Set<String> = ["b", "a"]
    var headers = ["x-a": "1"]
    var limits: [String: Limit] = [:]
    var matrix = [[1, 2], []]
    var key: [UInt8] = []
}

struct EmptyConfig: PluginConfig {}
