import KongPDK

/// Five calls with a result and five without, in turn.
struct TenCalls: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig { var attach = false }
    let config: Config

    func access(_ kong: Kong) async throws {
        for _ in 0..<5 {
            let host = try await kong.request.header("host") ?? "-"
            try kong.service.request.setHeader("x-i", host)
        }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { TenCalls.open($0, $1) }
