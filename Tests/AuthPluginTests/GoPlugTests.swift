import KongPDK
import KongPDKTesting
import Testing

@testable import goplug

@Suite struct GoPlugTests {
    @Test func whatIsAttachedReachesTheService() async throws {
        let kong = KongTest(request: .get("/mock/request", headers: ["x-goplug": "from the client"]))
        try await kong.run(GoPlug(config: .init(attach: true)))
        #expect(kong.service.request.headers.values("x-goplug") == ["Set by custom Swift plugin"])
        #expect(kong.response.status == 200)
    }

    @Test func withoutAttachTheRequestIsLeftAlone() async throws {
        let kong = KongTest(request: .get("/mock/request"))
        try await kong.run(GoPlug(config: .init()), .access)
        #expect(kong.calls.isEmpty)
        #expect(kong.roundTrips == 1)
    }

    @Test func theClientHearsOfTheCompiler() async throws {
        let kong = KongTest()
        try await kong.run(GoPlug(config: .init()))
        let version = try #require(kong.response.headers["x-goplug-swift-version"])
        #expect(version.hasPrefix("6."))
    }
}
