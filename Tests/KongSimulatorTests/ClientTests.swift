import KongSimulator
import Testing
import WireProtocol

@Suite struct ClientTests {
    private static let id = "a36c3049-b249-4f9c-a9e5-4b3a7b5f9d1a"
    private static let consumer: OwnedValue = ["id": .string(id), "username": "ann"]

    @Test(arguments: [
        Expectation("load_consumer", .string(id), is: .value(consumer)),
        Expectation("load_consumer", "ann", true, is: .value(consumer)),
        Expectation("load_consumer", "bob", true, is: .value(nil)),
        Expectation("load_consumer", "00000000-0000-0000-0000-000000000000", is: .value(nil)),
        Expectation("load_consumer", "ann", is: .raised("cannot load a consumer with an id that is not a uuid")),
        Expectation("load_consumer", "ann", false, is: .raised("cannot load a consumer with an id that is not a uuid")),
        Expectation("load_consumer", 5, is: .raised("consumer_id must be a string")),
        Expectation("authenticate", is: .raised("either credential or consumer must be provided")),
        Expectation("authenticate", "x", is: .raised("consumer must be a table or nil")),
        Expectation("authenticate", nil, 1, is: .raised("credential must be a table or nil")),
        Expectation("get_consumer", is: .value(nil)),
        Expectation("get_credential", is: .value(nil)),
        Expectation("get_ip", is: .value("127.0.0.1")),
        Expectation("get_port", is: .value(50_000)),
        Expectation("get_protocol", is: .value("http")),
        Expectation("tls.get_full_client_certificate_chain",
            is: .error("connection is not TLS or TLS support for Nginx not enabled")),
        Expectation("tls.set_client_verify", 1, is: .raised("assertion failed!")),
        Expectation("tls.set_client_verify", "FAILED:expired", is: .nothing),
        Expectation(
            "tls.set_client_verify", "no",
            is: .raised(
                #"unknown client verify value: no accepted values are: "SUCCESS", "NONE" or "FAILED:<reason>""#)),
    ])
    func clientsAreTold(_ call: Expectation) {
        var kong = SimulatedExchange.at(.access) { $0.consumers = [Self.consumer] }
        #expect(kong.perform("kong.client.\(call.method)", call.arguments) == call.outcome)
    }

    @Test func whoIsAuthenticatedIsTold() {
        var kong = SimulatedExchange.at(.access)
        kong.perform("kong.client.authenticate", [Self.consumer, ["id": "c", "consumer_id": .string(Self.id)]])
        #expect(kong.perform("kong.client.get_consumer") == .value(Self.consumer))
        #expect(kong.perform("kong.client.get_credential") == .value(["id": "c", "consumer_id": .string(Self.id)]))
        #expect(kong.perform("kong.nginx.get_ctx", ["authenticated_consumer"]) == .value(Self.consumer))
        kong.perform("kong.client.authenticate", [nil, ["id": "d"]])
        #expect(kong.perform("kong.client.get_consumer") == .value(nil))
    }

    @Test func aTrustedProxyTellsTheAddress() {
        let request = SimulatedRequest("GET", "/", headers: ["X-Real-IP": "10.1.2.3"])
        var kong = SimulatedExchange.at(.access, request, trusted: true)
        #expect(kong.perform("kong.client.get_ip") == .value("127.0.0.1"))
        #expect(kong.perform("kong.client.get_forwarded_ip") == .value("10.1.2.3"))
        // The header has none.
        #expect(kong.perform("kong.client.get_forwarded_port") == .value(nil))
        kong = .at(.access, request)
        #expect(kong.perform("kong.client.get_forwarded_ip") == .value("127.0.0.1"))
        #expect(kong.perform("kong.client.get_forwarded_port") == .value(50_000))
    }

    @Test(arguments: [
        (["https"], nil, .value("https")), (["http", "https"], nil, .value("http")),
        (["http", "https"], "HTTPS", .value("https")),
        (["http", "https"], "https, http", .error("Only one X-Forwarded-Proto header allowed")),
    ] as [(OwnedValue, String?, SimulatedOutcome)])
    func protocolsAreTold(_ protocols: OwnedValue, _ forwarded: String?, _ outcome: SimulatedOutcome) {
        var gateway = SimulatedGateway()
        gateway.trustedIPs = ["::/0", "127.0.0.1"]
        let headers: SimulatedHeaders = forwarded.map { ["X-Forwarded-Proto": $0] } ?? [:]
        var kong = SimulatedExchange(
            SimulatedRequest("GET", "/", headers: headers), gateway: gateway, route: ["protocols": protocols])
        kong.begin(.access)
        #expect(kong.perform("kong.client.get_protocol", [true]) == outcome)
    }

    @Test func encryptedConnectionsAreTold() {
        var tls = SimulatedTLS()
        tls.clientCertificateChain = "PEM"
        var kong = SimulatedExchange.at(.access, SimulatedRequest("GET", "/", tls: tls))
        #expect(kong.perform("kong.request.get_scheme") == .value("https"))
        #expect(kong.perform("kong.client.get_protocol") == .value("https"))
        #expect(kong.perform("kong.client.tls.get_full_client_certificate_chain") == .value("PEM"))
        #expect(kong.perform("kong.nginx.get_tls1_version_str") == .value("TLSv1.3"))
        kong = .at(.certificate, SimulatedRequest("GET", "/", tls: tls))
        #expect(kong.perform("kong.client.tls.request_client_certificate") == .value(true))
        kong = .at(.access)
        #expect(kong.perform("kong.nginx.get_tls1_version_str") == .error("bad ssl conn"))
    }

    @Test(arguments: [
        ("10.1.2.3", true), ("10.200.0.1", true), ("11.0.0.1", false), ("192.168.0.7", true), ("192.168.0.8", false),
        ("2001:db8::1", true), ("2001:db9::1", false), ("nonsense", false), ("::ffff:10.1.2.3", false),
    ])
    func addressesAreTrusted(_ address: String, _ isTrusted: Bool) {
        var kong = SimulatedExchange.at(.access) {
            $0.trustedIPs = ["10.0.0.0/8", "192.168.0.7", "2001:db8::/32", "nonsense", "1.2.3.4/33"]
        }
        #expect(kong.perform("kong.ip.is_trusted", [.string(address)]) == .value(.boolean(isTrusted)))
        kong = .at(.access)
        #expect(kong.perform("kong.ip.is_trusted", [.string(address)]) == .value(false))
    }
}
