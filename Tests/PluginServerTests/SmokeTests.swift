import KongClient
import Testing
import WireProtocol

@Suite struct SmokeTests {
    @Test func serves() throws {
        try TestServer.run { try $0.expectService() }
    }
}
