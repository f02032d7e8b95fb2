import KongPDK
import KongPDKTesting
import Testing

@testable import request_id

/// Has the record of the request written to Kong's log.
private struct Recorder: Plugin, LogPhase {
    static let version = "1.0.0"
    static let priority = 1
    struct Config: PluginConfig {}

    init(config: Config = Config()) {}

    func log(_ kong: Kong) async throws { try kong.log.notice(try await kong.log.serialize()) }
}

@Suite struct RequestIDTests {
    private let uuid = #/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#

    @Test func eachRequestGetsAnIDOfItsOwn() async throws {
        let plugin = RequestID(config: .init())
        var ids: Set<String> = []
        for _ in 0..<100 {
            let kong = KongTest()
            try await kong.run(plugin)
            let id = try #require(kong.service.request.headers["x-request-id"])
            #expect(id.wholeMatch(of: uuid) != nil, "\(id)")
            #expect(kong.response.headers["x-request-id"] == id)
            #expect(ids.insert(id).inserted)
        }
    }

    @Test func theIDIsInTheRecordThatIsLogged() async throws {
        let kong = KongTest()
        try await kong.run(RequestID(config: .init()))
        let id = try #require(kong.service.request.headers["x-request-id"])
        try await kong.run(Recorder(), .log)
        let record = try #require(kong.log.last?.text)
        #expect(record.contains(#""request_id":"\#(id)""#), "\(record)")
    }

    @Test(arguments: [
        "a", "1f0c.2~B_c-d", "Root=1-67891233-abcdef012345678912345678", "a/b+c=@x#7:9", String(repeating: "x", count: 128),
    ])
    func aClientsIDStays(_ id: String) async throws {
        let kong = KongTest(request: .get("/", headers: ["X-Request-ID": id]))
        try await kong.run(RequestID(config: .init()))
        #expect(kong.service.request.headers.values("x-request-id") == [id])
        #expect(kong.response.headers["x-request-id"] == id)
    }

    @Test(arguments: [
        "", "a b", "a;b", "a\"b", "a\\b", "<b>", "ä", "$(reboot)", "a,b", "a\tb", String(repeating: "x", count: 129),
    ])
    func whatIsNoIDIsReplaced(_ id: String) async throws {
        let kong = KongTest(request: .get("/", headers: ["x-request-id": id]))
        try await kong.run(RequestID(config: .init()))
        #expect(kong.service.request.headers.values("x-request-id").count == 1)
        #expect(kong.service.request.headers["x-request-id"]?.wholeMatch(of: uuid) != nil)
    }

    @Test func bytesThatAreNotUTF8AreReplaced() async throws {
        var headers = Headers()
        headers.add("x-request-id", [0x61, 0xFF])
        let kong = KongTest(request: .get("/", headers: headers))
        try await kong.run(RequestID(config: .init()))
        #expect(kong.service.request.headers["x-request-id"]?.wholeMatch(of: uuid) != nil)
    }

    @Test func ofSeveralIDsTheServiceGetsTheOneThatIsLogged() async throws {
        let kong = KongTest(request: .get("/", headers: ["x-request-id": "one", "X-Request-Id": "two"]))
        try await kong.run(RequestID(config: .init()))
        #expect(kong.service.request.headers.values("x-request-id") == ["one"])
        #expect(kong.response.headers.values("x-request-id") == ["one"])
    }

    @Test func theLengthIsConfigured() async throws {
        for (id, stays) in [("12345678", true), ("123456789", false)] {
            let kong = KongTest(request: .get("/", headers: ["x-request-id": id]))
            try await kong.run(RequestID(config: .init(maxLength: 8)))
            #expect((kong.service.request.headers["x-request-id"] == id) == stays)
        }
    }

    @Test func whereClientsAreNotTrustedKongIsNotAskedForTheirs() async throws {
        let kong = KongTest(request: .get("/", headers: ["x-request-id": "mine"]))
        try await kong.run(RequestID(config: .init(keepClientID: false)))
        #expect(kong.service.request.headers["x-request-id"]?.wholeMatch(of: uuid) != nil)
        #expect(kong.roundTrips == 1)
        #expect(!kong.methods.contains("kong.request.get_header"))
    }

    @Test func keepingAClientsIDCostsOneRoundTrip() async throws {
        let kong = KongTest(request: .get("/", headers: ["x-request-id": "mine"]))
        try await kong.run(RequestID(config: .init()))
        #expect(kong.roundTrips == 2)
    }

    @Test func theClientNeedNotBeTold() async throws {
        let kong = KongTest()
        try await kong.run(RequestID(config: .init(headerName: "Kong-Request-ID", echoDownstream: false)))
        #expect(kong.service.request.headers["kong-request-id"] != nil)
        #expect(kong.response.headers["kong-request-id"] == nil)
    }

    @Test func theCounterCountsOnFromRequestToRequestAlsoOnManyThreads() async throws {
        let generator = IDGenerator(.uuidCounter)
        let ids = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<500).map { _ in generator.next() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let parts = ids.map { $0.split(separator: "#") }
        #expect(Set(parts.map { $0[0] }).count == 1)
        #expect(parts[0][0].wholeMatch(of: uuid) != nil)
        #expect(Set(parts.compactMap { Int($0[1]) }) == Set(1...4000))
    }

    @Test func twoConfigurationsCountForThemselves() async throws {
        var ids: [String] = []
        for _ in 0..<2 {
            let kong = KongTest()
            try await kong.run(RequestID(config: .init(generator: .uuidCounter)))
            ids.append(try #require(kong.service.request.headers["x-request-id"]))
        }
        #expect(ids.allSatisfy { $0.hasSuffix("#1") })
        #expect(ids[0] != ids[1])
    }
}
