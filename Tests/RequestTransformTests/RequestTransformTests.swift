import KongPDK
import KongPDKTesting
import Testing

@testable import request_transform

@Suite struct RequestTransformTests {
    private func run(
        _ config: RequestTransform.Config, _ target: String = "/", _ headers: Headers = [:]
    ) async throws -> KongTest {
        let kong = KongTest(request: .get(target, headers: headers))
        try await kong.run(RequestTransform(config: config))
        return kong
    }

    // MARK: Headers

    @Test func removeTakesAHeaderWithAllItsValues() async throws {
        let kong = try await run(
            .init(remove: .init(headers: ["X-Gone", "x-absent"])), "/", ["x-gone": "1", "x-gone": "2", "x-stays": "3"])
        #expect(!kong.service.request.headers.contains("x-gone"))
        #expect(kong.service.request.headers["x-stays"] == "3")
        #expect(
            kong.calls.map(\.description) == [
                "kong.request.get_headers(1000)", #"kong.service.request.clear_header("x-gone")"#,
            ])
    }

    @Test func renameMovesAllValuesAndOverwritesTheOtherName() async throws {
        var headers: Headers = ["x-old": "1", "x-new": "other"]
        headers.add("x-old", [0x32, 0xFF])
        let kong = try await run(.init(rename: .init(headers: ["x-old:x-new", "x-absent:x-nothing"])), "/", headers)
        #expect(!kong.service.request.headers.contains("x-old"))
        #expect(kong.service.request.headers.bytes("x-new") == [[0x31], [0x32, 0xFF]])
        #expect(!kong.service.request.headers.contains("x-nothing"))
    }

    @Test func replaceNeedsTheHeaderAndAddItsAbsence() async throws {
        let kong = try await run(
            .init(
                replace: .init(headers: ["x-there:new", "x-absent:new"]), add: .init(headers: ["X-There:added", "x-added:a:b"])),
            "/", ["x-there": "1", "x-there": "2"])
        #expect(kong.service.request.headers.values("x-there") == ["new"])
        #expect(!kong.service.request.headers.contains("x-absent"))
        #expect(kong.service.request.headers["x-added"] == "a:b")
    }

    @Test func appendAddsAValueWhetherThereIsOneOrNot() async throws {
        let kong = try await run(
            .init(append: .init(headers: ["x-there:2", "x-new:1", "x-new:2"])), "/", ["x-there": "1"])
        #expect(kong.service.request.headers.values("x-there") == ["1", "2"])
        #expect(kong.service.request.headers.values("x-new") == ["1", "2"])
    }

    /// Remove, rename, replace, add, append: each sees what those before it have left.
    @Test func theOrderIsKongs() async throws {
        let config = RequestTransform.Config(
            remove: .init(headers: ["x-a"], querystring: ["a"]), rename: .init(headers: ["x-b:x-a"], querystring: ["b:a"]),
            replace: .init(headers: ["x-a:replaced"], querystring: ["a:replaced"]),
            add: .init(headers: ["x-a:not-this", "x-b:added"], querystring: ["a:not-this", "b:added"]),
            append: .init(headers: ["x-b:appended"], querystring: ["b:appended"]))
        let kong = try await run(config, "/?a=1&b=2", ["x-a": "1", "x-b": "2"])
        #expect(kong.service.request.headers.values("x-a") == ["replaced"])
        #expect(kong.service.request.headers.values("x-b") == ["added", "appended"])
        #expect(kong.service.request.query == "a=replaced&b=added&b=appended")
    }

    /// Kong asks the service for its own host unless told otherwise, so that one equal to the client's matters as well.
    @Test func theHostCanBeReplacedAlsoByTheClients() async throws {
        let kong = try await run(.init(replace: .init(headers: ["host:example.com"])), "/", ["host": "example.com"])
        #expect(kong.service.request.headers["host"] == "example.com")
        #expect(kong.methods == ["kong.request.get_headers", "kong.service.request.set_headers"])
    }

    // MARK: Query

    @Test func argumentsKeepTheirValuesWhateverTheyAre() async throws {
        let kong = try await run(.init(rename: .init(querystring: ["old:new", "flag:set"])), "/?old=%FF&old=2&keep=x%20y&flag")
        #expect(kong.service.request.query == "keep=x%20y&new=%FF&new=2&set")
    }

    @Test func namesOfArgumentsAreCaseSensitive() async throws {
        let kong = try await run(.init(remove: .init(querystring: ["A"])), "/?a=1&A=2")
        #expect(kong.service.request.query == "a=1")
    }

    @Test func theLastArgumentCanGo() async throws {
        let kong = try await run(.init(remove: .init(querystring: ["a"])), "/?a=1")
        #expect(kong.service.request.query == "")
    }

    // MARK: What it costs

    @Test func nothingIsAskedWhereNothingIsToBeDone() async throws {
        let kong = try await run(.init(), "/?a=1", ["x": "y"])
        #expect(kong.calls.isEmpty)
    }

    @Test func whatDoesNotChangeIsNotSent() async throws {
        let kong = try await run(
            .init(remove: .init(headers: ["x-absent"], querystring: ["absent"])), "/?b=1&a=2", ["x": "y"])
        #expect(Set(kong.methods) == ["kong.request.get_headers", "kong.request.get_query"])
        #expect(kong.service.request.query == "b=1&a=2")
    }

    @Test func headersAndQueryTravelTogether() async throws {
        let kong = try await run(
            .init(add: .init(headers: ["x-a:1"], querystring: ["a:1"]), append: .init(headers: ["x-b:1"])), "/")
        #expect(kong.roundTrips == 2)
        #expect(kong.service.request.query == "a=1")
        #expect(kong.service.request.headers["x-a"] == "1")
    }

    // MARK: Configuration

    @Test func aPairWithoutAColonIsRefusedAtTheStart() {
        let error = #expect(throws: PairError.self) { try RequestTransform(config: .init(add: .init(querystring: ["a"]))) }
        #expect(error?.description == #""a" is no name:value"#)
    }

    @Test(arguments: [
        ("remove.headers", ["x-a", "X_A9", "hosts"], ["", "x a", "x:a", "x\r\ny", "host", "HOST"]),
        ("rename.headers", ["a:b", "hosts:x"], ["a", "a:", ":b", "a:b:c", "a:b c", "a:\nb", "host:x", "x:Host"]),
        (
            "replace.headers", ["a:b", "a:b:c", "a: b", "host:example.com"],
            ["a", "a:", ":b", "a b:c", "a:b\r\nx-evil: 1", "a:\0"]
        ),
        ("add.headers", ["a:b", "a:ü", "hosts:x"], ["a", "a:", "a:b\nc", "Host:x"]),
        ("append.headers", ["a:b"], ["a", "hOst:x"]),
        ("remove.querystring", ["a", "a b", "ü"], [""]),
        ("rename.querystring", ["a:b", "a b:c"], ["a", "a:", ":b"]),
        ("add.querystring", ["a:b", "a:b=c&d", "host:x"], ["a", "a:", ":b"]),
    ] as [(String, [String], [String])])
    func kongTakesOnlyWhatCanBeDone(_ path: String, good: [String], bad: [String]) throws {
        let list = try KongList(path, of: RequestTransform.Config.self)
        for entry in good { #expect(try list.takes(entry), "\(entry)") }
        for entry in bad { #expect(try !list.takes(entry), "\(entry)") }
    }
}
