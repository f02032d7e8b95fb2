import KongPDK
import KongPDKTesting
import Testing

@Test func theServiceIsGreeted() async throws {
    let kong = KongTest(request: .get("/mock", headers: ["host": "example.com"]))
    try await kong.run(Hello(config: .init(greeting: "welcome")))
    #expect(kong.service.request.headers["x-greeting"] == "welcome, example.com")
    #expect(kong.response.headers["x-swift-version"] != nil)
}

@Test func accessSetsOneHeader() async throws {
    let kong = KongTest()
    try await kong.run(Hello(config: .init()), .access)
    #expect(kong.methods == ["kong.request.get_header", "kong.service.request.set_header"])
    #expect(kong.service.request.headers["x-greeting"] == "hello, localhost")
    kong.finish()
    #expect(kong.response.status == 200)
}

@Test func anErrorOfTheServiceIsPassedOn() async throws {
    let kong = KongTest(service: .answers(.init(status: 503, text: "later")))
    try await kong.run(Hello(config: .init()))
    #expect(kong.response.status == 503)
    #expect(kong.response.bodyText == "later")
}

@Test func whatTheClientSendsComesBack() async throws {
    let kong = KongTest(request: .post("/", headers: ["content-type": "text/plain"], body: "ping"), service: .echoes)
    try await kong.run(Hello(config: .init()))
    #expect(kong.response.bodyText == "ping")
}

@Test func aConsumerIsNamed() async throws {
    let kong = KongTest(request: .get("/", headers: ["host": "example.com"]))
    kong.withExchange { exchange in
        exchange.consumer = ["id": "4f9d2c6e-0b1a-4c57-8e39-6a2d1f7b5c80", "username": "ada"]
    }
    try await kong.run(Who(config: .init()))
    #expect(kong.service.request.headers["x-who"] == "ada@example.com")
}

@Test func withoutADatabaseTheRequestFails() async throws {
    let kong = KongTest()
    kong.fail("kong.client.get_consumer", with: .error("the database is away"))
    let error = await #expect(throws: PDKError.self) { try await kong.run(Who(config: .init())) }
    #expect(error?.code == .refused)
    #expect(kong.response.status == 500)
    #expect(kong.log.map(\.text) == ["Who: access handler failed: kong.client.get_consumer: the database is away"])
}

@Test func aConfigurationFromKongDecodes() throws {
    let config = try ConfigSchema(Hello.Config.self).decode(["greeting": "welcome"])
    #expect(config.greeting == "welcome")
}
