import KongPDK

/// The same calls from Swift.
struct Bench: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {
        var mode = ""
        var count = 0
    }
    let config: Config

    func access(_ kong: Kong) async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        if config.mode == "void" {
            for _ in 0..<config.count { try kong.service.request.setHeader("x-a", "b") }
        } else {
            for _ in 0..<config.count { _ = try await kong.request.header("host") }
        }
        let (seconds, attoseconds) = begin.duration(to: clock.now).components
        try kong.service.request.setHeader("x-nanoseconds", "\(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)")
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { Bench.open($0, $1) }
