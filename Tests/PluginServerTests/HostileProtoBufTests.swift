import KongClient
import Testing
import WireProtocol

/// Bytes that are no ProtoBuf:1, or none that makes sense. After each the server serves on.
@Suite struct HostileProtoBufTests {
    /// There is no error reply, so the connection is closed. No byte is sent before.
    @Test func whatCannotBeAnsweredClosesTheConnection() throws {
        try TestServer.run(flags: ["--max-message-size", "65536"]) { server in
            let payloads: [[UInt8]] = [
                // No command, or one that nobody knows.
                [], Proto.field(1, 5), Proto.field(1, 5) + Proto.field(37, [UInt8]()), Proto.field(99, "x"),
                // Another wire type than the field's.
                Proto.field(1, "five") + Proto.field(31, [UInt8]()), Proto.field(1, 5) + Proto.field(36, 7),
                Proto.field(1, 5) + Proto.field(36, Proto.field(1, "seven")), Proto.field(1, 5) + Proto.field(33, Proto.field(1, 3)),
                // Lengths beyond the end, groups, field 0, varints without end.
                Proto.field(1, 5) + [0x8a, 0x02, 0x7f, 0x0a], Proto.field(1, 5) + [0x8a, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                Proto.field(1, 5) + [0x0b], [0x00, 0x01], [UInt8](repeating: 0xff, count: 40),
                Proto.field(1, 5) + Proto.varint(36 << 3 | 2), Proto.varint(36 << 3 | 1) + [1, 2, 3],
                // Instances and plugins that do not exist.
                Proto.handleEvent(5, 9999, "access"), Proto.handleEvent(5, 0, "access"), Proto.handleEvent(5, -1, "access"),
                Proto.field(1, 5) + Proto.field(34, Proto.field(1, 77)), Proto.field(1, 5) + Proto.field(32, Proto.field(1, "nope")),
            ]
            for payload in payloads {
                let connection = try server.connect()
                try connection.send(KongClient.framed(payload))
                #expect(try connection.receiveUntilClosed() == [], "\(payload)")
                try server.expectService()
            }
            // A frame that is too large is refused for its length, before its bytes come.
            let connection = try server.connect()
            try connection.send([0x01, 0x00, 0x01, 0x00])
            #expect(try connection.receiveUntilClosed() == [])
            try server.expectService()
        }
    }

    /// Whoever speaks something else is told of as that; what may be somebody's secret is not.
    @Test func anotherProtocolIsNamed() throws {
        try TestServer.run(flags: ["--loops", "1", "--max-message-size", "65536"]) { server in
            let sent: [([UInt8], String)] = [
                (Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
                 #"speaks neither MessagePack-RPC nor ProtoBuf:1, or has a message of 542393671 bytes, where --max-message-size is 65536: it sent "GET / HTTP/1.1\u{d}\u{a}Host: a\u{d}\u{a}\u{d}\u{a}""#),
                ([0x16, 0x03, 0x01, 0x02] + Array("secret".utf8), "a message of 33620758 bytes, where --max-message-size is 65536: it sent 0x16030102"),
            ]
            for (bytes, text) in sent {
                let connection = try server.connect()
                try connection.send(bytes)
                #expect(try connection.receiveUntilClosed() == [])
                try server.waitForLog(text)
            }
            #expect(!server.log.contains("secret"))
        }
    }

    /// Newer versions of Kong may say more.
    @Test func unknownFieldsAreSteppedOver() throws {
        try TestServer.run { server in
            let more = Proto.field(99, 5) + Proto.field(2, "x") + Proto.varint(50 << 3 | 5) + [1, 2, 3, 4]
                + Proto.varint(51 << 3 | 1) + [UInt8](repeating: 1, count: 8)
            let connection = try server.connect()
            let command = Proto.field(1, "goplug") + more.dropFirst(3) + Proto.field(2, #"{"attach":true}"#)
            try connection.send(KongClient.framed(more + Proto.field(33, command) + more + Proto.field(1, 5)))
            let answer = try connection.receiveFrame()
            #expect(answer.prefix(2) == [8, 5])
            #expect(String(decoding: answer, as: UTF8.self).contains("goplug"))
        }
    }

    /// The last of several commands counts, as in any oneof.
    @Test func theLastCommandCounts() throws {
        try TestServer.run { server in
            let connection = try server.connect()
            try connection.send(
                KongClient.framed(Proto.handleEvent(5, 9999, "access") + Proto.field(32, Proto.field(1, "goplug"))))
            #expect(String(decoding: try connection.receiveFrame(), as: UTF8.self).contains("goplug"))
        }
    }

    /// Kong sends the next call when the last one has returned; who does not wait is served in order.
    @Test func callsInOneWriteAreAnsweredInOrder() throws {
        try TestServer.run { server in
            let instance = try server.kong(.protoBuf).startInstance("noop", config: "{}")
            let connection = try server.connect()
            let calls = (1...50).flatMap { KongClient.framed(Proto.handleEvent($0, instance, "access")) }
            try connection.send(calls)
            for sequence: UInt8 in 1...50 {
                #expect(try connection.receiveFrame() == [])
                #expect(try connection.receiveFrame() == [8, sequence])
            }
            #expect(connection.isQuiet)
        }
    }

    /// Kong sends nothing of its own while its event runs: whatever comes answers the event's next call.
    @Test func whatComesDuringAnEventIsAnAnswer() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(.protoBuf)
            let sleeping = try kong.startInstance("misbehaving", config: #"{"mode":"sleep","count":100}"#)
            let connection = try server.connect()
            try connection.send(KongClient.framed(Proto.handleEvent(1, sleeping, "access")))
            try connection.send(KongClient.framed(Proto.field(1, 2) + Proto.field(32, Proto.field(1, "goplug"))))
            #expect(try connection.receiveFrame() == Array("kong.service.request.set_header".utf8))
            _ = try connection.receiveFrame()
            #expect(try connection.receiveFrame() == [])
            #expect(try connection.receiveFrame() == [8, 1])
            try server.expectService()
        }
    }

    @Test(arguments: [[0xff, 0xff], [0x08, 0x01], [0x0a, 0x7f, 0x61], [0x0b]] as [[UInt8]])
    func anAnswerThatCannotBeReadFailsTheCall(_ answer: [UInt8]) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let instance = try server.kong(.protoBuf).startInstance("misbehaving", config: #"{"mode":"ask","text":"it"}"#)
            let connection = try server.connect()
            try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
            #expect(try connection.receiveFrame() == Array("kong.request.get_header".utf8))
            _ = try connection.receiveFrame()
            try connection.send(KongClient.framed(answer))
            _ = try connection.receiveUntilClosed()
            try server.waitForLog("misbehaving: it failed: ")
            try server.expectService()
        }
    }

    @Test func halfAFrameAndThenNothing() throws {
        try TestServer.run { server in
            let frame = KongClient.framed(Proto.startInstance(2, "goplug", "{}"))
            let waiting = try (1..<frame.count).map { count in
                let connection = try server.connect()
                try connection.send(Array(frame.prefix(count)))
                return connection
            }
            try server.expectService()
            for (index, connection) in waiting.enumerated() {
                if index % 3 == 0 {
                    connection.close()
                } else {
                    try connection.send(Array(frame.dropFirst(index + 1)))
                    #expect(try connection.receiveFrame().prefix(2) == [8, 2])
                }
            }
            try server.expectService()
        }
    }

    @Test func framesWithAFewBytesChanged() throws {
        var numbers = SeededNumbers(seed: 3)
        try TestServer.run(flags: ["--shutdown-timeout", "0.5", "--log-level", "error"]) { server in
            let instance = try server.kong(.protoBuf).startInstance("tencalls", config: "{}")
            let payloads = [
                Proto.startInstance(1, "goplug", #"{"attach":true,"__key__":"k"}"#), Proto.handleEvent(2, instance, "access"),
                Proto.field(1, 3) + Proto.field(34, Proto.field(1, UInt64(instance))),
                Proto.field(1, 4) + Proto.field(31, [UInt8]()), Proto.field(1, 5) + Proto.field(32, Proto.field(1, "goplug")),
            ]
            for index in 0..<600 {
                let connection = try server.connect()
                let payload = payloads[index % payloads.count]
                let bytes =
                    index % 2 == 0
                    ? KongClient.framed(numbers.mutation(of: payload)) : numbers.mutation(of: KongClient.framed(payload))
                try connection.send(bytes)
                connection.close()
                if index % 100 == 0 { try server.expectService() }
            }
            try server.expectService()
        }
    }

    /// The frames of an event with bytes changed in Kong's answers.
    @Test func answersWithAFewBytesChanged() throws {
        var numbers = SeededNumbers(seed: 4)
        try TestServer.run(Plugins.goodAndBad, flags: ["--shutdown-timeout", "0.5", "--log-level", "error"]) { server in
            let instance = try server.kong(.protoBuf).startInstance("tencalls", config: "{}")
            for index in 0..<200 {
                let connection = try server.connect()
                try connection.send(KongClient.framed(Proto.handleEvent(1, instance, "access")))
                let answer = KongClient.framed(Proto.field(1, "example.com"))
                do {
                    for _ in 0..<(1 + index % 3) {
                        try connection.send(answer + [0, 0, 0, 0])
                    }
                    try connection.send(numbers.mutation(of: answer))
                } catch KongClientError.closed {}
                connection.close()
            }
            try server.expectService()
        }
    }
}
