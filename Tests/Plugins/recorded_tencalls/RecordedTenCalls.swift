import KongPDK

/// What the plugin `tencalls` of the recorded conversations did: five calls with a result and five without, by turns.
struct RecordedTenCalls: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {}
    let config: Config

    func access(_ kong: Kong) async throws {
        for _ in 0..<5 {
            let host = try await kong.request.header("host")
            try kong.service.request.setHeader("x-i", host ?? "")
        }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RecordedTenCalls.open($0, $1) }
