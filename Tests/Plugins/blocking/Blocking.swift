import Glibc
import KongPDK

/// A plugin in Swift that blocks its threads.
struct Blocking: Plugin, AccessPhase, LogPhase {
    static let version = "1.0.0"
    static let priority = 1
    static let blocking = true

    struct Config: PluginConfig {
        /// How long the start and each handler block, in milliseconds.
        var start = 0
        var handler = 0
    }
    let config: Config

    init(config: Config) async throws {
        self.config = config
        usleep(UInt32(config.start) * 1000)
    }

    func access(_ kong: Kong) async throws {
        let before = pthread_self()
        try kong.service.request.setHeader("x-first", "1")
        usleep(UInt32(config.handler) * 1000)
        async let host = kong.request.header("host")
        async let method = kong.request.method()
        // Comes back from a thread of Swift's own.
        try await Task.sleep(for: .milliseconds(1))
        try kong.service.request.setHeader("x-all", "\(await host ?? "-") \(await method.rawValue)")
        try kong.service.request.setHeader("x-same-thread", "\(pthread_equal(before, pthread_self()) != 0)")
    }

    func log(_ kong: Kong) async throws {
        try kong.response.exit(500)
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { Blocking.open($0, $1) }
