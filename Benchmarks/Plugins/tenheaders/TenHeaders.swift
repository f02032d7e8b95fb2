import KongPDK

/// Ten calls without a result.
struct TenHeaders: Plugin, SynchronousAccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig { var attach = false }
    let config: Config

    func access(_ kong: Kong) throws {
        for _ in 0..<10 { try kong.service.request.setHeader("x-header-1", "a value of some length") }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { TenHeaders.open($0, $1) }
