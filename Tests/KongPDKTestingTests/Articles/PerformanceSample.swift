import KongPDK
import KongPDKTesting
import Testing

struct Who: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 900

    struct Config: PluginConfig {}
    let config: Config

    func access(_ kong: Kong) async throws {
        async let host = kong.request.header("host")
        async let consumer = kong.client.consumer()
        let name = try await consumer?.username ?? "anonymous"
        try kong.service.request.setHeader("x-who", "\(name)@\(try await host ?? "-")")
        try kong.service.request.clearHeader("authorization")
    }
}

struct Stamp: Plugin, SynchronousAccessPhase {
    static let version = "1.0.0"
    static let priority = 900

    struct Config: PluginConfig { var text = "seen" }
    let config: Config

    func access(_ kong: Kong) throws {
        try kong.service.request.setHeader("x-stamp", config.text)
    }
}

@Test func itNeverWaits() async throws {
    let kong = KongTest()
    try await kong.run(Stamp(config: .init()))
    #expect(kong.service.request.headers["x-stamp"] == "seen")
}

@Test func itWaitsForKongOnce() async throws {
    let kong = KongTest(request: .get("/", headers: ["host": "example.com"]))
    try await kong.run(Who(config: .init()))
    #expect(kong.service.request.headers["x-who"] == "anonymous@example.com")
    #expect(kong.roundTrips == 2)  // its two questions together, and its end
}
