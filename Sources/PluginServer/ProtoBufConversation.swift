// Unsafe pointers: frames are lent from the connection's input; and events have references that count nothing.

import CFlightRecorder
import CKongPlugin
import DequeModule
import Logging
import PDKCatalogue
import WireProtocol

/// A connection that speaks ProtoBuf:1: joins its session to instances and events. [loop]
// @unchecked Sendable: used on its loop's thread only; it is named in closures that come back there.
final class ProtoBufConversation: Conversation, @unchecked Sendable {
    // A cycle that `Connection.close` breaks.
    private let connection: Connection
    private let context: LoopContext
    private var session: ProtoBufSession
    /// The running event, or the last one. Kong may still be answering its calls; and it is used again.
    private var lastEvent: ProtoBufEvent?
    private var isEventRunning = false
    /// Whether that ended with an exit.
    private var lastEventExited = false
    /// Set while `receive` runs: a handler may finish in it, and must not start it again.
    private var isReceiving = false
    /// Calls sent and answered on this connection, and who waits until all up to a certain one are.
    private var sentCalls = 0
    private var answeredCalls = 0
    private var flushes = Deque<(lastCall: Int, completion: Completion)>()

    init(_ connection: Connection, _ context: LoopContext) {
        self.connection = connection
        self.context = context
        session = ProtoBufSession(limit: context.messageLimit)
    }

    // MARK: From Kong

    var awaitsAnswers: Bool { !session.pending.isEmpty }

    var wireProtocol: WireProtocolKind { .protoBuf }
    var isIdle: Bool { owesNothing && !isReceiving }
    private var owesNothing: Bool { !session.isBusy && session.pending.isEmpty }

    func receive() throws(WireError) {
        if isReceiving { return }
        isReceiving = true
        defer { isReceiving = false }
        try takeIn()
    }

    private func takeIn() throws(WireError) {
        // While a call is being worked on, and nothing is due from Kong, what comes has to wait.
        while connection.isOpen, awaitsAnswers || (!session.isBusy && !connection.isClogged),
            let frame = try session.frame(in: connection.input.bytes)
        {
            // A busy Kong's next call often comes with its last answer: that is where another process can go on.
            if context.isRetiring, owesNothing { return }
            if let event = session.receiveEvent(frame.payload) {
                handleEvent(InstanceID(rawValue: event.instance), event.phase)
                connection.input.consume(frame.size)
                continue
            }
            switch try session.receive(frame.payload) {
            case .answer(let call, let payload):
                try answer(call, payload)
                answeredCalls += 1
                while let flush = flushes.first, flush.lastCall <= answeredCalls {
                    flushes.removeFirst()
                    complete { flush.completion.succeed(kong_value()) }
                }
            case .call(let call): handle(call)
            }
            connection.input.consume(frame.size)
        }
    }

    private func answer(_ call: ProtoBufSession.PendingCall, _ payload: UnsafeRawBufferPointer) throws(WireError) {
        // The answer to a queued call says only that Kong has done it.
        guard let completion = call.completion else { return }
        guard let facts = PDKCatalogue.facts(call.method), let output = facts.output else { return }
        context.arena.reset()
        let answer: PDKAnswer
        do {
            answer = try ProtoBufMessages.decodeResult(
                output, isOptional: facts.resultIsOptional, from: payload, into: context.arena)
        } catch {
            complete { completion.fail(KONG_FAILED, "Kong's answer cannot be read: \(error)") }
            throw error
        }
        switch answer {
        // What answers with nothing may have a message all the same: kong.nginx.set_ctx has a String.
        case .value(let value): complete { completion.succeed(facts.hasResult ? value : kong_value()) }
        case .refused(let reason): complete { completion.fail(KONG_REFUSED, reason) }
        }
    }

    /// Runs a completion of the event whose calls Kong is answering.
    @inline(__always)
    private func complete(_ body: () -> Void) {
        if let lastEvent { lastEvent.inPlugin(for: FLIGHT_COMPLETION, body) } else { body() }
    }

    private func handle(_ call: RpcCall) {
        switch call.command {
        case .handleEvent(let instance, let phase):
            handleEvent(InstanceID(rawValue: instance), phase)
        case .startInstance(let name, let config):
            let name = name.text
            context.server.instances.start(name, config, answeringErrors: false, answer: startAnswer, on: context) { [self] in
                switch $0 {
                case .success(let status): respond(.instanceStatus(status.protoBuf))
                case .failure(let error): close("cannot start an instance of \(name): \(error)")
                }
            }
        case .getInstanceStatus(let id):
            let id = InstanceID(rawValue: id)
            if let status = context.server.instances.status(id, on: context) {
                respond(.instanceStatus(status.protoBuf))
            } else {
                close(UnknownInstance(id).description)
            }
        case .closeInstance(let id):
            // There is no error reply, and an instance that does not exist is as closed as can be.
            let id = InstanceID(rawValue: id)
            let status = context.server.instances.close(id, on: context)
            respond(.instanceStatus(status?.protoBuf ?? InstanceStatus(
                name: "", instanceID: id.rawValue, config: nil, startedAt: 0)))
        case .getPluginNames:
            respond(.pluginNames(context.server.plugins.loaded.keys.sorted()))
        case .getPluginInfo(let name):
            if let plugin = context.server.plugins.loaded[name.text] {
                respond(.pluginInfo(plugin.protoBufInfo))
            } else {
                close(context.server.plugins.reasonForAbsence(of: name.text))
            }
        case .unknown:
            close("an RpcCall without a command that this server knows")
        }
    }

    /// For a start that ends the process.
    private var startAnswer: StartAnswer {
        let sequence = session.sequence ?? 0
        return StartAnswer(connection: connection.record.map { UnsafePointer($0) }) { (record, bytes) throws(WireError) in
            try ProtoBufSession.appendReturn(.instanceStatus(record.protoBuf), to: sequence, &bytes)
        }
    }

    private func handleEvent(_ id: InstanceID, _ phaseName: kong_string) {
        guard let phase = Phase(named: phaseName) else {
            // Kong calls only what the dump told it, so this can be no request of a client.
            return end(reporting: "there is no phase \(phaseName.text)")
        }
        if let instance = context.runningInstance(id) {
            return instance._withUnsafeGuaranteedRef { handle(phase, on: $0, id) }
        }
        context.server.instances.find(id, on: context) { [self] found in
            guard connection.isOpen else { return }
            // Whoever runs an event counts no references to it: the next one must not begin meanwhile.
            let isOutermost = !isReceiving
            isReceiving = true
            defer {
                if isOutermost {
                    isReceiving = false
                    connection.receiveMore()
                }
            }
            switch found {
            case .running(let instance):
                handle(phase, on: instance, id)
            case .failed(let pluginName, let reason):
                _ = begin({ $0.enter(phase, inPlaceOf: pluginName, id) })?.takeUnretainedValue()
                    .finish(kong_status(KONG_FAILED), reason)
            case .quarantined(let pluginName):
                begin({ $0.enter(phase, inPlaceOf: pluginName, id) })?.takeUnretainedValue().turnAway()
            case .unknown:
                // Kong's answer to a closed connection is to start the instance again, and to come back.
                close(UnknownInstance(id).description)
            }
        }
    }

    @inline(__always)
    private func handle(_ phase: Phase, on instance: LoopInstance, _ id: InstanceID) {
        begin({ $0.enter(phase, on: instance, id) })?._withUnsafeGuaranteedRef { event in
            let plugin = instance.plugin
            if plugin._withUnsafeGuaranteedRef({ $0.handles(phase) }) {
                event.begin(on: instance)
            } else {
                event.skip("undefined method \(phase) on plugin \(plugin.takeUnretainedValue().name)")
            }
        }
    }

    /// - Returns: the event, which this keeps until the next one begins.
    @inline(__always)
    private func begin(_ enter: (ProtoBufEvent) -> Bool) -> Unmanaged<ProtoBufEvent>? {
        if !isKnownUniquelyReferenced(&lastEvent) { lastEvent = ProtoBufEvent(context) }
        guard let event = lastEvent.map({ Unmanaged.passUnretained($0) }), event._withUnsafeGuaranteedRef(enter) else {
            close("more than \(EventTable.capacity) events are running")
            return nil
        }
        event._withUnsafeGuaranteedRef {
            $0.belong(to: self)
            $0.reply.pointee = flight_reply(
                connection: connection.record, number: session.sequence ?? 0, protocol: UInt32(FLIGHT_PROTOBUF), sends: 0)
        }
        isEventRunning = true
        lastEventExited = false
        return event
    }

    // MARK: To Kong

    var hasRoom: Bool { connection.output.count < context.messageLimit }

    func append(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>,
        _ completion: Completion?
    ) -> CallOutcome {
        do throws(CallRefusal) {
            _ = try Self.encode(
                method, facts, arguments, limit: context.messageLimit, to: &connection.output)
        } catch {
            return .refused(error.status, error.reason)
        }
        hasAppended(method, completion)
        return .accepted
    }

    /// Appends a call that `encode` has encoded.
    func append(_ method: MethodID, encoded: UnsafeRawBufferPointer, _ completion: Completion?) -> CallOutcome {
        connection.output.append(encoded)
        hasAppended(method, completion)
        return .accepted
    }

    private func hasAppended(_ method: MethodID, _ completion: Completion?) {
        session.didAppendCall(method, completion)
        sentCalls += 1
        // A queued call waits for the end of the event, or a call with a result; the turn's end sends them all.
        if completion != nil { connection.flushAtEndOfTurn() }
    }

    /// Appends a call to any bytes. [any]
    /// - Returns: its size.
    static func encode(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>, limit: Int,
        to output: inout ByteQueue
    ) throws(CallRefusal) -> Int {
        let input = try PDKCatalogue.protoBufInput(of: method, facts, argumentCount: arguments.count)
        let before = output.count
        do {
            try ProtoBufSession.appendCall(named: facts.name, input: input, arguments, limit: limit, to: &output)
        } catch {
            throw CallRefusal(KONG_BAD_ARGUMENT, "\(facts.name): the arguments cannot be sent: \(error)")
        }
        return output.count - before
    }

    /// Completes when all that has been sent is answered.
    func appendFlush(_ completion: Completion) -> CallOutcome {
        if answeredCalls == sentCalls {
            completion.succeed(kong_value())
        } else {
            flushes.append((sentCalls, completion))
            connection.flushAtEndOfTurn()
        }
        return .accepted
    }

    func exited() {
        lastEventExited = true
    }

    /// Whether the event waits for an answer of Kong's.
    var isAsked: Bool { !flushes.isEmpty || session.pending.contains { $0.completion != nil } }

    /// Ends the current event.
    func end() {
        isEventRunning = false
        session.appendEventEnd(to: &connection.output)
        connection.flushAtEndOfTurn()
        receiveMore()
    }

    /// Goes on with what has come meanwhile, unless that is being done.
    private func receiveMore() {
        if !isReceiving { connection.receiveMore() }
    }

    /// Ends an event that is none, with a line in the log.
    private func end(reporting text: String) {
        context.server.logger.warning("\(text)")
        end()
    }

    private func respond(_ result: RpcResult) {
        guard connection.isOpen else { return }
        do {
            try session.appendReturn(result, to: &connection.output)
        } catch {
            close("a reply cannot be sent: \(error)")
            return
        }
        connection.flushAtEndOfTurn()
        receiveMore()
    }

    // MARK: The end

    func close(_ reason: String) {
        context.log(.warning, about: reason, "\(reason); closing the connection")
        connection.closeAfterOutput()
    }

    func connectionClosed() {
        let calls = session.callCount
        let pending = session.takePending()
        let reason: String
        if let refused = pending.first, let method = PDKCatalogue[refused.method]?.name {
            let number = calls - pending.count + 1
            reason = "Kong closed the connection instead of answering \(method), call \(number) of \(calls)"
        } else {
            reason = "Kong closed the connection"
        }
        if isEventRunning, let event = lastEvent {
            isEventRunning = false
            event.connectionClosed(pending.compactMap(\.completion) + flushes.map(\.completion), reason)
        } else if !pending.isEmpty, !(lastEventExited && pending.count == 1) {
            // The handler has long returned, so this is the only word that there will be of it.
            let name = lastEvent?.name ?? ""
            context.log(.error, about: "lost \(name)", "\(name) failed: \(reason)")
        }
    }
}

/// An event over ProtoBuf:1: it belongs to the connection that it came on.
// @unchecked Sendable: as Event.
final class ProtoBufEvent: Event, @unchecked Sendable {
    /// It tells the event when it ends, and is there until this turn is over (`Connection.close`).
    private var conversation: Unmanaged<ProtoBufConversation>?
    private var unanswered: [Completion] = []

    @inline(__always)
    func belong(to conversation: ProtoBufConversation) { self.conversation = .passUnretained(conversation) }

    override var hasRoom: Bool { conversation?._withUnsafeGuaranteedRef { $0.hasRoom } ?? true }

    override func enqueue(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>,
        _ completion: Completion?
    ) -> CallOutcome {
        conversation?._withUnsafeGuaranteedRef { $0.append(method, facts, arguments, completion) }
            ?? .refused(KONG_CANCELLED, "the connection is gone")
    }

    override func encode(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>, to output: inout ByteQueue
    ) throws(CallRefusal) -> Int {
        try ProtoBufConversation.encode(
            method, facts, arguments, limit: context.messageLimit, to: &output)
    }

    override func enqueue(
        _ method: MethodID, encoded: UnsafeRawBufferPointer, _ completion: Completion?
    ) -> CallOutcome {
        conversation?._withUnsafeGuaranteedRef { $0.append(method, encoded: encoded, completion) }
            ?? .refused(KONG_CANCELLED, "the connection is gone")
    }

    override func enqueueFlush(_ completion: Completion) -> CallOutcome {
        conversation?._withUnsafeGuaranteedRef { $0.appendFlush(completion) } ?? .refused(KONG_CANCELLED, "the connection is gone")
    }

    override func exited() {
        conversation?._withUnsafeGuaranteedRef { $0.exited() }
    }

    override func finished() {
        // What ends the event may begin the next one, with this.
        let conversation = conversation
        self.conversation = nil
        release()
        conversation?._withUnsafeGuaranteedRef { $0.end() }
    }

    override var canAnswer: Bool { conversation?._withUnsafeGuaranteedRef { !$0.isAsked } ?? false }

    override func answerEarly() {
        let conversation = conversation
        self.conversation = nil
        conversation?._withUnsafeGuaranteedRef { $0.end() }
    }

    override func giveUp(_ reason: String) {
        // Its end cancels the event.
        conversation?._withUnsafeGuaranteedRef { $0.close("\(name): \(reason), and Kong does not answer") }
    }

    override func failPending(_ reason: String) {
        let completions = unanswered
        unanswered = []
        for completion in completions { inPlugin(for: FLIGHT_COMPLETION) { completion.fail(KONG_CANCELLED, reason) } }
    }

    func connectionClosed(_ completions: [Completion], _ reason: String) {
        conversation = nil
        unanswered = completions
        cancel(reason)
    }
}
