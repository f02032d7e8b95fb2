import Glibc
import KongClient
import Testing
import WireProtocol

/// What an instance is: which plugin with which configuration an id stands for, and for how long.
@Suite struct InstanceTests {
    private func whoAnswers(_ kong: KongClient, _ instance: Int64) throws -> String {
        let calls = try kong.handleEvent(instance, "access")
        #expect(calls.map(\.method) == ["kong.service.request.set_header"])
        return calls.first?.arguments.last?.text ?? ""
    }

    /// Each nginx worker starts its own instance of each configuration.
    @Test(arguments: WireProtocolKind.both)
    func oneConfigurationIsOneInstanceForAllWorkers(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "3"]) { server in
            let workers = (0..<4).map { _ in server.kong(wireProtocol) }
            let ids = try workers.enumerated().map { index, worker in
                // Each worker counts Kong's changes for itself, and no table of Lua has an order.
                try worker.startInstance(
                    "misbehaving",
                    config: index % 2 == 0
                        ? #"{"text":"shared","__seq__":\#(index),"__key__":"a"}"#
                        : #"{"__key__":"a","__seq__":\#(index),"text":"shared"}"#)
            }
            #expect(Set(ids).count == 4)
            for (worker, id) in zip(workers, ids) {
                #expect(try whoAnswers(worker, id) == "1 shared")
            }
            // One worker's closing is not another's.
            try workers[0].closeInstance(ids[0])
            for (worker, id) in zip(workers, ids).dropFirst() {
                #expect(try whoAnswers(worker, id) == "1 shared")
            }
            #expect(!server.log.contains("instance shared shut down"))
            for (worker, id) in zip(workers, ids).dropFirst() { try worker.closeInstance(id) }
            try server.waitForLog("instance shared shut down")
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func configurationsThatDifferAreInstancesOfTheirOwn(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let configs = [
                #"{"text":"a","__key__":"k1"}"#, #"{"text":"a","__key__":"k2"}"#, #"{"text":"b","__key__":"k1"}"#,
                // Without a key nothing says that they are meant to be one.
                #"{"text":"a"}"#, #"{"text":"a"}"#,
            ]
            var answers: [String] = []
            for config in configs { answers.append(try whoAnswers(kong, kong.startInstance("misbehaving", config: config))) }
            #expect(answers == ["1 a", "2 a", "3 b", "4 a", "5 a"])
        }
    }

    @Test func idsAreNotUsedAgain() throws {
        try TestServer.run { server in
            var seen: Set<Int64> = []
            for wireProtocol in WireProtocolKind.both {
                let kong = server.kong(wireProtocol)
                for _ in 0..<200 {
                    let id = try kong.startInstance("noop", config: "{}")
                    #expect(seen.insert(id).inserted)
                    #expect(id > 0 && id <= Int64(Int32.max))
                    try kong.closeInstance(id)
                }
            }
        }
    }

    /// After a respawn of go-pluginserver, whose ids start at 0, one route was served with another's configuration.
    @Test(arguments: WireProtocolKind.both)
    func anIDOfAnEarlierServerMeansNothing(_ wireProtocol: WireProtocolKind) throws {
        let server = try TestServer()
        let kong = server.kong(wireProtocol)
        let old = try (0..<5).map { _ in try kong.startInstance("goplug", config: #"{"attach":true}"#) }
        server.process.send(SIGKILL)
        _ = try server.process.waitForEnd()
        let next = try ServerProcess(
            Program.path, ["-kong-prefix", server.directory.path, "-plugins-directory", server.plugins],
            errors: .file(server.directory.file("log")))
        try next.waitUntilListening(on: server.socket, within: .seconds(60))
        let new = try (0..<5).map { _ in try kong.startInstance("goplug", config: #"{"attach":false}"#) }
        #expect(Set(old).isDisjoint(with: new))
        for id in old {
            let error =
                wireProtocol == .messagePack
                ? KongClientError.refused("No plugin instance \(id)")
                : .closed(waitingFor: "PDK call, or the event's end")
            #expect(throws: error) { try kong.handleEvent(id, "access") }
        }
        if wireProtocol == .messagePack { #expect(kong.serverPid == Int64(next.pid)) }
    }

    /// Kong closes the instance of the old configuration when the new one has been started; an event may still run on it.
    @Test(arguments: WireProtocolKind.both)
    func anEventOutlivesItsInstance(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "2"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: #"{"mode":"ask","text":"old"}"#)
            try kong.handleEvent(instance, "access") { _ in
                try server.kong(wireProtocol).closeInstance(instance)
                return .value("a host")
            }
            try server.waitForLog("old got a host")
            try server.waitForLog("instance old shut down")
            #expect(throws: KongClientError.self) { try kong.handleEvent(instance, "access") }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func workersThatStartOneConfigurationAtOnceShareIt(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "3"]) { server in
            try onThreads(8) { index in
                let kong = server.kong(wireProtocol)
                let id = try kong.startInstance(
                    "misbehaving", config: #"{"mode":"init sleeps","count":100,"text":"slow","__key__":"k","__seq__":\#(index)}"#)
                let calls = try kong.handleEvent(id, "access")
                guard calls == [.setHeader("x-instance", "1 slow")] else { throw TestFailure("\(calls)") }
            }
        }
    }

    /// Half a character, repaired, would be another configuration, and nobody would hear of it.
    @Test func aConfigurationThatIsNotUTF8IsRefused() throws {
        try TestServer.run { server in
            let config = Array(#"{"attach":true,"text":"Z"#.utf8) + [0xfc] + Array(#"rich"}"#.utf8)
            let connection = try server.connect()
            try connection.send(MessagePack.request(1, "plugin.StartInstance", ["Name": "goplug", "Config": .bytes(config)]))
            _ = try connection.receiveMessagePack("serverPid")
            let error = try MessagePack.decode(connection.receiveMessagePack()).items?[2].text
            #expect(error?.hasPrefix("Decoding config: JSON that is not UTF-8: ") == true)

            // Over ProtoBuf:1, which has no errors, its events fail.
            let other = try server.connect()
            try other.send(
                KongClient.framed(Proto.field(1, 1) + Proto.field(33, Proto.field(1, "goplug") + Proto.field(2, config))))
            _ = try other.receiveFrame()
            try server.waitForLog("cannot start instance \"goplug\"")
            #expect(server.log.contains("JSON that is not UTF-8"))
            try server.expectService()
        }
    }

    /// The log would have nothing else before long.
    @Test(arguments: WireProtocolKind.both)
    func eventsThatFailAlikeAreNotAllLogged(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("nobody", config: #"{"__key__":"a"}"#)
            let begin = ContinuousClock.now
            for _ in 0..<200 {
                let calls = try kong.handleEvent(instance, "access") { $0.method == "kong.response.exit" ? .neverAnswers : .nothing }
                #expect(calls.map(\.method) == ["kong.log.err", "kong.response.exit"])
            }
            let seconds = Int(begin.duration(to: .now).components.seconds)
            let lines = server.log.split(separator: "\n").count { $0.contains("nobody: access failed: ") }
            #expect((1...seconds + 2).contains(lines))
        }
    }
}
