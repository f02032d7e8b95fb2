import Glibc
import KongClient
import LoopbackHTTP
import Testing
import WireProtocol

/// The plugin http-log in a server: what it does to the server's other requests, and to its end.
@Suite struct HTTPLogPluginTests {
    private static let plugins = ["http-log": "http-log", "goplug": "goplug"]

    private func config(_ logs: LoopbackServer, _ queue: String = "{}") -> String {
        #"{"http_endpoint":"\#(logs.url("/logs"))","headers":{"x-token":"t"},"queue":\#(queue),"__key__":"k"}"#
    }

    private func log(_ kong: KongClient, _ instance: Int64, _ record: String) throws {
        let calls = try kong.handleEvent(instance, "log") { call in
            call.method == "kong.log.serialize" ? .value(.string(record)) : .nothing
        }
        #expect(calls == [PDKCall("kong.log.serialize")])
    }

    @Test(arguments: WireProtocolKind.both)
    func recordsArriveAndTheLoopServesOthersMeanwhile(_ wireProtocol: WireProtocolKind) throws {
        let gate = Gate()
        let logs = try LoopbackServer([.statusWhenOpened(gate, 200)])
        defer { logs.stop() }
        try TestServer.run(Self.plugins, flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("http-log", config: config(logs))
            try log(kong, instance, #"{"number":1}"#)
            #expect(eventually { logs.requests.count == 1 })
            // The log server keeps its answer back.
            let other = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            #expect(try kong.handleEvent(other, "access").map(\.method) == ["kong.service.request.set_header"])
            try log(kong, instance, #"{"number":2}"#)
            #expect(logs.requests.count == 1)
            gate.open()
            #expect(eventually { logs.requests.count == 2 })
            #expect(logs.requests.map(\.body) == [#"{"number":1}"#, #"{"number":2}"#])
            #expect(logs.requests.map(\.line) == Array(repeating: "POST /logs HTTP/1.1", count: 2))
            #expect(logs.requests.first?.headers["x-token"] == "t")
        }
    }

    /// Closing a configuration and ending the server both send what waits for its batch to fill.
    @Test(arguments: WireProtocolKind.both)
    func nothingIsLeftBehind(_ wireProtocol: WireProtocolKind) throws {
        let logs = try LoopbackServer()
        defer { logs.stop() }
        let queue = #"{"max_batch_size":100,"max_coalescing_delay":3600}"#
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let closed = try kong.startInstance("http-log", config: config(logs, queue))
            for number in 1...3 { try log(kong, closed, "\(number)") }
            try kong.closeInstance(closed)
            #expect(eventually { logs.requests.map(\.body) == ["[1,2,3]"] })
            let open = try kong.startInstance("http-log", config: config(logs, queue))
            for number in 4...5 { try log(kong, open, "\(number)") }
        }
        #expect(logs.requests.map(\.body) == ["[1,2,3]", "[4,5]"])
    }

    @Test func aServerThatEndsWaitsNoLongerThanItIsToldAndSaysWhatIsLost() throws {
        let logs = try LoopbackServer([.silence])
        defer { logs.stop() }
        let server = try TestServer(Self.plugins, flags: ["--shutdown-timeout", "50"])
        let kong = server.kong(.protoBuf)
        let instance = try kong.startInstance("http-log", config: config(logs, #"{"shutdown_timeout":0.1}"#))
        for number in 1...3 { try log(kong, instance, "\(number)") }
        #expect(eventually { logs.requests.count == 1 })
        let start = ContinuousClock.now
        try server.stop()
        #expect(ContinuousClock.now - start < .seconds(40))
        #expect(server.log.contains("http-log: records lost: 3 not delivered: there was no time left"), "\(server.log)")
    }

    @Test(arguments: WireProtocolKind.both)
    func lossesAreToldInKongsLog(_ wireProtocol: WireProtocolKind) throws {
        let logs = try LoopbackServer([.status(403)])
        defer { logs.stop() }
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("http-log", config: config(logs))
            try log(kong, instance, "1")
            var told: [PDKCall] = []
            let isTold = try eventually {
                told = try kong.handleEvent(instance, "log") { call in
                    call.method == "kong.log.serialize" ? .value("2") : .nothing
                }
                return told.count == 2
            }
            #expect(isTold)
            #expect(
                told.last
                    == .logErr("http-log: records lost: 1 not delivered: 127.0.0.1:\(logs.port) answered with status 403"))
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func anEndpointThatIsNoneIsSaid(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            try server.expectNoStart(
                wireProtocol, "http-log", #"{"http_endpoint":"https://logs/"}"#, in: "log",
                saying: #"the endpoint "https://logs/" is not http://host:port/path"#)
        }
    }

    /// A thread of each configuration's own, and only as long as there is one.
    @Test func threadsEndWithTheirConfigurations() throws {
        let logs = try LoopbackServer()
        defer { logs.stop() }
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.protoBuf)
            let task = "/proc/\(try server.worker())/task"
            func threads() -> Int { (try? entries(of: task))?.count ?? 0 }
            let first = try kong.startInstance("http-log", config: config(logs))
            try log(kong, first, "0")
            #expect(eventually { logs.requests.count == 1 })
            let before = threads()
            let instances = try (1...40).map { number in
                try kong.startInstance("http-log", config: config(logs, #"{"max_entries":\#(number)}"#))
            }
            for instance in instances { try log(kong, instance, "1") }
            #expect(eventually { logs.requests.count == 41 })
            #expect(threads() >= 41)
            for instance in instances { try kong.closeInstance(instance) }
            #expect(eventually { threads() < before + 20 }, "\(threads()) threads, \(before) before")
        }
    }

    private func entries(of directory: String) throws -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while readdir(stream) != nil { names.append("") }
        return names
    }
}
