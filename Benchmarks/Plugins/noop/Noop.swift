import KongPDK

/// Does nothing: what an event costs by itself.
struct Noop: Plugin, SynchronousAccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig { var attach = false }
    let config: Config

    func access(_ kong: Kong) throws {}
}

@section("kong_plugins") @used let entry: PluginEntry = { Noop.open($0, $1) }
