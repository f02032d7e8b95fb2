import KongPDK

/// What the plugin `zoo` of the recorded conversations did in the modes that they use. Its version was "0.2", which is
/// not one of three numbers.
struct RecordedZoo: Plugin, CertificatePhase, RewritePhase, AccessPhase, PrereadPhase, LogPhase {
    static let version = "0.2.0"
    static let priority = 1000

    struct Config: PluginConfig { var mode = "" }
    let config: Config

    func certificate(_ kong: Kong) async throws {}
    func rewrite(_ kong: Kong) async throws {}
    func preread(_ kong: Kong) async throws {}
    func log(_ kong: Kong) async throws {}

    func access(_ kong: Kong) async throws {
        switch config.mode {
        case "err":
            do {
                _ = try await kong.request.header("host")
            } catch {
                try kong.log.err(error.message)
            }
        case "exit":
            try kong.response.exit(403, body: "no", headers: ["x-why": "because", "x-why": "zoo"])
        default: break
        }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RecordedZoo.open($0, $1) }
