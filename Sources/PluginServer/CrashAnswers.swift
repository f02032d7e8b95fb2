// Unsafe pointers: arguments are lent to the encoders.

import CFlightRecorder
import CKongPlugin
import PDKCatalogue
import WireProtocol

/// What Kong is sent when an event's plugin has crashed. It is encoded beforehand: the thread that crashes can do no more than
/// send it.
///
/// It is what a handler that fails is answered with. Over MessagePack the line in Kong's log is left out: Kong would come back
/// from it before it asks for the answer itself, and finds nobody.
enum CrashAnswers {
    private static let reason = "the plugin has crashed; the server's log says how"
    /// More than any of it takes.
    private static let limit = 1 << 20

    /// Encodes all answers that a plugin may need.
    static func prepare(for plugin: LoadedPlugin) {
        for phase in Phase.allCases where plugin.handles(phase) {
            let line = HandlerFailure.logLine("\(plugin.name): \(phase)", reason)
            let exit = PDKCatalogue.method(named: "kong.response.exit").flatMap { exit in
                PDKCatalogue.facts(exit)?.phases.contains(phase.asSet) == true ? exit : nil
            }
            var protoBuf = ByteQueue()
            var messagePack = ByteQueue()
            if let logErr = PDKCatalogue.method(named: "kong.log.err") { append(logErr, line, protoBuf: &protoBuf) }
            if let exit {
                append(exit, HandlerFailure.exit, protoBuf: &protoBuf)
                append(exit, HandlerFailure.exit, messagePack: &messagePack)
            } else {
                MessagePackSession.appendEnd(to: &messagePack)
            }
            keep(protoBuf, FLIGHT_PROTOBUF, plugin, phase)
            keep(messagePack, FLIGHT_MESSAGEPACK, plugin, phase)
        }
    }

    private static func keep(_ bytes: borrowing ByteQueue, _ wireProtocol: Int, _ plugin: LoadedPlugin, _ phase: Phase) {
        guard !bytes.hasFailed else { return }
        flight_set_answer(
            plugin.host.place, UInt8(truncatingIfNeeded: phase.rawValue), UInt32(wireProtocol), bytes.bytes.baseAddress,
            bytes.bytes.count)
    }

    private static func append(_ method: MethodID, _ arguments: [OwnedValue], protoBuf queue: inout ByteQueue) {
        guard let facts = PDKCatalogue.facts(method) else { return }
        withValues(arguments) { values in
            // A call that cannot be encoded is left out, like one of a handler that fails.
            _ = try? ProtoBufConversation.encode(method, facts, values, limit: limit, to: &queue)
        }
    }

    private static func append(_ method: MethodID, _ arguments: [OwnedValue], messagePack queue: inout ByteQueue) {
        guard let facts = PDKCatalogue.facts(method) else { return }
        withValues(arguments) { values in
            try? MessagePackSession.appendCall(facts.name, values, limit: limit, to: &queue)
        }
    }

    private static func withValues(_ arguments: [OwnedValue], _ body: (UnsafeBufferPointer<kong_value>) -> Void) {
        let arena = ValueArena()
        let values = arena.allocate(kong_value.self, count: arguments.count)
        for (index, argument) in arguments.enumerated() {
            values.initializeElement(at: index, to: argument.value(in: arena))
        }
        body(UnsafeBufferPointer(values))
        withExtendedLifetime(arena) {}
    }
}
