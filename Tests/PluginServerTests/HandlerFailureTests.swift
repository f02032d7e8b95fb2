import Glibc
import KongClient
import Testing
import WireProtocol

/// Handlers and starts that fail, and events that end early.
@Suite struct HandlerFailureTests {
    private func config(_ mode: String, _ text: String = "", count: Int = 0, key: String? = nil) -> String {
        let kongs = key.map { #","__key__":"\#($0)","__seq__":1"# } ?? ""
        return #"{"mode":"\#(mode)","text":"\#(text)","count":\#(count)\#(kongs)}"#
    }

    /// What a plugin in Lua that raises an error does: a line in Kong's log, and status 500.
    @Test(arguments: WireProtocolKind.both)
    func aHandlerThatThrowsIsALineInTheLogAndStatus500(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let bad = try kong.startInstance("misbehaving", config: config("throw", "boom"))
            let good = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            for _ in 0..<3 {
                let calls = try kong.handleEvent(bad, "access", answering: exiting)
                #expect(calls.map(\.plain) == [.logErr("misbehaving: access handler failed: boom"), .exit500])
                // It says nothing about the plugin's other events, and other plugins have theirs.
                #expect(try kong.handleEvent(bad, "rewrite") == [PDKCall("kong.log.notice", ["rewrite"])])
                #expect(try kong.handleEvent(good, "access") == [.setHeader("x-goplug", "Set by custom go plugin")])
            }
            #expect(server.log.contains("misbehaving: access failed: boom"))
        }
    }

    /// The client has its answer already.
    @Test(arguments: WireProtocolKind.both)
    func inTheLogPhaseItIsALineInTheLog(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("throw", "late"))
            #expect(try kong.handleEvent(instance, "log") == [.logErr("misbehaving: log handler failed: late")])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whatWasQueuedBeforeIsDoneBefore(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("queue, then throw", "boom"))
            let calls = try kong.handleEvent(instance, "access", answering: exiting)
            #expect(calls.map(\.plain) == [.setHeader("x-before", "1"), .logErr("misbehaving: access handler failed: boom"), .exit500])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aCallInTheWrongPhaseIsRefusedWithoutAskingKong(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("wrong phase"))
            let calls = try kong.handleEvent(instance, "access", answering: exiting)
            #expect(calls.count == 2 && calls.last?.plain == .exit500)
            let text = calls.first?.arguments.first?.text ?? ""
            #expect(text.contains("kong.response.get_status cannot be called in the access phase, only in: response, log"))
        }
    }

    // MARK: Exit

    @Test(arguments: WireProtocolKind.both)
    func exitEndsTheEvent(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let exit = try kong.startInstance("misbehaving", config: config("exit"))
            let calls = try kong.handleEvent(exit, "access", answering: exiting)
            #expect(
                calls.map(\.plain) == [
                    PDKCall("kong.response.exit", [418, "teapot", ["x-a": "1", "x-b": ["2", "3"]]])
                ])
            let goesOn = try kong.startInstance("misbehaving", config: config("exit, then continue"))
            #expect(try kong.handleEvent(goesOn, "access", answering: exiting).map(\.method) == ["kong.response.exit"])
            try server.waitForLog("misbehaving: set_header after exit: eventOver")
            try server.waitForLog("misbehaving: get_method after exit: eventOver")
            #expect(try kong.instanceStatus(exit).name == "misbehaving")
            #expect(try kong.handleEvent(exit, "rewrite") == [PDKCall("kong.log.notice", ["rewrite"])])
        }
    }

    /// Kong never sends the step. If it came, the event is not there any more.
    @Test func afterAnExitThereIsNoEvent() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(.messagePack)
            let instance = try kong.startInstance("misbehaving", config: config("exit"))
            let step = try kong.call("plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": "access"])
            let event = try #require(step["EventId"])
            #expect(throws: KongClientError.refused("No running event \(event)")) {
                try kong.call("plugin.Step", ["EventId": event])
            }
        }
    }

    /// go-pluginserver kept a goroutine for each exit, for ever.
    @Test(arguments: WireProtocolKind.both)
    func exitsLeaveNothingBehind(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--log-level", "error"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("exit"))
            func exits(_ count: Int) throws {
                for _ in 0..<count { try kong.handleEvent(instance, "access", answering: exiting) }
            }
            try exits(500)
            let before = try residentKiB(server)
            try exits(4000)
            let growth = try residentKiB(server) - before
            // An event with its task takes some KiB.
            #expect(growth < 4000)
        }
    }

    private func residentKiB(_ server: TestServer) throws -> Int {
        guard let file = fopen("/proc/\(try server.worker())/statm", "r") else { throw TestFailure("no statm") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 200)
        guard fgets(&line, 200, file) != nil else { throw TestFailure("statm is empty") }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        return (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
    }

    // MARK: Starts that fail

    /// Kong 2.4 to 3.0 take the error's text for an instance and hang, and ProtoBuf:1 has no errors. So Kong, which sends a
    /// key, gets an instance, and its events say what is wrong.
    @Test(arguments: WireProtocolKind.both)
    func forKongAFailedStartIsAnInstanceWhoseEventsFail(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let reasons = [
                ("misbehaving", config("init throws", "no database", key: "a"), "cannot start: no database"),
                ("nope", #"{"__key__":"b"}"#, "no plugin nope"),
                ("goplug", #"{"attach":"yes","__key__":"c"}"#, "attach"),
            ]
            for (plugin, config, reason) in reasons {
                let instance = try kong.startInstance(plugin, config: config)
                for _ in 0..<2 {
                    let calls = try kong.handleEvent(instance, "access", answering: exiting).map(\.plain)
                    #expect(calls.count == 2 && calls.last == .exit500)
                    #expect(calls.first?.method == "kong.log.err")
                    #expect(calls.first?.arguments.first?.text?.contains(reason) == true, "\(calls)")
                }
                let calls = try kong.handleEvent(instance, "log")
                #expect(calls.map(\.method) == ["kong.log.err"])
                #expect(try kong.instanceStatus(instance).name == plugin)
                try kong.closeInstance(instance)
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aStartThatFailsIsTriedAgain(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("init throws once", "flaky", key: "k"))
            let first = try kong.handleEvent(instance, "access", answering: exiting)
            #expect(first.first?.plain == .logErr("misbehaving: access handler failed: cannot start yet: flaky"))
            let recovers = try eventually {
                try kong.handleEvent(instance, "access", answering: exiting) == [.setHeader("x-instance", "1 flaky")]
            }
            #expect(recovers)
            #expect(server.log.contains("Started instance \"misbehaving\":\(instance) after all"))
        }
    }

    /// Who sends no key is not Kong, and can take an error.
    @Test func othersGetTheError() throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(.messagePack)
            #expect(throws: KongClientError.refused("cannot start: no database")) {
                try kong.startInstance("misbehaving", config: config("init throws", "no database"))
            }
            let instances = try kong.getStatus()["Plugins"]?["misbehaving"]?["Instances"]
            #expect(instances == [])
        }
    }

    /// ProtoBuf:1 has no error reply: also without a key there is an instance.
    @Test(arguments: ["{\"attach\":", "[1]", "\"text\"", "{\"attach\":\"yes\"}", "{\"attach\":1}"])
    func badConfigurationsAreInstancesOverProtoBuf(_ config: String) throws {
        try TestServer.run { server in
            let kong = server.kong(.protoBuf)
            let instance = try kong.startInstance("goplug", config: config)
            let calls = try kong.handleEvent(instance, "access", answering: exiting)
            #expect(calls.map(\.method) == ["kong.log.err", "kong.response.exit"])
            #expect(throws: KongClientError.self) { try server.kong(.messagePack).startInstance("goplug", config: config) }
            try server.expectService()
        }
    }
}
