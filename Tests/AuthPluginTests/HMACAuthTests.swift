import Foundation
import KongPDK
import KongPDKTesting
import Testing

@testable import hmac_auth

@Suite("hmac-auth") struct HMACAuthTests {
    @Test func thereAreRecordedRequests() { #expect(RecordedRequest.all.count == 12) }

    @Test(arguments: RecordedRequest.all) func aRequestThatOpenSSLHasSignedIsLetThrough(_ request: RecordedRequest) async throws {
        for connection in [KongTest.Connection.protoBuf, .messagePack] {
            let kong = request.kong(over: connection)
            try await kong.run(HMACAuth(config: .test { $0.validateRequestBody = true }))
            #expect(kong.response.status == 200, "\(kong.log)")
            #expect(kong.service.request.headers["x-credential-identifier"] == "ada")
            #expect(kong.service.request.headers["x-consumer-id"] == nil)
            #expect(kong.service.request.headers.contains("authorization"))
        }
    }

    // MARK: What makes a signature wrong

    @Test(arguments: RecordedRequest.all, 0..<4)
    func aRequestThatWasChangedIsRefused(_ request: RecordedRequest, _ change: Int) async throws {
        let kong: KongTest
        switch change {
        case 0: kong = request.kong { $0["authorization"] = request.authorization(username: "bob") }
        case 1: kong = request.kong { $0["authorization"] = request.authorization(username: "eve") }
        case 2: kong = request.kong { $0["date"] = "Sun, 06 Nov 1994 08:49:38 GMT" }
        default:
            let other = (request.signature.first == "A" ? "B" : "A") + request.signature.dropFirst()
            kong = request.kong { $0["authorization"] = request.authorization(username: "ada", signature: other) }
        }
        try await expectRefusal(kong, .test(), "HMAC signature does not match")
    }

    @Test func whatIsSignedCannotBeChanged() async throws {
        let line = RecordedRequest.all[0], target = RecordedRequest.all[1], tags = RecordedRequest.all[2]
        for (method, path) in [("POST", line.target), ("GET", "/orders?id=8&x=%20"), ("GET", "/orders?id=7&x=+")] {
            try await expectRefusal(
                KongTest(request: .request(method, path, line.headers)), .test(), "HMAC signature does not match")
        }
        try await expectRefusal(target.kong { $0["x-missing"] = "there" }, .test(), "HMAC signature does not match")
        try await expectRefusal(
            target.kong { $0["@request-target"] = "get /orders"; $0["host"] = "a" }, .test(), "HMAC signature does not match")
        try await expectRefusal(tags.kong { $0.add("x-tag", "three") }, .test(), "HMAC signature does not match")
        try await expectRefusal(tags.kong { $0.remove("x-tag") }, .test(), "HMAC signature does not match")
    }

    @Test func aValueCannotHideBehindManyOthers() async throws {
        let kong = RecordedRequest.all[2].kong { headers in for number in 0..<1000 { headers.add("x-\(number)", "") } }
        try await expectRefusal(kong, .test(), "HMAC signature cannot be verified")
    }

    // MARK: The header

    private static let malformed: [[UInt8]] = [
        "", "hmac", "hmac ", "Basic YWRhOmE=", "hmac username", "hmac username=", "hmac username=\"", "hmac username=\"ada\"",
        "hmac username=\"ada\",", ",", "hmac ,", "hmac username=\"ada\" algorithm=\"hmac-sha256\"", "hmac =\"\"",
        "hmac username=\"ada\", algorithm=\"hmac-sha256\", headers=\"date\", signature=\"!\"",
        "hmac username=\"ada\", algorithm=\"hmac-sha256\", headers=\"\", signature=\"AAAA\"",
        "hmac username=\"ada\", algorithm=\"hmac-sha1\", headers=\"date\", signature=\"AAAA\"",
        "hmac username=\"ada\", algorithm=\"hmac-sha256\", headers=\"date\"",
        "hmac username=\"ada\", username=\"ada\", algorithm=\"hmac-sha256\", headers=\"date\", signature=\"AAAA\"",
        "hmac username=\"ada\", algorithm=\"hmac-sha256\", headers=\"date\", signature=\"AAAA\" x",
        "hmac username=\"ada\u{301}\", algorithm=\"\u{301}hmac-sha256\", headers=\"date\", signature=\"AAAA\"",
        "hmac username=\"ada\", algorithm=\"hmac-sha256\", headers=\"\(String(repeating: "a ", count: 101))\", "
            + "signature=\"AAAA\"",
    ].map { Array($0.utf8) } + [
        [0xFF],
        Array("hmac username=\"".utf8) + [0xE9]
            + Array("\", algorithm=\"hmac-sha256\", headers=\"date\", signature=\"AAAA\"".utf8),
    ]

    @Test(arguments: malformed) func aHeaderThatIsNotWhatItShouldBeIsRefused(_ header: [UInt8]) async throws {
        let kong = RecordedRequest.all[0].kong { headers in
            headers.remove("authorization")
            headers.add("authorization", header)
        }
        try await expectRefusal(kong, .test(), "HMAC signature cannot be verified")
    }

    @Test func withoutAHeaderTheClientIsAskedForOne() async throws {
        let kong = RecordedRequest.all[0].kong { $0.remove("authorization") }
        try await expectRefusal(kong, .test { $0.realm = "orders" }, "Unauthorized", challenge: #"hmac realm="orders""#)
    }

    @Test func theOrderOfTheFieldsAndTheCaseOfTheSchemeDoNotMatter() async throws {
        let request = RecordedRequest.all[0]
        let kong = request.kong {
            $0["authorization"] =
                #"  HMAC signature="\#(request.signature)",headers="\#(request.names)",  algorithm="hmac-sha256" , "#
                + #"username="ada""#
        }
        try await kong.run(HMACAuth(config: .test()))
        #expect(kong.response.status == 200, "\(kong.log)")
    }

    @Test func theProxysHeaderComesFirstAndIsTheOneThatIsHidden() async throws {
        let request = RecordedRequest.all[0]
        let kong = request.kong {
            $0["proxy-authorization"] = $0["authorization"]
            $0["authorization"] = "Basic YWRhOmE="
        }
        try await kong.run(HMACAuth(config: .test { $0.hideCredentials = true }))
        #expect(kong.response.status == 200)
        #expect(kong.service.request.headers["proxy-authorization"] == nil)
        #expect(kong.service.request.headers["authorization"] == "Basic YWRhOmE=")

        let other = request.kong { $0["proxy-authorization"] = "Basic YWRhOmE=" }
        try await other.run(HMACAuth(config: .test { $0.hideCredentials = true }))
        #expect(other.response.status == 200)
        #expect(other.service.request.headers["authorization"] == nil)
    }

    // MARK: What the configuration asks for

    @Test func anAlgorithmCanBeForbidden() async throws {
        try await expectRefusal(
            RecordedRequest.all[0].kong(), .test { $0.algorithms = [.sha512] }, "HMAC signature cannot be verified")
    }

    @Test func headersCanBeEnforced() async throws {
        let request = RecordedRequest.all[1]
        try await expectRefusal(
            request.kong(), .test { $0.enforceHeaders = ["date", "x-tag"] }, "HMAC signature cannot be verified")
        let kong = request.kong()
        try await kong.run(HMACAuth(config: .test { $0.enforceHeaders = ["Host", "date", "@request-target"] }))
        #expect(kong.response.status == 200)
    }

    @Test(arguments: [("date", -290.0, true), ("x-date", 290, true), ("date", -310, false), ("x-date", 310, false)])
    func theDateMayBeOffByTheClockSkew(_ name: String, _ offset: Double, _ isAllowed: Bool) async throws {
        let date = Signer.date(offset)
        let kong = KongTest(
            request: .get("/", headers: [name: date, "authorization": Signer().authorization(date: name, date)]))
        try await kong.run(HMACAuth(config: .test { $0.clockSkew = 300 }))
        #expect(kong.response.status == (isAllowed ? 200 : 401))
    }

    @Test func aDateThatIsNotSignedIsNone() async throws {
        let old = "Sun, 06 Nov 1994 08:49:37 GMT"
        let kong = KongTest(
            request: .get(
                "/", headers: ["x-date": Signer.date(0), "date": old, "authorization": Signer().authorization(old)]))
        try await kong.run(HMACAuth(config: .test { $0.clockSkew = 300 }))
        #expect(kong.response.status == 401)
        #expect(kong.response.bodyText.contains("date"))
    }

    @Test func aBodyMustBeThatOfItsDigest() async throws {
        let signed = RecordedRequest.all[3], unsigned = RecordedRequest.all[0]
        let config = HMACAuth.Config.test { $0.validateRequestBody = true }
        try await expectRefusal(
            KongTest(request: .post("/orders", headers: signed.headers, body: "{id: 8}")), config,
            "HMAC signature does not match")
        let more = Array("more".utf8)
        let withoutDigest = KongTest(request: .request("GET", unsigned.target, unsigned.headers, more))
        try await expectRefusal(withoutDigest, config, "HMAC signature does not match")
        var headers = unsigned.headers
        headers["digest"] = signed.digest
        let withUnsigned = KongTest(request: .request("GET", unsigned.target, headers, Array(signed.body.utf8)))
        try await expectRefusal(withUnsigned, config, "HMAC signature does not match")
        let unchecked = KongTest(request: .request("GET", unsigned.target, headers, more))
        try await unchecked.run(HMACAuth(config: .test()))
        #expect(unchecked.response.status == 200)
    }

    @Test func aBodyThatKongDoesNotGiveIsRefused() async throws {
        let kong = RecordedRequest.all[3].kong()
        kong.fail("kong.request.get_raw_body", with: .error("request body did not fit into client body buffer"))
        try await expectRefusal(kong, .test { $0.validateRequestBody = true }, "HMAC signature cannot be verified")
    }

    // MARK: Who it is

    @Test func theConsumerOfTheNameIsTheOneThatKongKnows() async throws {
        let plugin = try HMACAuth(config: .test())
        for isFirst in [true, false] {
            let kong = RecordedRequest.all[0].kong {
                $0["x-consumer-id"] = "forged"
                $0["x-consumer-custom-id"] = "forged"
                $0["x-anonymous-consumer"] = "true"
            }
            kong.withExchange { $0.gateway.consumers = [["id": "c1", "username": "ada"]] }
            try await kong.run(plugin)
            let headers = kong.service.request.headers
            #expect(headers["x-consumer-id"] == "c1" && headers["x-consumer-username"] == "ada")
            #expect(headers["x-consumer-custom-id"] == nil && headers["x-anonymous-consumer"] == nil)
            kong.withExchange { exchange in
                #expect(exchange.consumer == ["id": "c1", "username": "ada"])
                #expect(exchange.credential == ["id": "ada", "consumer_id": "c1"])
            }
            // Four questions at once, the consumer, and the end; later the consumer is known.
            #expect(kong.methods.contains("kong.client.load_consumer") == isFirst)
            #expect(kong.roundTrips == (isFirst ? 3 : 2))
        }
    }

    @Test func withAnAnonymousConsumerNobodyIsRefused() async throws {
        let config = HMACAuth.Config.test { $0.anonymous = "nobody" }
        let kong = RecordedRequest.all[0].kong { $0["date"] = Signer.date(0); $0["x-credential-identifier"] = "ada" }
        kong.withExchange { $0.gateway.consumers = [["id": "c0", "username": "nobody", "custom_id": "x"]] }
        try await kong.run(HMACAuth(config: config))
        let headers = kong.service.request.headers
        #expect(kong.response.status == 200)
        #expect(headers["x-anonymous-consumer"] == "true" && headers["x-credential-identifier"] == nil)
        #expect(headers["x-consumer-id"] == "c0" && headers["x-consumer-custom-id"] == "x")

        let missing = KongTest()
        try await missing.run(HMACAuth(config: config))
        #expect(missing.response.status == 500)

        let known = KongTest()
        known.withExchange { $0.credential = ["id": "k1"] }
        try await known.run(HMACAuth(config: config))
        #expect(known.methods == ["kong.client.get_credential"])
    }

    @Test func aDatabaseThatFailsIsNoReasonToLetAnybodyThrough() async throws {
        let kong = RecordedRequest.all[0].kong()
        kong.fail("kong.client.load_consumer", with: .error("database is away"))
        await #expect(throws: PDKError.self) { try await kong.run(HMACAuth(config: .test())) }
        #expect(kong.response.status == 500)
    }

    @Test func aConfigurationThatAnybodyCouldSignForDoesNotStart() {
        #expect(throws: ConfigError(path: "config.credentials[1].secret", expected: "a secret", found: "an empty string")) {
            try HMACAuth(config: .test { $0.credentials[1].secret = "" })
        }
        let again = ConfigError(
            path: "config.credentials[1].username", expected: "a name of its own", found: "\"ada\" again")
        #expect(throws: again) {
            try HMACAuth(config: .test { $0.credentials[1].username = "ada" })
        }
    }

    // MARK: -

    private func expectRefusal(
        _ kong: KongTest, _ config: HMACAuth.Config, _ message: String, challenge: String = "hmac",
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await kong.run(HMACAuth(config: config))
        #expect(kong.response.status == 401, sourceLocation: sourceLocation)
        #expect(kong.response.headers["www-authenticate"] == challenge, sourceLocation: sourceLocation)
        #expect(kong.response.headers["content-type"] == "application/json; charset=utf-8", sourceLocation: sourceLocation)
        #expect(kong.response.bodyText == #"{"message":"\#(message)"}"#, sourceLocation: sourceLocation)
        #expect(kong.service.response == nil, sourceLocation: sourceLocation)
        #expect(!kong.methods.contains("kong.client.authenticate"), sourceLocation: sourceLocation)
    }
}
