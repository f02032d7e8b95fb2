import KongPDK
import KongPDKTesting
import Testing

struct PathLog: Plugin, AccessPhase, LogPhase {
    static let version = "1.0.0"
    static let priority = 10

    struct Config: PluginConfig {}
    let config: Config

    func access(_ kong: Kong) async throws {
        try kong.ctx.shared.set("path-log.path", .string(try await kong.request.path()))
    }

    func log(_ kong: Kong) async throws {
        let path = try await kong.ctx.shared.get("path-log.path").stringValue ?? "-"
        try kong.log.notice("\(path) was answered with \(try await kong.response.status())")
    }
}

@Suite("The article about phases") struct PhasesArticleTests {
    @Test func whatAccessKeepsTheLogCanRead() async throws {
        let kong = KongTest(request: .get("/orders?page=2"))
        try await kong.run(PathLog(config: .init()))
        #expect(kong.log.map(\.text) == ["/orders was answered with 200"])
    }
}
