import KongPDK
import KongPDKTesting
import Testing

struct Tenant: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 900

    struct Config: PluginConfig {}
    let config: Config

    func access(_ kong: Kong) async throws {
        var tenant: String?
        do {
            tenant = try await kong.request.header("x-tenant")
        } catch {
            guard error.code == .notUTF8 else { throw error }
            try kong.log.warn("a tenant that is no text: \(error)")
        }
        guard let tenant else { try kong.response.exit(400, body: "which tenant?") }
        try kong.service.request.setPath("/tenants/\(tenant)")
    }
}

struct Mirror: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 900

    struct Config: PluginConfig {}
    let config: Config

    func access(_ kong: Kong) async throws {
        try kong.service.request.setRawBody(try await kong.request.rawBody())
        // Wait until Kong has taken it: from here on nothing of it can fail.
        try await kong.flush()
        try kong.log.notice("mirrored")
    }
}

@Suite("The article about errors") struct ErrorsArticleTests {
    @Test func bytesThatAreNoTextAreNoTenant() async throws {
        var headers = Headers()
        headers.add("x-tenant", [0xFF])
        let kong = KongTest(request: .get("/", headers: headers), over: .messagePack)
        kong.answer("kong.request.get_header", with: .bytes([0xFF]))
        try await kong.run(Tenant(config: .init()))
        #expect(kong.response.status == 400)
        #expect(kong.log.count == 1)
    }

    @Test func aTenantIsPartOfThePath() async throws {
        let kong = KongTest(request: .get("/", headers: ["x-tenant": "one"]))
        try await kong.run(Tenant(config: .init()))
        #expect(kong.service.request.path == "/tenants/one")
    }

    @Test func aRefusalOfAQueuedCallIsTheEndOfTheHandler() async throws {
        let kong = KongTest(request: .post("/", body: "text"))
        kong.fail("kong.service.request.set_raw_body", with: .raise("no"))
        let error = await #expect(throws: PDKError.self) { try await kong.run(Mirror(config: .init())) }
        #expect(error?.code == .refused)
        #expect(kong.response.status == 500)
        #expect(!kong.methods.contains("kong.log.notice"))

        let fine = KongTest(request: .post("/", body: "text"))
        try await fine.run(Mirror(config: .init()))
        #expect(fine.service.request.bodyText == "text")
        #expect(fine.log.map(\.text) == ["mirrored"])
    }
}
