import Foundation
import KongClient
import KongSimulator
import Testing
import WireProtocol

/// The plugins goplug, hmac-auth and rate-limit as Kong meets them: built, loaded by the server, and called over its socket.
@Suite struct AuthPluginSocketTests {
    private static let plugins = ["goplug": "goplug", "hmac-auth": "hmac-auth", "rate-limit": "rate-limit"]

    /// One request through the access phase of an instance, with a simulated Kong behind the PDK.
    private func access(
        _ kong: KongClient, _ instance: Int64, _ request: SimulatedRequest, consumers: [OwnedValue] = []
    ) throws -> SimulatedExchange {
        var exchange = SimulatedExchange(request)
        exchange.gateway.consumers = consumers
        exchange.begin(.access)
        try kong.handleEvent(instance, "access") { exchange.answer($0, over: kong.wireProtocol) }
        exchange.finish()
        return exchange
    }

    @Test func theServerTakesThemAndKongTheirSchemas() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            for (name, priority) in [("goplug", 1), ("hmac-auth", 1030), ("rate-limit", 910)] {
                let info = try kong.getPluginInfo(name)
                #expect(info["Name"]?.text == name)
                #expect(info["Priority"]?.integer == Int64(priority))
            }
            for name in Self.plugins.keys { #expect(server.log.contains("loaded plugin \(name) "), "\(server.log)") }
        }
    }

    @Test(arguments: WireProtocolKind.both) func goplug(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            let exchange = try access(kong, instance, SimulatedRequest("GET", "/mock/request"))
            #expect(exchange.serviceRequest.headers["x-goplug"] == ["Set by custom Swift plugin"])
            #expect(exchange.response.status == 200)
        }
    }

    @Test(arguments: WireProtocolKind.both) func hmacAuth(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance(
                "hmac-auth",
                config: """
                    {"credentials":[{"username":"ada","secret":"the secret of ada"}],"clock_skew":10000000000,
                     "hide_credentials":true,"validate_request_body":true,"enforce_headers":["date"],"realm":"orders"}
                    """)
            let requests = try Self.signedRequests()
            #expect(requests.count == 12)
            for request in requests {
                let exchange = try access(kong, instance, request, consumers: [["id": "c1", "username": "ada"]])
                #expect(exchange.response.status == 200, "\(exchange.response)")
                #expect(exchange.serviceRequest.headers["x-consumer-id"] == ["c1"])
                #expect(exchange.serviceRequest.headers["authorization"] == [])

                var other = request
                other.headers.append("date", "Sun, 06 Nov 1994 08:49:37 GMT")
                let refused = try access(kong, instance, other)
                #expect(refused.response.status == 401)
                #expect(refused.response.headers["www-authenticate"] == [#"hmac realm="orders""#])
                #expect(String(decoding: refused.response.body, as: UTF8.self) == #"{"message":"HMAC signature does not match"}"#)
            }
        }
    }

    /// What OpenSSL has signed (Fixtures/hmac-auth).
    private static func signedRequests() throws -> [SimulatedRequest] {
        struct Line: Decodable { let algorithm, method, target, body, digest, names, signature: String }
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/hmac-auth/requests.jsonl").standardized
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { text in
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            var headers: SimulatedHeaders = [
                "host": "example.com", "date": "Sun, 06 Nov 1994 08:49:37 GMT", "x-tag": "one",
                "authorization": "hmac username=\"ada\", algorithm=\"\(line.algorithm)\", headers=\"\(line.names)\", "
                    + "signature=\"\(line.signature)\"",
            ]
            headers.fields.append(.init(Array("x-tag".utf8), Array("two ".utf8) + [0xE9]))
            if !line.digest.isEmpty { headers.append("digest", line.digest) }
            return SimulatedRequest(line.method, line.target, headers: headers, body: .text(line.body))
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whateverAClientSendsToHMACAuthIsAnswered(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance(
                "hmac-auth", config: #"{"credentials":[{"username":"ada","secret":"s"}],"clock_skew":10000000000}"#)
            let good = #"hmac username="ada", algorithm="hmac-sha256", headers="date request-line", signature="AAAA""#
            var numbers = SeededNumbers(seed: 4231)
            for _ in 0..<200 {
                var headers: SimulatedHeaders = [:]
                headers.fields = [
                    .init(Array("authorization".utf8), numbers.mutation(of: Array(good.utf8))),
                    .init(Array("date".utf8), numbers.mutation(of: Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8))),
                ]
                let exchange = try access(kong, instance, SimulatedRequest("GET", "/", headers: headers))
                #expect(exchange.response.status == 401)
            }
        }
    }

    /// Instances of one configuration share their counters, whichever connection, loop or protocol a request comes by.
    @Test func rateLimitCountsForAllOfTheServer() throws {
        try TestServer.run(Self.plugins, flags: ["--loops", "3"]) { server in
            let config = #"{"hour":60,"limit_by":"ip","__key__":"plugins:rate-limit","__seq__":1}"#
            let clients = WireProtocolKind.both.map { server.kong($0, choosing: .oldest) }
            for kong in clients { try kong.openConnections(6) }
            let instances = try clients.map { try $0.startInstance("rate-limit", config: config) }
            var statuses: [Int: Int] = [:]
            for number in 0..<100 {
                let exchange = try access(clients[number % 2], instances[number % 2], SimulatedRequest())
                statuses[exchange.response.status, default: 0] += 1
                #expect(exchange.response.headers["RateLimit-Limit"] == ["60"])
                #expect(exchange.response.headers["Retry-After"].isEmpty == (number < 60))
            }
            #expect(statuses == [200: 60, 429: 40])
            // Another configuration counts anew.
            let other = try clients[0].startInstance("rate-limit", config: #"{"hour":1,"limit_by":"ip"}"#)
            #expect(try access(clients[0], other, SimulatedRequest()).response.status == 200)
            #expect(try access(clients[0], other, SimulatedRequest()).response.status == 429)
        }
    }
}
