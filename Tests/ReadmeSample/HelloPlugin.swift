import KongPDK

struct HelloPlugin: Plugin, AccessPhase, ResponsePhase {
    static let version = "0.1.0"
    static let priority = 1000

    struct Config: PluginConfig {
        @Field(.lenMax(80)) var greeting = "hello"
        var isClosed = false
        @Field(.between(400...599)) var closedStatus = 503
    }
    let config: Config

    func access(_ kong: Kong) async throws {
        if config.isClosed { try kong.response.exit(config.closedStatus, body: "closed\n") }
        let host = try await kong.request.header("host") ?? "nobody"
        try kong.service.request.setHeader("x-greeting", "\(config.greeting), \(host)")
    }

    func response(_ kong: Kong) async throws {
        try kong.response.setHeader("x-greeted-by", "hello \(Self.version)")
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { HelloPlugin.open($0, $1) }
