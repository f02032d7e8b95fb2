import KongClient
import Testing
import WireProtocol

/// Every method of MessagePack-RPC, and every kind of step.
@Suite struct MessagePackMethodTests {
    @Test func instancesHaveAStatusUntilTheyAreClosed() throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            let started = try kong.startedInstance("goplug", config: #"{"attach":true,"__seq__":3,"__key__":"k"}"#)
            #expect(started.name == "goplug")
            #expect(started.config == ["attach": true])
            #expect(try kong.instanceStatus(started.id) == started)
            #expect(try kong.closeInstance(started.id) == started)
            let unknown = KongClientError.refused("No plugin instance \(started.id)")
            #expect(throws: unknown) { try kong.instanceStatus(started.id) }
            #expect(throws: unknown) { try kong.closeInstance(started.id) }
            #expect(throws: unknown) { try kong.handleEvent(started.id, "access") }
        }
    }

    @Test func statusCountsInstancesByPlugin() throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            let ids = try (0..<3).map { _ in try kong.startInstance("noop", config: "{}") }
            let status = try kong.getStatus()
            #expect(status["Pid"]?.integer == Int64(server.process.pid))
            #expect(kong.serverPid == Int64(server.process.pid))
            let plugins = try #require(status["Plugins"])
            #expect(plugins["noop"]?["Instances"]?.items?.compactMap { $0["Id"]?.integer } == ids.sorted())
            #expect(plugins["goplug"]?["Instances"] == [])
            #expect((plugins["noop"]?["LastStartInstance"]?.integer ?? 0) > 1_600_000_000)
            #expect(plugins["noop"]?["LastCloseInstance"] == 0)
            try kong.closeInstance(ids[1])
            let after = try #require(kong.getStatus()["Plugins"]?["noop"])
            #expect(after["Instances"]?.items?.count == 2)
            #expect((after["LastCloseInstance"]?.integer ?? 0) > 1_600_000_000)
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func pluginInfo(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run { server in
            let info = try server.kong(wireProtocol).getPluginInfo("tencalls")
            #expect(info["Name"] == "tencalls")
            #expect(info["Version"] == "1.0.0")
            #expect(info["Priority"] == 1)
            #expect(info["Phases"] == ["access"])
            if wireProtocol == .protoBuf {
                #expect(info["Schema"]?.text?.contains(#""name":"tencalls""#) == true)
                #expect(try server.kong(.protoBuf).getPluginNames() == ["goplug", "noop", "tencalls", "zoo"])
            }
            #expect(throws: KongClientError.self) { try server.kong(wireProtocol).getPluginInfo("nope") }
        }
    }

    /// Kong answers with a method that says the result's type. To the server they are all steps.
    @Test(arguments: [
        "plugin.Step", "plugin.StepMultiMap", "plugin.StepCredential", "plugin.StepRoute", "plugin.StepService",
        "plugin.StepConsumer", "plugin.StepMemoryStats",
    ])
    func step(_ method: String) throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            let instance = try kong.startInstance("tencalls", config: "{}")
            var step = try kong.call("plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": "access"])
            let event = try #require(step["EventId"])
            for index in 0..<10 {
                let isQuestion = index % 2 == 0
                #expect(
                    step["Data"] == [
                        "Method": isQuestion ? "kong.request.get_header" : "kong.service.request.set_header",
                        "Args": isQuestion ? ["host"] : ["x-i", .string("host \(index - 1)")],
                    ])
                step = try kong.call(method, ["EventId": event, "Data": .string("host \(index)")])
                #expect(step["EventId"] == event)
            }
            #expect(step["Data"] == "ret")
        }
    }

    /// Lua has one kind of number: what Kong sends as an id may be a float.
    @Test func wholeFloatsAreIntegers() throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            let id = Double(try kong.startInstance("noop", config: "{}"))
            #expect(try kong.call("plugin.InstanceStatus", .number(id))["Name"] == "noop")
            let end = try kong.call("plugin.HandleEvent", ["InstanceId": .number(id), "EventName": "access"])
            #expect(end["Data"] == "ret")
        }
    }

    /// Kong leaves the key out where nothing is configured; its configuration of nothing at all is an empty array.
    @Test(arguments: ["", "null", "[]", "{}"])
    func anEmptyConfigurationIsTheDefaults(_ config: String) throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            // No text at all is no JSON, but a client other than Kong may leave the key out.
            let argument: OwnedValue =
                config.isEmpty ? ["Name": "goplug"] : ["Name": "goplug", "Config": .string(config)]
            let started = try kong.call("plugin.StartInstance", argument)
            #expect(started["Config"] == ["attach": false])
        }
    }

    @Test func aFieldThatIsNullHasItsDefault() throws {
        try TestServer.run { server in
            let started = try server.kong(.messagePack).startedInstance("goplug", config: #"{"attach":null,"unknown":[1,{}]}"#)
            #expect(started.config == ["attach": false])
        }
    }

    /// An id belongs to one request at a time; in which order they come, and how large they are, is the client's affair.
    @Test(arguments: [0, 1, 127, 128, 255, 256, 65535, 65536, 4_294_967_295, 4_294_967_296, Int64.max])
    func anyMessageIDComesBack(_ id: Int64) throws {
        try TestServer.run { server in
            let connection = try server.connect()
            try connection.send(MessagePack.request(id, "plugin.InstanceStatus", 1))
            #expect(try MessagePack.decode(connection.receiveMessagePack()).items?.first == 2)
            let answer = try MessagePack.decode(connection.receiveMessagePack())
            #expect(answer == [1, .integer(id), "No plugin instance 1", nil])
        }
    }
}
