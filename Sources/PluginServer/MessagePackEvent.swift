// Unsafe pointers: arguments come from plugins, and answers go to their completions.

import CFlightRecorder
import CKongPlugin
import EventLoop
import Logging
import PDKCatalogue
import Statistics
import WireProtocol

/// An event over MessagePack-RPC. Kong asks for each step of it, so calls wait here until it asks; each request may
/// come on another connection.
// @unchecked Sendable: as Event.
final class MessagePackEvent: Event, @unchecked Sendable {
    private struct QueuedCall {
        let method: MethodID
        /// Of its encoding, in `encodedCalls`; 0 for a flush, which Kong never sees.
        let size: Int
        let endsEvent: Bool
        let completion: Completion?
    }

    /// A call that Kong runs.
    private struct RunningCall {
        let call: QueuedCall
        /// By `EventLoop.nanoseconds`.
        let since: UInt64
    }

    /// Where the last request came: steps mostly come on the connection on which the one before was answered.
    private var conversation: MessagePackConversation?
    /// The id of the request that Kong waits for an answer to. Nil while Kong runs a call.
    private var request: Int64?
    private var running: RunningCall?
    /// Calls that Kong has not been given yet: from `firstCall` on.
    private var queue: [QueuedCall] = []
    private var firstCall = 0
    private var encodedCalls = ByteQueue()
    private var hasFinished = false
    private var isOver = false
    /// Whether the end goes to Kong without the handler's.
    private var endsEarly = false
    /// When the open request came, by `EventLoop.nanoseconds`.
    private var openedAt: UInt64 = 0

    /// Kong reads no answer that takes longer than 60 s (lua_socket_read_timeout), and keeps the connection: it would take one
    /// that comes later for that of its next request there. In nanoseconds.
    private static let kongPatience: UInt64 = 59_000_000_000

    override var isMessagePack: Bool { true }

    override func released() {
        context.spare(self)
    }

    /// Forgets the run before.
    func reset() {
        request = nil
        conversation = nil
        running = nil
        if !queue.isEmpty { forgetCalls() }
        encodedCalls.truncate(to: 0)
        hasFinished = false
        isOver = false
        endsEarly = false
    }

    // MARK: From Kong

    /// Kong waits for this event's next step, or its end.
    @inline(__always)
    func open(_ id: Int64, _ reply: flight_reply, on conversation: MessagePackConversation) {
        if self.conversation !== conversation { self.conversation = conversation }
        request = id
        openedAt = context.loop.recentNanoseconds
        self.reply.pointee = reply
        conversation.hold(id, for: self)
    }

    /// Kong has run a call, and waits for the next.
    func step(
        _ data: kong_value, _ refused: Bool, _ id: Int64, _ reply: flight_reply, on conversation: MessagePackConversation
    ) {
        guard let call = running?.call else {
            // Two steps for one call: the event's own request must be left alone.
            return conversation.respond(id) { output, id in
                MessagePackSession.appendError("event \(self.id.rawValue) is not waiting for a step", to: id, &output)
            }
        }
        running = nil
        open(id, reply, on: conversation)
        complete(call, data, refused)
        pump()
    }

    private func complete(_ call: QueuedCall, _ data: kong_value, _ refused: Bool) {
        if let completion = call.completion {
            if refused {
                inPlugin(for: FLIGHT_COMPLETION) { completion.fail(KONG_REFUSED, data.stringIfAny ?? kong_string()) }
            } else {
                inPlugin(for: FLIGHT_COMPLETION) { completion.succeed(data) }
            }
        } else if refused {
            let method = PDKCatalogue[call.method]?.name ?? ""
            // The handler did not wait for it, so it cannot be told.
            context.server.logger.error(
                "\(name): Kong refused \(method): \((data.stringIfAny ?? kong_string()).text)")
        }
    }

    /// The connection of the open request is gone, and with it whoever waited for this event.
    func requestLost() {
        guard request != nil else { return }
        request = nil
        isOver = true
        cancel("Kong closed the connection")
    }

    override func expire(at now: UInt64) {
        guard let running else { return }
        // An event is known to the process alone that has begun it.
        if conversation?.hasPeerEnded == true { return giveUp(running.call, "its process has ended", as: .cancelled) }
        guard now > running.since, now - running.since > context.stepTimeout else { return }
        giveUp(running.call, "it refused the call, or the request has ended")
    }

    override func endIfAbandoned() {
        guard running != nil, let conversation else { return }
        let event = id
        conversation.ifDisconnected(tell: context) { [self] in
            // It may have gone on meanwhile.
            guard id == event, let running, self.conversation === conversation else { return }
            giveUp(running.call, "the connection is closed, and the server is going down")
        }
    }

    private func giveUp(_ call: QueuedCall, _ why: String, as result: EventResult = .timedOut) {
        let reason = "Kong did not come back from \(PDKCatalogue[call.method]?.name ?? "a call"): \(why)"
        isOver = true
        if hasFinished {
            // The handler has long returned, so this is the only word that there will be of it.
            context.log(.error, about: "lost \(name)", "\(name) failed: \(reason)")
            running = nil
            release()
        } else {
            cancel(reason, as: result)
        }
    }

    // MARK: From the plugin

    override var hasRoom: Bool { encodedCalls.count < context.messageLimit }

    override func enqueue(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>,
        _ completion: Completion?
    ) -> CallOutcome {
        do throws(CallRefusal) {
            let size = try encode(method, facts, arguments, to: &encodedCalls)
            queue.append(QueuedCall(method: method, size: size, endsEvent: facts.endsEvent, completion: completion))
        } catch {
            return .refused(error.status, error.reason)
        }
        pump()
        return .accepted
    }

    override func encode(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>, to output: inout ByteQueue
    ) throws(CallRefusal) -> Int {
        let before = output.count
        do {
            try MessagePackSession.appendCall(
                facts.name, arguments, limit: context.messageLimit, to: &output)
        } catch {
            throw CallRefusal(KONG_BAD_ARGUMENT, "\(facts.name): the arguments cannot be sent: \(error)")
        }
        return output.count - before
    }

    override func enqueue(
        _ method: MethodID, encoded: UnsafeRawBufferPointer, _ completion: Completion?
    ) -> CallOutcome {
        let before = encodedCalls.count
        encodedCalls.append(encoded)
        guard !encodedCalls.hasFailed else {
            encodedCalls.truncate(to: before)
            return .refused(KONG_LIMIT, "\(WireError.noMemory)")
        }
        queue.append(
            QueuedCall(
                method: method, size: encoded.count, endsEvent: PDKCatalogue.facts(method)?.endsEvent == true, completion: completion))
        pump()
        return .accepted
    }

    override func enqueueFlush(_ completion: Completion) -> CallOutcome {
        queue.append(QueuedCall(method: .none, size: 0, endsEvent: false, completion: completion))
        pump()
        return .accepted
    }

    override func finished() {
        hasFinished = true
        if isOver { release() } else { pump() }
    }

    private var hasCalls: Bool { firstCall < queue.count }

    private func takeCall() -> QueuedCall {
        let call = queue[firstCall]
        firstCall += 1
        if firstCall == queue.count {
            forgetCalls()
        } else if firstCall >= Self.mostTaken, firstCall * 2 >= queue.count {
            // A handler that never waits for all of its calls would let it grow for ever.
            queue.removeFirst(firstCall)
            firstCall = 0
        }
        return call
    }

    private func forgetCalls() {
        // Mostly there was one; taking it away costs less than removing all.
        if queue.count == 1 { queue.removeLast() } else { queue.removeAll(keepingCapacity: queue.capacity <= Self.mostTaken) }
        firstCall = 0
    }

    /// As many calls as that may be kept that have been taken.
    private static let mostTaken = 1024

    /// Hands out the next call if Kong waits for it, or the end.
    private func pump() {
        while hasCalls, queue[firstCall].size == 0, running == nil {
            let flush = takeCall()
            inPlugin(for: FLIGHT_COMPLETION) { flush.completion?.succeed(kong_value()) }
        }
        guard let request, !isOver, hasCalls || hasFinished || endsEarly, let conversation else { return }
        if isTooLate { return disconnect(conversation, insteadOfAnswering: request) }
        self.request = nil
        let event = Int64(bitPattern: id.rawValue)
        if hasCalls {
            let call = takeCall()
            // As long as it has not left, an answer from a crash can take its place.
            if !conversation.isLocal { reply.pointee.connection = nil }
            conversation.respond(request) { output, id in
                let bytes = UnsafeRawBufferPointer(rebasing: encodedCalls.bytes[..<call.size])
                MessagePackSession.appendStep(of: event, bytes, to: id, &output)
            }
            encodedCalls.consume(call.size)
            // Kong never comes back from kong.response.exit.
            if call.endsEvent {
                isOver = true
                if hasFinished { release() }
            } else {
                running = RunningCall(call: call, since: context.loop.recentNanoseconds)
            }
        } else {
            isOver = true
            conversation.respond(request) { output, id in MessagePackSession.appendEventEnd(of: event, to: id, &output) }
            if hasFinished { release() }
        }
    }

    /// Whether Kong has given up waiting for an answer to the open request.
    @inline(__always)
    private var isTooLate: Bool {
        let now = hasFinished ? context.loop.recentNanoseconds : context.loop.readNanoseconds()
        return now >= openedAt && now - openedAt > Self.kongPatience
    }

    /// Kong does not wait any more: what would be sent now is never read as it is meant.
    private func disconnect(_ conversation: MessagePackConversation, insteadOfAnswering id: Int64) {
        request = nil
        isOver = true
        context.server.logger.error("\(name): its answer comes too late, closing the connection")
        conversation.disconnect(insteadOfAnswering: id)
        if hasFinished { release() } else { cancel("Kong has stopped waiting") }
    }

    override var canAnswer: Bool { request != nil }

    override func answerEarly() {
        endsEarly = true
        pump()
    }

    override func giveUp(_ reason: String) {
        guard let running else { return cancel(reason) }
        giveUp(running.call, reason)
    }

    override func failPending(_ reason: String) {
        let calls = (running.map { [$0.call] } ?? []) + queue[firstCall...]
        running = nil
        forgetCalls()
        for call in calls {
            inPlugin(for: FLIGHT_COMPLETION) { call.completion?.fail(KONG_CANCELLED, reason) }
        }
    }
}
