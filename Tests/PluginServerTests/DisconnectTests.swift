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
