import CKongPlugin
import Foundation
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("RpcCall and RpcReturn")
struct RpcMessagesTests {
    private func check(_ call: RpcCall, _ message: PBCall) throws {
        let bytes = try message.bytes()
        #expect(try written { try call.append(to: &$0) } == bytes)
        try lend(bytes) { bytes throws in
            let decoded = try RpcCall(decoding: bytes)
            #expect(decoded.sequence == call.sequence)
            #expect(Self.text(decoded.command) == Self.text(call.command))
        }
    }

    /// A command with its strings as text.
    private static func text(_ command: RpcCommand) -> String {
        switch command {
        case .getPluginNames: "names"
        case .getPluginInfo(let name): "info \(name.text)"
        case .startInstance(let name, let config): "start \(name.text) \(config.text)"
        case .getInstanceStatus(let instance): "status \(instance)"
        case .closeInstance(let instance): "close \(instance)"
        case .handleEvent(let instance, let phase): "event \(instance) \(phase.text)"
        case .unknown: "unknown"
        }
    }

    @Test("Each command is as SwiftProtobuf has it")
    func calls() throws {
        try check(
            RpcCall(sequence: 2, command: .getPluginNames),
            .with {
                $0.sequence = 2; $0.getPluginNames = PBNothing()
            })
        try check(
            RpcCall(sequence: .max, command: .getPluginInfo(name: kong_string("goplug"))),
            .with {
                $0.sequence = .max; $0.getPluginInfo.name = "goplug"
            })
        try check(
            RpcCall(sequence: -1, command: .startInstance(name: kong_string("goplug"), config: kong_string("{}"))),
            .with {
                $0.sequence = -1; $0.startInstance.name = "goplug"; $0.startInstance.config = Data("{}".utf8)
            })
        try check(
            RpcCall(sequence: 3, command: .getInstanceStatus(7)),
            .with {
                $0.sequence = 3; $0.getInstanceStatus.instanceID = 7
            })
        try check(
            RpcCall(sequence: 4, command: .closeInstance(.max)),
            .with {
                $0.sequence = 4; $0.closeInstance.instanceID = .max
            })
        try check(
            RpcCall(sequence: 5, command: .handleEvent(instance: -5, phase: kong_string("access"))),
            .with {
                $0.sequence = 5; $0.handleEvent.instanceID = -5; $0.handleEvent.eventName = "access"
            })
        // An id of 0 is left out, as all defaults are.
        try check(
            RpcCall(sequence: 0, command: .handleEvent(instance: 0, phase: kong_string("log"))),
            .with { $0.handleEvent.eventName = "log" })
        try check(
            RpcCall(sequence: 6, command: .closeInstance(0)),
            .with {
                $0.sequence = 6; $0.closeInstance = PBInstanceOnly()
            })
        try check(RpcCall(sequence: 1, command: .unknown), .with { $0.sequence = 1 })
    }

    @Test("A command that we don't know is unknown, and the last of several counts")
    func otherCommands() throws {
        func decode(_ hex: String) throws -> String {
            try lend(Recording.bytes(hex: hex)) { Self.text(try RpcCall(decoding: $0).command) }
        }
        #expect(try decode("0801") == "unknown")
        #expect(try decode("0801ea020161") == "unknown")
        #expect(try decode("9202020801" + "9a02020802") == "close 2")
        #expect(throws: WireError.unexpectedType) { try decode("9202020a00") }
        #expect(throws: WireError.truncated) { try decode("92020508") }
    }

    private func check(_ answer: RpcReturn, _ message: PBReturn) throws {
        let bytes = try message.bytes()
        #expect(try written { try answer.append(to: &$0) } == bytes)
        try lend(bytes) { bytes throws in
            let arena = ValueArena()
            let decoded = try RpcReturn(decoding: bytes, into: arena)
            #expect(decoded.sequence == answer.sequence)
            #expect(Self.text(decoded.result) == Self.text(answer.result))
        }
    }

    private static func text(_ result: RpcResult?) -> String {
        switch result {
        case nil: "none"
        case .pluginNames(let names): "\(names)"
        case .pluginInfo(let info): "\(info)"
        case .instanceStatus(let status):
            "\(status.name) \(status.instanceID) \(status.startedAt) \(String(describing: status.config.map(TestValue.init)))"
        }
    }

    @Test("Each result is as SwiftProtobuf has it")
    func returns() throws {
        try check(RpcReturn(sequence: 2), .with { $0.sequence = 2 })
        try check(
            RpcReturn(sequence: 3, result: .pluginNames(["a", ""])),
            .with {
                $0.sequence = 3; $0.pluginNames.names = ["a", ""]
            })
        try check(
            RpcReturn(sequence: 3, result: .pluginNames([])),
            .with {
                $0.sequence = 3; $0.pluginNames = PBNamesOnly()
            })
        let info = PluginInfo(
            name: "goplug", updatedAt: 1, loadedAt: 2, phases: ["access", "log"], version: "1.0.0", priority: -1,
            schema: "{}")
        try check(
            RpcReturn(sequence: 4, result: .pluginInfo(info)),
            .with {
                $0.sequence = 4
                $0.pluginInfo.name = "goplug"
                $0.pluginInfo.updatedAt = 1
                $0.pluginInfo.loadedAt = 2
                $0.pluginInfo.phases = ["access", "log"]
                $0.pluginInfo.version = "1.0.0"
                $0.pluginInfo.priority = -1
                $0.pluginInfo.schema = "{}"
            })
        try check(
            RpcReturn(sequence: 4, result: .pluginInfo(PluginInfo(name: ""))),
            .with {
                $0.sequence = 4; $0.pluginInfo = PBInfo()
            })
        let arena = ValueArena()
        let config = (["attach": true, "list": [1, "a"]] as TestValue).value(in: arena)
        try check(
            RpcReturn(
                sequence: 5,
                result: .instanceStatus(
                    InstanceStatus(name: "goplug", instanceID: 9, config: config, startedAt: 1_795_376_122))),
            .with {
                $0.sequence = 5
                $0.instanceStatus.name = "goplug"
                $0.instanceStatus.instanceID = 9
                $0.instanceStatus.config = (["attach": true, "list": [1, "a"]] as TestValue).asProtobuf
                $0.instanceStatus.startedAt = 1_795_376_122
            })
        try check(
            RpcReturn(sequence: 6, result: .instanceStatus(InstanceStatus(name: "", instanceID: 0, startedAt: 0))),
            .with {
                $0.sequence = 6; $0.instanceStatus = PBStatus()
            })
    }

    @Test("A configuration that cannot be sent leaves nothing behind")
    func restored() throws {
        let arena = ValueArena()
        let config = TestValue.nested(WireLimits.depth + 1).value(in: arena)
        var queue = ByteQueue()
        queue.append(1 as UInt8)
        let status = InstanceStatus(name: "n", instanceID: 1, config: config, startedAt: 1)
        #expect(throws: WireError.tooDeep) {
            try RpcReturn(sequence: 1, result: .instanceStatus(status)).append(to: &queue)
        }
        #expect(Array(queue.bytes) == [1])
    }
}
