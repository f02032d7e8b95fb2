import KongPDK

struct Hello: Plugin, AccessPhase, ResponsePhase {
    static let version = "1.0.0"
    static let priority = 1000

    struct Config: PluginConfig { var greeting = "hello" }
    let config: Config

    func access(_ kong: Kong) async throws {
        let host = try await kong.request.header("host") ?? "nobody"
        try kong.service.request.setHeader("x-greeting", "\(config.greeting), \(host)")
    }

    func response(_ kong: Kong) async throws {
        try kong.response.addHeader("x-swift-version", kong.swiftVersion)
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { Hello.open($0, $1) }
