// Unsafe pointers: completions and their contexts are a plugin's, and so is what it wants back when an event is cancelled.

import CKongPlugin
import Glibc
import KongSimulator
import PDKCatalogue
import WireProtocol

/// Something that the plugin is to answer: a start, a stop, an event.
// @unchecked Sendable: its state is behind the monitor's lock.
class HostWork: @unchecked Sendable {
    let handle: UInt64
    let loop: HostLoop
    /// For people, as "the event (access)".
    let name: String
    let isBlocking: Bool
    /// The rule that is broken if it is answered too often or never; nil: the one that is examined.
    let rule: Rule.ID?
    /// The only one on which the plugin may answer. A blocking plugin has none before and after its call.
    var thread: pthread_t?
    var hasReturned = false
    var answers = 0
    var status = kong_status(KONG_OK)
    var message = ""

    init(_ handle: UInt64, _ name: String, on loop: HostLoop, isBlocking: Bool, _ rule: Rule.ID?) {
        self.handle = handle
        self.name = name
        self.rule = rule
        self.loop = loop
        self.isBlocking = isBlocking
        thread = isBlocking ? nil : loop.thread
    }

    /// Whether there is nothing more to wait for.
    var isOver: Bool { hasReturned && (answers > 0 || isBlocking) }
}

// @unchecked Sendable: as HostWork.
final class HostStart: HostWork, @unchecked Sendable {
    var instance: UnsafeMutableRawPointer?
}

/// One run of one phase.
// @unchecked Sendable: as HostWork.
final class HostEvent: HostWork, @unchecked Sendable {
    let phase: SimulatedPhase
    let kongPhase: kong_phase
    let script: AnswerScript
    var exchange: SimulatedExchange
    /// The names of its calls, and whether they have completions.
    var calls: [(name: String, isAwaited: Bool)] = []
    var held: [HostCall] = []
    var handled: UnsafeMutableRawPointer?
    var isCancelled = false
    var hasExited = false
    var pdk: UnsafePointer<kong_pdk>?
    /// Results that a blocking plugin has until the end.
    var lent: [LentValue] = []

    init(_ handle: UInt64, _ phase: SimulatedPhase, on loop: HostLoop, isBlocking: Bool, _ script: AnswerScript) {
        self.phase = phase
        kongPhase = phase.kongPhase
        self.script = script
        exchange = Self.exchange
        exchange.begin(phase)
        super.init(handle, "the event (\(phase.rawValue))", on: loop, isBlocking: isBlocking, nil)
    }

    /// A request that has something of everything.
    private static var exchange: SimulatedExchange {
        let headers: SimulatedHeaders = [
            "Host": "example.com", "User-Agent": "conformance", "Accept": "*/*", "Content-Type": "application/json",
            "Content-Length": "14", "X-Forwarded-For": "192.0.2.1",
        ]
        return SimulatedExchange(
            SimulatedRequest("POST", "/orders?id=1&x=y", headers: headers, body: .text(#"{"name":"one"}"#)),
            service: .answers(SimulatedResponse(status: 200, headers: ["Content-Type": "text/plain"], body: Array("hello".utf8))))
    }

    /// As the catalogue has phases.
    var phases: PhaseSet { PhaseSet(rawValue: 1 << kongPhase) }

    /// Whether it waits for the examination to answer a call.
    var isWaiting: Bool { !held.isEmpty }
}

/// A call that was accepted with a completion.
final class HostCall: @unchecked Sendable {
    let event: HostEvent
    let name: String
    let result: Result<OwnedValue, CallRefusal>
    let completion: kong_completion
    let context: UnsafeMutableRawPointer?
    /// Set when a thread that waits for it may go on.
    var isReleased = false

    init(
        _ event: HostEvent, _ name: String, _ result: Result<OwnedValue, CallRefusal>, _ completion: @escaping kong_completion,
        _ context: UnsafeMutableRawPointer?
    ) {
        self.event = event
        self.name = name
        self.result = result
        self.completion = completion
        self.context = context
    }
}

extension SimulatedPhase {
    var kongPhase: kong_phase {
        switch self {
        case .certificate: kong_phase(KONG_CERTIFICATE)
        case .rewrite: kong_phase(KONG_REWRITE)
        case .access: kong_phase(KONG_ACCESS)
        case .response: kong_phase(KONG_RESPONSE)
        case .preread: kong_phase(KONG_PREREAD)
        case .log: kong_phase(KONG_LOG)
        }
    }
}
