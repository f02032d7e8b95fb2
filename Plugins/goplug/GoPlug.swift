import KongPDK

struct GoPlug: Plugin, AccessPhase, ResponsePhase {
    static let version = "0.1.0"
    static let priority = 1

    struct Config: PluginConfig { var attach = false }
    let config: Config

    func access(_ kong: Kong) async throws {
        guard config.attach else { return }
        try kong.service.request.setHeader("x-goplug", "Set by custom Swift plugin")
    }

    func response(_ kong: Kong) async throws {
        try kong.response.addHeader("x-goplug-swift-version", kong.swiftVersion)
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { GoPlug.open($0, $1) }
