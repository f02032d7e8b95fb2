// Unsafe pointers: arguments come from plugins, and Kong's answers go back to them.

import CFlightRecorder
import CKongPlugin
import NativePDK
import PDKCatalogue
import Synchronization
import WireProtocol

/// One event in the hands of a blocking plugin: its handler runs on a thread of the pool, and what it calls crosses to the
/// event's loop.
///
/// Calls are checked and encoded on the thread. Those without a result gather there, and leave with the next one that waits,
/// or with the end.
// @unchecked Sendable: its state belongs to the thread, and to the loop while the thread waits for it and when it has
// finished; between them is the loop's mailbox one way, and the semaphore the other.
final class BlockingEvent: BlockingWork, @unchecked Sendable {
    private struct QueuedCall {
        let method: MethodID
        let facts: MethodFacts
        let size: Int
    }

    private enum Waiting {
        case call, flush
    }

    private struct Answer {
        var status = kong_status(KONG_OK)
        var value: kong_value?
        var message = ""
    }

    private let event: Event
    private var queue: [QueuedCall] = []
    private var encodedCalls = ByteQueue()
    private var hasExited = false

    private var waiting = Waiting.call
    private var answer = Answer()
    private let hasAnswer = Semaphore()
    /// What results are made of: valid until the event is over.
    private var arena: ValueArena?
    private var pdk: UnsafePointer<kong_pdk>?

    /// Why nobody waits for the event any more.
    private let cancellation = Mutex<String?>(nil)

    init(_ event: Event, of plugin: LoadedPlugin) {
        self.event = event
        super.init(plugin.host, event.id.rawValue, event.context)
    }

    override var asEvent: BlockingEvent? { self }

    // MARK: For the server [loop]

    /// Nobody waits for this event any more: the thread hears of it with its next call.
    func cancel(_ reason: String) {
        cancellation.withLock { $0 = reason }
    }

    // MARK: On the thread

    func handle(on instance: Instance) {
        run(event.mark, for: FLIGHT_HANDLE) { _ = instance.handle(event) }
        if !isAnswered {
            _ = finish(kong_status(KONG_FAILED), "the handler has returned without finishing the event")
        }
    }

    func call(
        _ method: MethodID, _ arguments: UnsafeBufferPointer<kong_value>, _ completion: Completion?
    ) -> CallOutcome {
        if let refusal = refusal() { return refusal }
        let facts: MethodFacts
        do throws(CallRefusal) {
            facts = try PDKCatalogue.checkedFacts(method, in: event.phase.asSet, arguments)
            guard encodedCalls.count < context.messageLimit else {
                throw CallRefusal(KONG_LIMIT, "more than the message limit is queued: flush in between")
            }
            let size = try event.encode(method, facts, arguments, to: &encodedCalls)
            queue.append(QueuedCall(method: method, facts: facts, size: size))
        } catch {
            return .refused(error.status, error.reason)
        }
        if facts.endsEvent { hasExited = true }
        guard let completion else { return .accepted }
        // Kong never answers to an exit.
        if facts.endsEvent { completion.succeed(kong_value()) } else { wait(for: .call, completion) }
        return .accepted
    }

    func flush(_ completion: Completion) -> CallOutcome {
        if let refusal = refusal() { return refusal }
        wait(for: .flush, completion)
        return .accepted
    }

    func finish(_ status: kong_status, _ message: String) -> CallOutcome {
        guard answer() else { return .refused(KONG_EVENT_OVER, "the event has been finished already") }
        if let pdk { NativePDK.release(pdk) }
        pdk = nil
        context.loop.schedule { [self] in
            _ = deliver()
            _ = event.finish(status, message)
            event.blocking = nil
        }
        return .accepted
    }

    /// The typed functions for this event.
    func typedFunctions() -> UnsafePointer<kong_pdk>? {
        if isAnswered { return nil }
        if pdk == nil { pdk = NativePDK.object(host.table, handle, event.phase.rawValue) }
        return pdk
    }

    private func refusal() -> CallOutcome? {
        if isAnswered { return .refused(KONG_EVENT_OVER, "the event is over") }
        if hasExited { return .refused(KONG_EVENT_OVER, "kong.response.exit or error has ended the event") }
        if let reason = cancellation.withLock({ $0 }) { return .refused(KONG_CANCELLED, reason) }
        return nil
    }

    private func wait(for kind: Waiting, _ completion: Completion) {
        waiting = kind
        answer = Answer(status: kong_status(KONG_CANCELLED), message: "the server is going down")
        if context.loop.schedule({ [self] in deliverAndAsk() }) { hasAnswer.wait() }
        if let value = answer.value, answer.status == kong_status(KONG_OK) {
            completion.succeed(value)
        } else {
            completion.fail(Int(answer.status), answer.message)
        }
    }

    // MARK: On the loop, while the thread waits

    /// Queues the gathered calls on the event, the last one with a completion if somebody waits for it.
    private func deliver(_ completion: Completion? = nil) -> CallOutcome {
        var outcome = CallOutcome.accepted
        let bytes = encodedCalls.bytes
        var offset = 0
        for (index, call) in queue.enumerated() {
            let encoded = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + call.size)])
            offset += call.size
            outcome = event.submit(call.method, call.facts, encoded, index == queue.count - 1 ? completion : nil)
            if case .refused = outcome { break }
        }
        queue.removeAll(keepingCapacity: true)
        encodedCalls.consume(encodedCalls.count)
        return outcome
    }

    private func deliverAndAsk() {
        // The completion gives this back.
        let completion = Completion(Self.complete, Unmanaged.passRetained(self).toOpaque())
        let outcome: CallOutcome
        switch waiting {
        case .call: outcome = deliver(completion)
        case .flush:
            let delivered = deliver()
            if case .refused = delivered { outcome = delivered } else { outcome = event.flush(completion) }
        }
        if case .refused(let status, let reason) = outcome {
            completion.fail(status, reason)
        }
    }

    private static let complete: kong_completion = { context, status, result, message in
        guard let context else { return }
        let event = Unmanaged<BlockingEvent>.fromOpaque(context).takeRetainedValue()
        event.complete(status, result, message)
    }

    private func complete(_ status: kong_status, _ result: UnsafePointer<kong_value>?, _ message: kong_string) {
        if let result, status == kong_status(KONG_OK) {
            let arena = arena ?? ValueArena()
            self.arena = arena
            answer = Answer(value: arena.copy(result.pointee))
        } else {
            answer = Answer(status: status, message: message.text)
        }
        hasAnswer.signal()
    }
}
