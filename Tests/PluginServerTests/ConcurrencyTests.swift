import KongClient
import Testing
import WireProtocol

/// Many connections, and events that move from one to another.
@Suite struct ConcurrencyTests {
    private func tenCalls(_ host: String) -> [PDKCall] {
        (0..<5).flatMap { _ in [PDKCall("kong.request.get_header", ["host"]), .setHeader("x-i", host)] }
    }

    private func answer(_ host: String) -> (PDKCall) -> PDKReply {
        { $0.method == "kong.request.get_header" ? .value(.string(host)) : .nothing }
    }

    /// Kong takes any connection of its pool for each step; with three loops each step comes to another loop.
    @Test(arguments: [1, 2, 3])
    func stepsComeOverOtherConnections(_ loops: Int) throws {
        try TestServer.run(flags: ["--loops", "\(loops)"]) { server in
            let kong = server.kong(.messagePack, choosing: .oldest)
            // As many that no step of an event comes over the connection of the step before.
            try kong.openConnections(loops + 1)
            let instance = try kong.startInstance("tencalls", config: "{}")
            for index in 0..<30 {
                let host = "host \(index)"
                #expect(try kong.handleEvent(instance, "access", answering: answer(host)) == tenCalls(host))
            }
        }
    }

    @Test func eventsOfManyRequestsShareAPoolOfConnections() throws {
        try TestServer.run(flags: ["--loops", "3"]) { server in
            let kong = server.kong(.messagePack, choosing: .oldest)
            let instance = try kong.startInstance("tencalls", config: "{}")
            try onThreads(16) { thread in
                for index in 0..<20 {
                    let host = "\(thread).\(index)"
                    let calls = try kong.handleEvent(instance, "access", answering: answer(host))
                    guard calls == tenCalls(host) else { throw TestFailure("\(host): \(calls)") }
                }
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func manyConnectionsAtOnce(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(flags: ["--loops", "2"]) { server in
            let instance = try server.kong(wireProtocol).startInstance("tencalls", config: "{}")
            try onThreads(64) { thread in
                let kong = server.kong(wireProtocol)
                for index in 0..<50 {
                    let host = "\(thread).\(index)"
                    let calls = try kong.handleEvent(instance, "access", answering: answer(host))
                    guard calls == tenCalls(host) else { throw TestFailure("\(host): \(calls)") }
                }
            }
        }
    }

    @Test func bothProtocolsAtOnce() throws {
        try TestServer.run(flags: ["--loops", "2"]) { server in
            try onThreads(16) { thread in
                let kong = server.kong(thread % 2 == 0 ? .messagePack : .protoBuf)
                for index in 0..<20 {
                    let instance = try kong.startInstance("tencalls", config: "{}")
                    let host = "\(thread).\(index)"
                    let calls = try kong.handleEvent(instance, "access", answering: answer(host))
                    guard calls == tenCalls(host) else { throw TestFailure("\(host): \(calls)") }
                    try kong.closeInstance(instance)
                }
            }
            let plugins = try server.kong(.messagePack).getStatus()["Plugins"]
            #expect(plugins?["tencalls"]?["Instances"] == [])
        }
    }

    /// A client may have two events under way on one MessagePack connection, and the answers come as they are ready.
    @Test func aConnectionCanHaveSeveralEventsUnderWay() throws {
        try TestServer.run { server in
            let instance = try server.kong(.messagePack).startInstance("tencalls", config: "{}")
            let connection = try server.connect()
            let event: OwnedValue = ["InstanceId": .integer(instance), "EventName": "access"]
            for id in 1...3 { try connection.send(MessagePack.request(Int64(id), "plugin.HandleEvent", event)) }
            #expect(try MessagePack.decode(connection.receiveMessagePack()).items?.first == 2)
            var ids: [OwnedValue: OwnedValue] = [:]
            for _ in 1...3 {
                let parts = try #require(MessagePack.decode(connection.receiveMessagePack()).items)
                ids[parts[1]] = parts[3]["EventId"]
                #expect(parts[3]["Data"]?["Method"] == "kong.request.get_header")
            }
            #expect(Set(ids.keys) == [1, 2, 3])
            #expect(Set(ids.values).count == 3)
            // Steps in another order, each with an answer of its own.
            for id: Int64 in [3, 1, 2] {
                let step: OwnedValue = ["EventId": try #require(ids[.integer(id)]), "Data": .string("host \(id)")]
                try connection.send(MessagePack.request(10 + id, "plugin.Step", step))
                let parts = try #require(MessagePack.decode(connection.receiveMessagePack()).items)
                #expect(parts[1] == .integer(10 + id))
                #expect(parts[3]["Data"]?["Args"] == ["x-i", .string("host \(id)")])
            }
            for id: Int64 in [2, 3, 1] {
                let calls = try finish(#require(ids[.integer(id)]), id, on: connection)
                #expect(calls == 8)
            }
        }
    }

    /// Answers the rest of an event's calls, and counts them.
    private func finish(_ event: OwnedValue, _ id: Int64, on connection: RawConnection) throws -> Int {
        for count in 0... {
            let request = try MessagePack.request(100 * id + Int64(count), "plugin.Step", ["EventId": event, "Data": "host"])
            try connection.send(request)
            let parts = try #require(MessagePack.decode(connection.receiveMessagePack()).items)
            if parts[3]["Data"] == "ret" { return count }
        }
        return 0
    }
}
