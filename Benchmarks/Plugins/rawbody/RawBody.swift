import KongPDK

/// Asks for the request's body, and says how large it is.
struct RawBody: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig { var attach = false }
    let config: Config

    func access(_ kong: Kong) async throws {
        let body = try await kong.request.rawBody()
        try kong.service.request.setHeader("x-body-size", "\(body.count)")
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RawBody.open($0, $1) }
