import KongClient
import Testing
import WireProtocol

/// Bytes that are no MessagePack-RPC, or none that makes sense. After each the server serves on.
@Suite struct HostileMessagePackTests {
    /// Arguments that are not the method's are an answer, and the connection is as good as before.
    @Test func wrongArgumentsAreAnErrorInTheAnswer() throws {
        try TestServer.run { server in
            let kong = server.kong(.messagePack)
            let instance = OwnedValue.integer(try kong.startInstance("goplug", config: "{}"))
            let wrong: [(method: String, argument: OwnedValue)] = [
                ("plugin.StartInstance", nil), ("plugin.StartInstance", 5), ("plugin.StartInstance", []),
                ("plugin.StartInstance", ["Config": "{}"]), ("plugin.StartInstance", ["Name": 5, "Config": "{}"]),
                ("plugin.StartInstance", ["Name": "goplug", "Config": 5]),
                ("plugin.StartInstance", ["Name": "goplug", "Config": ["attach": true]]),
                ("plugin.StartInstance", ["Name": "../goplug", "Config": "{}"]),
                ("plugin.StartInstance", ["Name": "", "Config": "{}"]),
                ("plugin.StartInstance", ["Name": "goplug", "Config": "{\"attach\":tru"]),
                ("plugin.StartInstance", ["Name": "goplug", "Config": "{\"attach\":[true]}"]),
                ("plugin.StartInstance", ["Name": "goplug", "Config": .string([0x7b, 0xff, 0x7d])]),
                ("plugin.HandleEvent", nil), ("plugin.HandleEvent", ["EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": instance]), ("plugin.HandleEvent", ["InstanceId": instance, "EventName": 1]),
                ("plugin.HandleEvent", ["InstanceId": "1", "EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": 1.5, "EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": .number(.nan), "EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": -1, "EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": .integer(.max), "EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": .number(1e300), "EventName": "access"]),
                ("plugin.HandleEvent", ["InstanceId": instance, "EventName": "ACCESS"]),
                ("plugin.HandleEvent", ["InstanceId": instance, "EventName": "header_filter"]),
                ("plugin.Step", nil), ("plugin.Step", [:]), ("plugin.Step", ["EventId": "x"]), ("plugin.Step", ["EventId": -1]),
                ("plugin.Step", ["EventId": .integer(.min)]), ("plugin.Step", ["EventId": .integer(.max)]),
                ("plugin.Step", ["EventId": 255]), ("plugin.StepError", ["EventId": 0, "Data": "x"]),
                ("plugin.StepMultiMap", ["EventId": .integer(1 << 52)]), ("plugin.InstanceStatus", nil), ("plugin.InstanceStatus", "1"),
                ("plugin.InstanceStatus", ["Id": instance]), ("plugin.InstanceStatus", -5),
                ("plugin.CloseInstance", .integer(.max)), ("plugin.CloseInstance", nil), ("plugin.CloseInstance", [instance]),
                ("plugin.GetPluginInfo", nil), ("plugin.GetPluginInfo", 1), ("plugin.GetPluginInfo", "../../etc/passwd"),
                ("plugin.SetPluginDir", nil), ("plugin.Nope", nil), ("", nil), ("GetStatus", 0), ("plugin.", 0),
                (String(repeating: "m", count: 5000), 0),
            ]
            for (method, argument) in wrong {
                do {
                    let result = try kong.call(method, argument)
                    Issue.record("\(method.prefix(40))(\(argument)) is answered with \(result)")
                } catch KongClientError.refused {}
                #expect(try kong.instanceStatus(#require(instance.integer)).name == "goplug")
            }
            try server.expectService()
        }
    }

    /// A request whose parts cannot be told apart cannot be answered.
    @Test func whatHasNoIDClosesTheConnection() throws {
        try TestServer.run(flags: ["--max-message-size", "65536"]) { server in
            let good = try MessagePack.request(1, "plugin.GetStatus", 0)
            let messages: [[UInt8]] = [
                // Another type than a request's; an id, method or size that are none.
                try MessagePack.encode([1, 1, nil, "x"]), try MessagePack.encode([2, "serverPid", 1]),
                try MessagePack.encode([0, 1, 5, []]), try MessagePack.encode([0, nil, "plugin.GetStatus", []]),
                try MessagePack.encode([0, -1, "plugin.GetStatus", []]), try MessagePack.encode([0, "1", "plugin.GetStatus", []]),
                try MessagePack.encode([0, 1, "plugin.GetStatus"]) + good + good,
                try MessagePack.encode([0, 1, "plugin.GetStatus", [], []]) + good + good,
                // Lengths of 4 GiB: of a string, an array, a map, binary and an extension.
                [0x94, 0, 1, 0xdb, 0xff, 0xff, 0xff, 0xff], [0x94, 0, 1, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff],
                [0x94, 0, 1, 0xa1, 0x61, 0x91, 0xdf, 0xff, 0xff, 0xff, 0xff],
                [0x94, 0, 1, 0xa1, 0x61, 0x91, 0xc6, 0xff, 0xff, 0xff, 0xff],
                [0x94, 0, 1, 0xa1, 0x61, 0x91, 0xc9, 0xff, 0xff, 0xff, 0xff],
                // The byte that MessagePack never uses.
                [0x94, 0, 1, 0xa1, 0x61, 0x91, 0xc1],
                // One byte more than the limit allows.
                try MessagePack.request(1, "plugin.GetPluginInfo", .string(String(repeating: "x", count: 65536))),
            ]
            for message in messages {
                let connection = try server.connect()
                // The server may close before it has read all.
                do { try connection.send(message) } catch KongClientError.closed {}
                let answer = try connection.receiveUntilClosed()
                let pid = try MessagePack.encode([2, "serverPid", .integer(Int64(server.process.pid))])
                #expect(answer == [] || answer == pid, "\(message.prefix(20)): \(answer)")
                try server.expectService()
            }
            #expect(server.log.contains("closing a connection that sent what cannot be read"))
        }
    }

    /// What was asked before the bad bytes is answered.
    @Test func theAnswerBeforeBadBytesIsSent() throws {
        try TestServer.run { server in
            let connection = try server.connect()
            try connection.send(MessagePack.request(1, "plugin.InstanceStatus", 5) + [0xc1])
            var answers = try connection.receiveUntilClosed()
            let messages = try MessagePack.split(&answers)
            #expect(try messages.map(MessagePack.decode).last == [1, 1, "No plugin instance 5", nil])
        }
    }

    /// 64 levels are what a value may have; a stack has its end too.
    @Test(arguments: [100, 100_000])
    func deepNestingIsAnErrorInTheAnswer(_ depth: Int) throws {
        try TestServer.run { server in
            for opening: [UInt8] in [[0x91], [0x81, 0xa1, 0x61]] {
                let connection = try server.connect()
                let head = try MessagePack.encode([0, 7, "plugin.GetPluginInfo", [nil]]).dropLast()
                try connection.send(head + Array(repeating: opening, count: depth).flatMap { $0 } + [0xc0])
                _ = try connection.receiveMessagePack("serverPid")
                let answer = try MessagePack.decode(connection.receiveMessagePack())
                #expect(answer == [1, 7, "plugin.GetPluginInfo: the data is nested too deeply", nil])
                try connection.send(MessagePack.request(8, "plugin.InstanceStatus", 1))
                #expect(try MessagePack.decode(connection.receiveMessagePack()) == [1, 8, "No plugin instance 1", nil])
            }
        }
    }

    @Test func halfAMessageAndThenNothing() throws {
        try TestServer.run { server in
            let request = try MessagePack.request(1, "plugin.StartInstance", ["Name": "goplug", "Config": "{}"])
            let waiting = try (1..<request.count).map { count in
                let connection = try server.connect()
                try connection.send(Array(request.prefix(count)))
                return connection
            }
            try server.expectService()
            for (index, connection) in waiting.enumerated() {
                if index % 3 == 0 {
                    connection.close()
                } else {
                    // The rest comes late, and the answer with it.
                    try connection.send(Array(request.dropFirst(index + 1)))
                    _ = try connection.receiveMessagePack("serverPid")
                    #expect(try MessagePack.decode(connection.receiveMessagePack()).items?[3]["Name"] == "goplug")
                }
            }
            try server.expectService()
        }
    }

    @Test func randomBytes() throws {
        var numbers = SeededNumbers(seed: 1)
        let garbage = (0..<300).map { index in
            index % 2 == 0 ? numbers.bytes(1...200) : [0x94, 0x00, 0x01, 0xa1, 0x61] + numbers.bytes(1...200)
        }
        try TestServer.run { server in
            for bytes in garbage {
                let connection = try server.connect()
                try connection.send(bytes)
                connection.close()
            }
            try server.expectService()
        }
    }

    @Test func requestsWithAFewBytesChanged() throws {
        var numbers = SeededNumbers(seed: 2)
        try TestServer.run(flags: ["--shutdown-timeout", "0.5", "--log-level", "error"]) { server in
            let instance = try server.kong(.messagePack).startInstance("tencalls", config: "{}")
            let requests = try [
                MessagePack.request(1, "plugin.StartInstance", ["Name": "goplug", "Config": #"{"attach":true,"__key__":"k"}"#]),
                MessagePack.request(2, "plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": "access"]),
                MessagePack.request(3, "plugin.Step", ["EventId": 77, "Data": ["a": ["b", 1.5, nil, true]]]),
                MessagePack.request(4, "plugin.GetStatus", 0), MessagePack.request(5, "plugin.GetPluginInfo", "goplug"),
            ]
            for index in 0..<600 {
                let connection = try server.connect()
                try connection.send(numbers.mutation(of: requests[index % requests.count]))
                // An answer, the end, or neither: half a message is waited for.
                connection.close()
                if index % 100 == 0 { try server.expectService() }
            }
            try server.expectService()
        }
    }
}
