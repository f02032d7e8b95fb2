import KongClient
import Testing
import WireProtocol

/// Clients that go away in the middle of an event.
@Suite struct DisconnectTests {
    private func event(_ instance: Int64) -> OwnedValue { ["InstanceId": .integer(instance), "EventName": "access"] }

    private func start(_ server: TestServer, _ config: String) throws -> Int64 {
        try server.kong(.messagePack).startInstance("misbehaving", config: config)
    }

    @Test func protoBufInPlaceOfAnAnswer() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let instance = try start(server, #"{"mode":"ask","text":"it"}"#)
            for _ in 0..<10 {
                let connection = try server.connect()
                try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
                _ = try connection.receiveFrame()
                _ = try connection.receiveFrame()
                connection.close()
            }
            let count = 10
            #expect(eventually { server.log.split(separator: "\n").count { $0 == "misbehaving: it failed: cancelled" } == count })
            try server.expectService()
        }
    }

    /// However many clients go, the log has a line a second, and says how many there were.
    @Test func protoBufAfterTheHandler() throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "1"]) { server in
            let instance = try start(server, #"{"mode":"many","count":3}"#)
            let line = "misbehaving: access failed: Kong closed the connection instead of answering"
            let begin = ContinuousClock.now
            var closed = 0
            // Once more when that second is over.
            while closed < 20 || !server.log.contains(" more like this)") {
                let connection = try server.connect()
                try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
                _ = try connection.receiveFrame()
                connection.close()
                closed += 1
                guard begin.duration(to: .now) < .seconds(60) else { break }
            }
            let lines = server.log.split(separator: "\n").filter { $0.contains(line) }
            #expect(lines.count >= 2 && lines.count <= 2 + Int(begin.duration(to: .now).components.seconds))
            let leftOut = try #require(lines.compactMap { $0.firstMatch(of: #/\(and (\d+) more like this\)/#) }.first.flatMap { Int($0.1) })
            #expect(leftOut >= 1 && leftOut < closed)
        }
    }

    /// The event's end is told to its handler, which sleeps: the server need not wait for it when it ends.
    @Test(arguments: WireProtocolKind.both)
    func whileTheHandlerIsBusy(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let instance = try start(server, #"{"mode":"sleep","count":3600000}"#)
            for _ in 0..<10 {
                let connection = try server.connect()
                switch wireProtocol {
                case .messagePack: try connection.send(MessagePack.request(1, "plugin.HandleEvent", event(instance)))
                case .protoBuf: try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
                }
                try server.expectService()
                connection.close()
            }
            try server.expectService()
            try server.stop()
            #expect(!server.log.contains("have not finished in time"))
        }
    }

    /// Over MessagePack an event belongs to no connection: the step may come over another one, also when the first is gone.
    @Test func messagePackBetweenTwoSteps() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let instance = try start(server, #"{"mode":"ask","text":"it"}"#)
            let connection = try server.connect()
            try connection.send(MessagePack.request(1, "plugin.HandleEvent", event(instance)))
            _ = try connection.receiveMessagePack("serverPid")
            let step = try #require(MessagePack.decode(connection.receiveMessagePack()).items?[3])
            connection.close()
            let end = try server.kong(.messagePack).call("plugin.Step", ["EventId": step["EventId"] ?? nil, "Data": "host"])
            #expect(end["Data"] == "ret")
            try server.waitForLog("misbehaving: it got host")
        }
    }

    /// Nobody can connect any more who would bring the step: the server does not wait for it.
    @Test(arguments: [#"{"mode":"ask","text":"it"}"#, #"{"mode":"many","count":3}"#], [1, 3])
    func messagePackBetweenTwoStepsWhenTheServerEnds(config: String, loops: Int) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "\(loops)"]) { server in
            let instance = try start(server, config)
            let connections = try (0..<loops).map { _ in try server.connect() }
            for connection in connections {
                try connection.send(MessagePack.request(1, "plugin.HandleEvent", event(instance)))
                _ = try connection.receiveMessagePack("serverPid")
                _ = try connection.receiveMessagePack("step")
            }
            // Another connection is no reason to wait.
            let idle = try server.connect()
            for connection in connections { connection.close() }
            try server.stop()
            idle.close()
            #expect(!server.log.contains("have not finished in time"))
            #expect(server.log.contains("Kong did not come back from "))
        }
    }

    /// Only the process that has begun an event can go on with it.
    @Test(arguments: [#"{"mode":"ask","text":"it"}"#, #"{"mode":"many","count":3}"#])
    func messagePackOfAProcessThatIsGone(config: String) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let instance = try start(server, config)
            let client = try MortalClient(MessagePack.request(1, "plugin.HandleEvent", event(instance)), to: server.socket)
            // Its worker is replaced, and waits for it.
            let old = try server.worker()
            let reload = try Program(["reload", "-kong-prefix", server.directory.path])
            #expect(reload.end == .exited(0), "\(reload.errors)")
            let isSeen = try eventually {
                let finishing = try server.status().workers.first?.retiring.first
                return finishing?.pid == old && finishing?.events == 1 && (1...65).contains(finishing?.secondsLeft ?? 0)
            }
            #expect(isSeen)
            let people = try Program(["status", "-kong-prefix", server.directory.path])
            #expect(people.outputText.contains("before it pid \(old), which waits for 1 event and 0 connections, "), "\(people.outputText)")
            client.end()
            #expect(eventually(within: .seconds(20)) { hasEnded(old) })
            try server.expectStatus("it is over") { $0.unfinishedEvents == 0 && $0.events().running == 0 && $0.events("misbehaving")[.timedOut] == 0 }
            #expect(!server.log.contains("has not finished its events"))
            #expect(server.log.contains("misbehaving: access is cancelled: Kong did not come back from ") || config.contains("many"))
            try server.expectService()
        }
    }

    /// Kong never comes back to an event whose call it has refused: that shows in time alone.
    @Test func messagePackForEver() throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--step-timeout", "0.1"]) { server in
            let instance = try start(server, #"{"mode":"ask","text":"it"}"#)
            let kong = server.kong(.messagePack)
            try kong.handleEvent(instance, "access") { _ in .neverAnswers }
            try server.waitForLog("misbehaving: it failed: cancelled")
            try server.expectService()
        }
    }

    /// A client that asks and does not read must not fill the server's memory, nor keep others waiting.
    @Test func aClientThatDoesNotReadItsAnswers() throws {
        try TestServer.run(flags: ["--loops", "1"]) { server in
            let greedy = try RawConnection(path: server.socket, timeout: .milliseconds(500))
            let requests = try (0..<2000).flatMap { try MessagePack.request($0, "plugin.GetPluginInfo", "goplug") }
            // Sooner or later the server stops reading, and there is no more room to send.
            #expect(throws: KongClientError.timedOut(waitingFor: "room to send")) {
                for _ in 0..<10_000 { try greedy.send(requests) }
            }
            try server.expectService()
            greedy.close()
            try server.expectService()
        }
    }

    /// A message may be larger than the memory that the server may have: that is its sender's loss, and nobody else's.
    @Test func aMessageThatThereIsNoMemoryFor() throws {
        let flags = ["--loops", "1", "--worker-memory", "\(512 << 20)", "--max-message-size", "\(1 << 30)"]
        try TestServer.run(flags: flags) { server in
            try server.expectService()
            let worker = try server.worker()
            let connection = try server.connect()
            let size = UInt32(1 << 30)
            try connection.send((0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) })
            let piece = [UInt8](repeating: 0, count: 1 << 20)
            #expect(throws: KongClientError.self) {
                for _ in 0..<1023 { try connection.send(piece) }
            }
            try server.waitForLog("closing a connection: there is no memory for its messages")
            try server.expectService()
            #expect(try server.worker() == worker)
        }
    }

    @Test func connectionsThatSayNothing() throws {
        try TestServer.run { server in
            let silent = try (0..<500).map { _ in try server.connect() }
            try server.expectService()
            for connection in silent { connection.finishSending() }
            for connection in silent { #expect(try connection.receiveUntilClosed() == []) }
            try server.expectService()
        }
    }
}
