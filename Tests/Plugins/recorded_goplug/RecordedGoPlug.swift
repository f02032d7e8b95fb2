import KongPDK

/// What the plugin `goplug` of the recorded conversations did.
struct RecordedGoPlug: Plugin, AccessPhase, ResponsePhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig { var attach = false }
    let config: Config

    func access(_ kong: Kong) async throws {
        guard config.attach else { return }
        try kong.service.request.setHeader("x-goplug", "Set by custom go plugin")
    }

    func response(_ kong: Kong) async throws {
        try kong.response.addHeader("x-goplug-go-version", "go1.23.5")
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RecordedGoPlug.open($0, $1) }
