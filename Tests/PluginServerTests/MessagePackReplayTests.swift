import KongClient
import Testing
import WireProtocol

/// The conversations that were recorded with go-pluginserver, played again.
@Suite struct MessagePackReplayTests {
    private static let recordings = try? Recording.all(in: "go-pluginserver-rpc.json")

    /// Where this server does not do what go-pluginserver did: by scenario, by request (counted from 0), and why.
    private static let differences: [String: [Int: (does: Difference, why: String)]] = [
        "GetPluginInfo goplug": [0: (.result(withDefault), "a schema says defaults, so that Kong shows them")],
        "GetPluginInfo nope": [0: (.error("no plugin nope: there is no nope.so and no libnope.so in "), "says what to do")],
        "StartInstance: bad JSON": [0: (.error("Decoding config: invalid JSON"), "another parser's words")],
        "StartInstance: wrong type in config": [0: (.error("attach"), "another parser's words; the field is named")],
        "StartInstance: unknown plugin": [0: (.error("no plugin nope"), "says what to do")],
        // zoo's configuration of 16 fields tested Go's reflection; here it has the one field that is used.
        "StepError": [0: (.result { _ in zooStatus("err") }, "zoo has fewer fields here")],
        "kong.response.exit": [0: (.result { _ in zooStatus("exit") }, "zoo has fewer fields here")],
        "malformed or odd: params empty": [
            0: (.error("plugin.InstanceStatus: the argument is not an integer"), "Go takes what is missing for instance 0")
        ],
        "GetStatus: fresh, then with instances": [
            0: (.result { _ in status([], []) }, "all plugins are loaded when the server starts"),
            2: (.result { _ in zooStatus("") }, "zoo has fewer fields here"),
            3: (.result { _ in status([true], [""]) }, "as above"),
            4: (.result { _ in status([true], [""]) }, "as above"),
            5: (.result { _ in status([true], [""]) }, "as above"),
        ],
    ]

    /// Scenarios in which more is different than an answer; each has a test of its own below.
    private static let others: Set<String> = ["connect", "SetPluginDir", "two requests in one write", "malformed or odd: byte c1"]

    @Test func recordingsAreThere() {
        #expect(Self.recordings?.count == 33)
    }

    @Test func conversationsGoAsRecorded() throws {
        // An event whose step never comes is left over.
        try TestServer.run(flags: ["--shutdown-timeout", "0.5"]) { server in
            for recording in Self.recordings ?? [] where !Self.others.contains(recording.scenario) {
                do {
                    try play(recording, on: server)
                } catch {
                    Issue.record("\(recording.scenario): \(error)")
                }
            }
            for scenario in Self.differences.keys {
                #expect(Self.recordings?.contains { $0.scenario == scenario } == true, "no scenario \(scenario)")
            }
        }
    }

    /// In GetStatus nothing must be left of other scenarios, so each has a server's state of its own: instances that
    /// are left are closed.
    private func play(_ recording: Recording, on server: TestServer) throws {
        let replay = MessagePackReplay(server)
        var request = -1
        for step in recording.steps {
            guard let name = step.conn else { continue }
            if step.event == "connect" {
                try replay.connect(name)
            } else if step.isFromKong {
                request += 1
                if recording.scenario.contains("byte by byte") {
                    for byte in step.bytes { try replay.connection(name).send([byte]) }
                } else {
                    try replay.connection(name).send(replay.request(step.bytes))
                }
            } else if step.dir != nil {
                // Two answers stand in the recording as text alone: that of "no such file", with other words here.
                let bytes = try step.hex == nil ? MessagePack.encode([1, 1, .string(step.decoded ?? ""), nil]) : step.bytes
                let difference = Self.differences[recording.scenario]?[request]
                let why = difference.map { " (different, since: \($0.why))" } ?? ""
                try replay.expect(bytes, on: name, difference?.does, "\(recording.scenario), request \(request)\(why)")
            }
        }
        let kong = server.kong(.messagePack)
        for plugin in try kong.getStatus()["Plugins"]?.entries ?? [:] {
            for instance in plugin.value["Instances"]?.items ?? [] {
                if let id = instance["Id"]?.integer { try kong.closeInstance(id) }
            }
        }
    }

    /// go-pluginserver says its pid at once. This server cannot: a ProtoBuf:1 client would take it for a frame.
    @Test func saysNothingBeforeItIsSpokenTo() throws {
        try TestServer.run { server in
            let connection = try server.connect()
            // Accepted after the first one, and so answered after the first one would have been.
            try server.expectService()
            #expect(connection.isQuiet)
            try connection.send(MessagePack.request(1, "plugin.GetStatus", 0))
            let pid = try MessagePack.decode(connection.receiveMessagePack())
            #expect(pid == [2, "serverPid", .integer(Int64(server.process.pid))])
        }
    }

    /// go-pluginserver took any directory, and looked there for what it had not loaded yet. Here plugins are loaded when the
    /// server starts: another directory would be silently without effect. (The request's bytes are not in the recording.)
    @Test func takesNoOtherPluginDirectory() throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            #expect(try kong.call("plugin.SetPluginDir", .string(server.plugins)) == "ok")
            #expect(throws: KongClientError.self) { try kong.call("plugin.SetPluginDir", "/plugins") }
            try server.expectService()
        }
    }

    /// go-pluginserver answered one of two requests that came at once, and broke the connection at the next.
    @Test func answersTwoRequestsInOneWrite() throws {
        let recording = try #require(Self.recordings?.first { $0.scenario == "two requests in one write" })
        try TestServer.run { server in
            let replay = MessagePackReplay(server)
            try replay.connect("A")
            let connection = try replay.connection("A")
            for step in recording.steps where step.isFromKong { try connection.send(step.bytes) }
            try replay.expectPid("A", "two requests in one write")
            for (id, instance) in [(11, 9999), (12, 9998), (13, 9997)] as [(Int64, Int)] {
                let answer = try MessagePack.decode(connection.receiveMessagePack())
                #expect(answer == [1, .integer(id), .string("No plugin instance \(instance)"), nil])
            }
        }
    }

    /// c1 is not the first byte of a request, so go-pluginserver closed. Here it may be the first of a frame's length,
    /// which shows to be too much with the next ones.
    @Test func closesOnWhatIsNoRequest() throws {
        let recording = try #require(Self.recordings?.first { $0.scenario == "malformed or odd: byte c1" })
        try TestServer.run { server in
            let connection = try server.connect()
            for step in recording.steps where step.isFromKong { try connection.send(step.bytes) }
            #expect(try connection.receiveUntilClosed() == [])
            try server.expectService()
        }
    }

    // MARK: What is different

    @Sendable private static func withDefault(_ recorded: OwnedValue) -> OwnedValue {
        guard case .map(var info) = recorded else { return recorded }
        info[Array("Schema".utf8)] = [
            "name": "goplug",
            "fields": [["config": ["type": "record", "fields": [["attach": ["type": "boolean", "default": false]]]]]],
        ]
        return .map(info)
    }

    private static func zooStatus(_ mode: OwnedValue) -> OwnedValue {
        ["Name": "zoo", "Id": 0, "Config": ["mode": mode], "StartTime": 0]
    }

    private static func status(_ goplugs: [OwnedValue], _ zoos: [OwnedValue]) -> OwnedValue {
        func plugin(_ name: OwnedValue, _ instances: [OwnedValue]) -> OwnedValue {
            [
                "Name": name, "Modtime": 0, "LoadTime": 0, "Instances": .array(instances), "LastStartInstance": 0,
                "LastCloseInstance": 0,
            ]
        }
        return [
            "Pid": 0,
            "Plugins": [
                "goplug": plugin(
                    "goplug", goplugs.map { ["Name": "goplug", "Id": 0, "Config": ["attach": $0], "StartTime": 0] }),
                "zoo": plugin("zoo", zoos.map(zooStatus)), "noop": plugin("noop", []), "tencalls": plugin("tencalls", []),
            ],
        ]
    }
}
