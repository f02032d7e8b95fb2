import KongPDK
import KongPDKTesting
import Testing

@testable import rate_limit

@Suite("rate-limit") struct RateLimitTests {
    /// Hours and minutes, so that no test runs into the next window.
    private static func config(_ change: (inout RateLimit.Config) -> Void = { _ in }) -> RateLimit.Config {
        var config = RateLimit.Config()
        config.hour = 2
        change(&config)
        return config
    }

    private func send(
        to plugin: RateLimit, headers: Headers = [:], _ prepare: (KongTest) -> Void = { _ in }
    ) async throws -> KongTest {
        let kong = KongTest(request: .get("/", headers: headers))
        prepare(kong)
        try await kong.run(plugin)
        return kong
    }

    @Test func theClientHearsHowManyAreLeftAndThenWaits() async throws {
        let plugin = RateLimit(config: Self.config { $0.minute = 2; $0.errorMessage = "no \"more\"\n\u{1}" })
        let first = try await send(to: plugin)
        #expect(first.response.status == 200)
        let headers = first.response.headers
        #expect(headers["RateLimit-Limit"] == "2" && headers["RateLimit-Remaining"] == "1")
        #expect((3590...3600).contains(headers["RateLimit-Reset"].flatMap { Int($0) } ?? 0))
        #expect(headers["X-RateLimit-Limit-Minute"] == "2" && headers["X-RateLimit-Remaining-Minute"] == "1")
        #expect(headers["X-RateLimit-Limit-Hour"] == "2" && headers["X-RateLimit-Remaining-Hour"] == "1")
        #expect(headers["X-RateLimit-Limit-Second"] == nil && headers["Retry-After"] == nil)

        #expect(try await send(to: plugin).response.headers["RateLimit-Remaining"] == "0")

        let third = try await send(to: plugin)
        #expect(third.response.status == 429)
        #expect(third.service.response == nil)
        #expect(third.response.bodyText == #"{"message":"no \"more\"\u000a\u0001"}"#)
        #expect(third.response.headers["content-type"] == "application/json; charset=utf-8")
        #expect(third.response.headers["RateLimit-Remaining"] == "0")
        let wait = try #require(third.response.headers["Retry-After"].flatMap { Int($0) })
        // Half of the two hours that the two requests are in, and what is left of the first.
        #expect((3600...5400).contains(wait))
        #expect(third.response.headers["RateLimit-Reset"] == "\(wait)")
    }

    @Test func clientsAreCountedApart() async throws {
        let plugin = RateLimit(config: Self.config { $0.hour = 1 })
        let consumers: [(KongTest) -> Void] = [
            { $0.withExchange { $0.consumer = ["id": "c1"] } },
            { $0.withExchange { $0.consumer = ["id": "c2"]; $0.credential = ["id": "k1"] } },
            { $0.withExchange { $0.credential = ["id": "k1"] } },
            // The same id, but of a credential.
            { $0.withExchange { $0.credential = ["id": "c1"] } },
            { _ in },
        ]
        for prepare in consumers {
            #expect(try await send(to: plugin, prepare).response.status == 200)
            #expect(try await send(to: plugin, prepare).response.status == 429)
        }
    }

    @Test func oneHeaderCanTellThemApart() async throws {
        let plugin = RateLimit(config: Self.config { $0.hour = 1; $0.limitBy = .header; $0.headerName = "x-key" })
        var odd = Headers()
        odd.add("x-key", [0xFF])
        for headers in [["x-key": "a"], ["x-key": "b"], odd, [:], ["x-key": "127.0.0.1"]] as [Headers] {
            #expect(try await send(to: plugin, headers: headers).response.status == 200)
            #expect(try await send(to: plugin, headers: headers).response.status == 429)
        }
    }

    @Test func anAddressIsThatOfTheClientBehindATrustedProxy() async throws {
        let plugin = RateLimit(config: Self.config { $0.hour = 1; $0.limitBy = .ip })
        let trusting: (KongTest) -> Void = { $0.withExchange { $0.gateway.trustedIPs = ["127.0.0.1"] } }
        #expect(try await send(to: plugin, headers: ["x-real-ip": "10.0.0.1"], trusting).response.status == 200)
        #expect(try await send(to: plugin, headers: ["x-real-ip": "10.0.0.2"], trusting).response.status == 200)
        #expect(try await send(to: plugin, headers: ["x-real-ip": "10.0.0.3"]).response.status == 200)
        #expect(try await send(to: plugin, headers: ["x-real-ip": "10.0.0.4"]).response.status == 429)
        #expect(try await send(to: plugin, headers: ["x-real-ip": "10.0.0.2"], trusting).response.status == 429)
    }

    @Test func aServiceHasOneCountForAll() async throws {
        let plugin = RateLimit(config: Self.config { $0.hour = 1; $0.limitBy = .service })
        let one: (KongTest) -> Void = { $0.withExchange { $0.consumer = ["id": "c1"] } }
        let other: (KongTest) -> Void = { $0.withExchange { $0.consumer = ["id": "c2"] } }
        #expect(try await send(to: plugin, one).response.status == 200)
        #expect(try await send(to: plugin, other).response.status == 429)
    }

    @Test(arguments: RateLimit.Subject.allCases) func whoeverItIsItCostsOneRoundTrip(_ subject: RateLimit.Subject) async throws {
        let plugin = RateLimit(config: Self.config { $0.limitBy = subject; $0.headerName = "x-key" })
        let kong = try await send(to: plugin, headers: ["x-key": "a"]) { kong in
            kong.withExchange { $0.consumer = ["id": "c"]; $0.credential = ["id": "k"] }
        }
        #expect(kong.response.status == 200)
        #expect(kong.roundTrips == 2)
    }

    @Test func headersCanBeHidden() async throws {
        let plugin = RateLimit(config: Self.config { $0.hour = 1; $0.hideClientHeaders = true; $0.errorCode = 503 })
        for status in [200, 503] {
            let kong = try await send(to: plugin)
            #expect(kong.response.status == status)
            #expect(!kong.response.headers.contains { $0.name.lowercased().contains("ratelimit") })
            #expect(!kong.response.headers.contains("retry-after"))
        }
    }

    @Test func aClientThatKongCannotTellIsLetThroughUnlessItMustNot() async throws {
        let failing: (KongTest) -> Void = { $0.fail("kong.client.get_consumer", with: .error("database is away")) }
        let tolerant = try await send(to: RateLimit(config: Self.config()), failing)
        #expect(tolerant.response.status == 200)
        #expect(tolerant.log.map(\.text).contains { $0.contains("database is away") })

        let strict = KongTest()
        failing(strict)
        await #expect(throws: PDKError.self) { try await strict.run(RateLimit(config: Self.config { $0.faultTolerant = false })) }
        #expect(strict.response.status == 500)
    }
}
