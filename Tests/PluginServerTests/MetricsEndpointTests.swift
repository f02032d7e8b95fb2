import Foundation
import KongClient
import Statistics
import TestSupport
import Testing
import WireProtocol

/// Prometheus asks over HTTP, and whoever else asks cannot hurt.
@Suite struct MetricsEndpointTests {
    private static let request = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"

    private static func run(_ body: (TestServer, UInt16) throws -> Void) throws {
        try TestServer.run(flags: ["--metrics", "127.0.0.1:0", "--loops", "2"]) { server in try body(server, try port(of: server)) }
    }

    /// The one that the log names.
    private static func port(of server: TestServer) throws -> UInt16 {
        try server.waitForLog("/metrics")
        let port = server.log.firstMatch(of: #/metrics are at 127\.0\.0\.1:(\d+), \/metrics/#).flatMap { UInt16($0.1) }
        return try #require(port)
    }

    private static func ask(_ port: UInt16, _ request: String = request) throws -> HTTPAnswerText {
        let connection = try TCPConnection(port: port)
        connection.send(request)
        return try HTTPAnswerText(connection.receiveAll())
    }

    @Test(arguments: WireProtocolKind.both)
    func theFiguresAreThoseOfKong(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server, port in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            for _ in 0..<20 { try kong.handleEvent(instance, "access") }
            try server.expectStatus("twenty") { $0.events("goplug")[.done] == 20 }
            let answer = try Self.ask(port)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.headers["content-length"] == "\(answer.body.utf8.count)")
            #expect(answer.headers["connection"] == "close")
            let metrics = try Exposition(answer.body)
            let labels = ["plugin": "goplug", "phase": "access"]
            #expect(metrics["swift_pluginserver_events_total", labels.merging(["result": "done"]) { $1 }] == 20)
            #expect(metrics["swift_pluginserver_events_running", labels] == 0)
            #expect(metrics["swift_pluginserver_event_duration_seconds_count", labels] == 20)
            #expect(metrics["swift_pluginserver_pdk_calls_total", labels] == 20)
            #expect(metrics["swift_pluginserver_instances", ["plugin": "goplug", "state": "running"]] == 1)
            #expect(try #require(metrics["swift_pluginserver_connections_accepted_total", [:]]) >= 1)
            // Plugins that nobody has used are there, too.
            #expect(metrics["swift_pluginserver_events_total", ["plugin": "noop", "phase": "access", "result": "failed"]] == 0)
        }
    }

    @Test func aUnixSocketDoes() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("metrics")
        let server = try TestServer(flags: ["--metrics", "unix:\(path)"])
        try server.waitForLog("metrics are at unix:\(path)")
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let connection = try RawConnection(path: path, timeout: .seconds(30))
        try connection.send(Array(Self.request.utf8))
        // A client that has nothing more to say may say so.
        connection.finishSending()
        let answer = try HTTPAnswerText(String(decoding: connection.receiveUntilClosed(), as: UTF8.self))
        #expect(try !Exposition(answer.body).families.isEmpty)
        try server.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func nothingListensUnlessItIsAskedFor() throws {
        try TestServer.run { server in
            try server.waitForLog("listens on")
            #expect(!server.log.contains("metrics"))
        }
    }

    @Test func otherRequestsHaveOtherAnswers() throws {
        try Self.run { _, port in
            let requests: [(String, Int)] = [
                ("GET /metrics HTTP/1.0\n\n", 200), ("GET /metrics?a=b HTTP/1.1\r\n\r\n", 200), ("GET / HTTP/1.1\r\n\r\n", 404),
                ("GET /metrics/ HTTP/1.1\r\n\r\n", 404), ("POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
                ("GET /metrics\r\n\r\n", 400), ("GET  /metrics HTTP/1.1\r\n\r\n", 400), ("get /metrics HTTP/1.1\r\n\r\n", 400),
                ("GET http://a/metrics HTTP/1.1\r\n\r\n", 400), ("GET /metrics HTTP/2.0\r\n\r\n", 400), ("\r\n\r\n", 400),
                ("\u{16}\u{3}\u{1}\0\n\n", 400), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            ]
            for (request, status) in requests {
                let answer = try Self.ask(port, request)
                #expect(answer.status == status, "\(request.debugDescription)")
                #expect(answer.headers["content-length"] == "\(answer.body.utf8.count)")
                #expect((answer.headers["allow"] == "GET, HEAD") == (status == 405))
            }
            let head = try Self.ask(port, Self.request.replacing("GET", with: "HEAD"))
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(try #require(head.headers["content-length"].flatMap { Int($0) }) > 1000)
        }
    }

    @Test func aRequestMayComeInPieces() throws {
        try Self.run { _, port in
            let connection = try TCPConnection(port: port)
            for byte in Self.request { connection.send(String(byte)) }
            #expect(try HTTPAnswerText(connection.receiveAll()).status == 200)
        }
    }

    @Test func headersHaveALimit() throws {
        try Self.run { server, port in
            let long = "GET /metrics HTTP/1.1\r\nX: " + String(repeating: "a", count: 100_000)
            #expect(try Self.ask(port, long).status == 431)
            let many = "GET /metrics HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 10_000)
            #expect(try Self.ask(port, many).status == 431)
            // The answer arrives although the client sends on.
            let connection = try TCPConnection(port: port)
            connection.send(long)
            for _ in 0..<10 { connection.send(String(repeating: "b", count: 1000)) }
            #expect(try HTTPAnswerText(connection.receiveAll()).status == 431)
            try server.expectService()
        }
    }

    /// They are closed by and by, and meanwhile others are answered: Kong as well as Prometheus.
    @Test func whoSaysHalfAndWaitsHoldsNobodyUp() throws {
        try Self.run { server, port in
            let descriptors = { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.process.pid)/fd").count }
            _ = try Self.ask(port)
            let before = try descriptors()
            let slow = try (0..<100).map { index in
                let connection = try TCPConnection(port: port)
                connection.send(String(Self.request.prefix(index % 40)))
                return connection
            }
            #expect(try Self.ask(port).status == 200)
            try server.expectService()
            #expect(try descriptors() <= before + 40)
            // Nobody is kept longer than the timeout; who has been pushed out is closed before.
            for connection in slow { #expect(try connection.receiveAll().isEmpty) }
            #expect(try eventually { try descriptors() <= before + 3 })
            #expect(try Self.ask(port).status == 200)
        }
    }

    @Test func whoAsksAndGoesLeavesNothing() throws {
        try Self.run { server, port in
            for _ in 0..<200 {
                let connection = try TCPConnection(port: port)
                connection.send(Self.request)
            }
            try onThreads(4) { _ in
                for _ in 0..<25 { guard try Self.ask(port).status == 200 else { throw TestFailure("not answered") } }
            }
            try server.expectService()
            #expect(!server.log.contains("[error]"))
        }
    }

    /// As when Kong reloads: the new server starts before the old one has ended.
    @Test func anAddressThatIsTakenIsWaitedFor() throws {
        try Self.run { old, port in
            let new = try TestServer(flags: ["--metrics", "127.0.0.1:\(port)"])
            try new.waitForLog("it is tried again: bind 127.0.0.1:\(port)")
            try new.expectService()
            old.process.send(SIGTERM)
            try new.waitForLog("metrics are at 127.0.0.1:\(port)")
            let metrics = try Exposition(Self.ask(port).body)
            #expect(metrics["swift_pluginserver_instance_starts_total", ["plugin": "goplug", "result": "done"]] == 2)
            try new.stop()
        }
    }

    /// Waiting would not help; a typing mistake is to be seen at once.
    @Test func aPlaceThatCannotBeIsSaidAtTheStart() throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try Data().write(to: URL(fileURLWithPath: directory.file("file")))
        let places = [
            "\(directory.path)/nowhere/x": "there is no directory \(directory.path)/nowhere\n  fix: make it, mkdir -p",
            "\(directory.path)/file/x": "\(directory.path)/file is no directory",
            directory.file("file"): "what is there is no socket, and is left as it is\n  fix: move it away",
            "/\(String(repeating: "x", count: 200))": "its path has more than 107 bytes",
        ]
        for flags in [[], ["--no-supervisor"]] {
            for (path, reason) in places {
                let run = try Program(["-kong-prefix", directory.path, "-plugins-directory", plugins, "--metrics", "unix:\(path)"] + flags)
                #expect(run.end == .exited(1))
                #expect(run.errors.contains("cannot answer Prometheus at unix:\(path): \(reason)"), "\(run.errors)")
            }
        }
    }

    @Test(arguments: ["9542", "localhost:9542", "127.0.0.1", "127.0.0.1:99999", "::1:9542", "[127.0.0.1]:1", "unix:", "256.0.0.1:1", ""])
    func whatIsNoAddressIsRefused(_ text: String) throws {
        let run = try Program(["--metrics", text])
        #expect(run.end == .exited(64), "\(run.errors)")
        #expect(run.errors.contains("--metrics"))
    }
}
