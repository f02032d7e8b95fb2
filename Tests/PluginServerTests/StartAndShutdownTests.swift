import KongClient
import Synchronization
import Testing
import WireProtocol

/// Plugins whose `init` and `shutdown` take their time, on a loop that has other things to do.
@Suite struct StartAndShutdownTests {
    @Test(arguments: WireProtocolKind.both)
    func aStartThatTakesTimeHoldsUpNobodyElse(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "1"]) { server in
            try onThreads(2) { index in
                if index == 0 {
                    let kong = server.kong(wireProtocol)
                    let instance = try kong.startInstance("misbehaving", config: config("init waits", "slow"))
                    let calls = try kong.handleEvent(instance, "access")
                    guard calls == [.setHeader("x-instance", "2 slow")] else { throw TestFailure("\(calls)") }
                } else {
                    try server.waitForLog("start of slow waits")
                    try server.expectService()
                    guard !server.log.contains("Started instance \"misbehaving\"") else { throw TestFailure("it did not wait") }
                    _ = try server.kong(wireProtocol).startInstance("misbehaving", config: config("go", "slow"))
                }
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func anEventWaitsForTheStartThatItBegins(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "1"]) { server in
            let isHandled = Atomic(false)
            try onThreads(2) { index in
                let kong = server.kong(wireProtocol)
                if index == 0 {
                    let instance = try kong.startInstance(
                        "misbehaving", config: config("init throws once, then waits", "late"))
                    // The start is tried again after a while, by an event: this one waits for it.
                    let calls = try eventuallyNotNil {
                        let calls = try kong.handleEvent(instance, "access", answering: exiting)
                        return calls.contains { $0.method == "kong.response.exit" } ? nil : calls
                    }
                    isHandled.store(true, ordering: .sequentiallyConsistent)
                    guard calls == [.setHeader("x-instance", "2 late")] else { throw TestFailure("\(calls)") }
                } else {
                    try server.waitForLog("start of late waits")
                    try server.expectService()
                    guard !isHandled.load(ordering: .sequentiallyConsistent) else { throw TestFailure("it did not wait") }
                    _ = try kong.startInstance("misbehaving", config: config("go", "late"))
                }
            }
            #expect(server.log.contains("after all"))
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aShutdownThatTakesTimeHoldsUpNobodyElse(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad, flags: ["--loops", "1"]) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("misbehaving", config: config("shutdown waits", "slow"))
            try kong.closeInstance(instance)
            try server.waitForLog("shutdown of slow waits")
            try server.expectService()
            #expect(!server.log.contains("instance slow shut down"))
            _ = try kong.startInstance("misbehaving", config: config("go", "slow"))
            try server.waitForLog("instance slow shut down")
        }
    }

    @Test func theServerEndsWhenAllShutdownsAreOver() throws {
        let server = try TestServer(Plugins.goodAndBad)
        let kong = server.kong(.protoBuf)
        for name in ["a", "b"] {
            _ = try kong.startInstance("misbehaving", config: #"{"mode":"shutdown sleeps","text":"\#(name)","count":300}"#)
        }
        try server.stop()
        #expect(server.log.contains("instance a shut down"))
        #expect(server.log.contains("instance b shut down"))
    }

    @Test func aShutdownThatDoesNotEndIsNotWaitedForWithoutEnd() throws {
        let server = try TestServer(Plugins.goodAndBad, flags: ["--shutdown-timeout", "0.2"])
        _ = try server.kong(.protoBuf).startInstance("misbehaving", config: config("shutdown waits", "forever"))
        try server.stop()
        #expect(server.log.contains("shutdown of forever waits"))
        #expect(server.log.contains("have not finished in time"))
    }
}

private func config(_ mode: String, _ text: String) -> String {
    #"{"mode":"\#(mode)","text":"\#(text)","__key__":"\#(text)","__seq__":1}"#
}

/// Tries again and again until there is something.
private func eventuallyNotNil<Result>(within limit: Duration = .seconds(30), _ body: () throws -> Result?) throws -> Result {
    var result: Result?
    guard try eventually(within: limit, { result = try body(); return result != nil }), let result else {
        throw TestFailure("it did not come true")
    }
    return result
}
