import KongPDK

/// What the plugin `noop` of the recorded conversations did: nothing.
struct RecordedNoop: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {}
    let config: Config

    func access(_ kong: Kong) async throws {}
}

@section("kong_plugins") @used let entry: PluginEntry = { RecordedNoop.open($0, $1) }
