// Unsafe pointers: messages are lent from the connection's input; and references to events count nothing.

import CFlightRecorder
import CKongPlugin
import EventLoop
import Glibc
import Logging
import PDKCatalogue
import PluginLoader
import WireProtocol

/// A connection that speaks MessagePack-RPC: joins its session to instances and events. [loop]
// @unchecked Sendable: used on its loop's thread only; it is named in closures that come back there.
final class MessagePackConversation: Conversation, @unchecked Sendable {
    // A cycle that `Connection.close` breaks.
    private let connection: Connection
    private let context: LoopContext
    private var session: MessagePackSession
    /// The process of Kong's whose connection it is.
    private let peer: PeerProcess?
    /// Requests of this connection that events of this loop will answer; they fail with it. An event that has an open request is not
    /// over, so these references need not be counted.
    private var openRequests: [(id: Int64, event: Unmanaged<MessagePackEvent>)] = []
    /// The same, of events of other loops.
    private var requestsFromElsewhere: [(id: Int64, event: MessagePackEvent)] = []
    /// Requests that have come on this connection and have not been answered.
    private var unansweredCount = 0

    /// The next message is answered here, whoever's event it is of.
    private var isReturned: Bool

    /// - Parameters:
    ///   - isNew: Kong has not been told whose connection it is.
    ///   - isReturned: whether the process is gone that the next message is meant for.
    init(_ connection: Connection, _ context: LoopContext, isNew: Bool, isReturned: Bool = false) {
        self.isReturned = isReturned
        self.connection = connection
        self.context = context
        peer = connection.peer
        session = MessagePackSession(limit: context.messageLimit)
        if isNew {
            MessagePackSession.appendServerPid(context.server.supervision.serverPid, to: &connection.output)
        }
    }

    // MARK: From Kong

    /// Kong asks for each step, and waits for its answer.
    var awaitsAnswers: Bool { false }

    var wireProtocol: WireProtocolKind { .messagePack }
    var isIdle: Bool { unansweredCount == 0 }

    func receive() throws(WireError) {
        while connection.isOpen, !connection.isClogged {
            context.arena.reset()
            let input = connection.input.bytes
            if let message = session.receiveEventMessage(in: input, arena: context.arena) {
                switch message.kind {
                case .handleEvent(let instance, let phase):
                    isReturned = false
                    unansweredCount += 1
                    handleEvent(message.id, instance, phase)
                case .step(let event, let data, let refused):
                    guard admits(event) else { return }
                    step(
                        message.id, EventID(rawValue: UInt64(bitPattern: event)), data, refused,
                        UnsafeRawBufferPointer(rebasing: input[..<message.size]))
                }
                connection.input.consume(message.size)
                continue
            }
            guard let size = try session.messageSize(in: connection.input.bytes) else { return }
            let bytes = UnsafeRawBufferPointer(rebasing: connection.input.bytes[..<size])
            context.arena.reset()
            let message = try session.receive(bytes, arena: context.arena)
            guard admits(message) else { return }
            handle(message, bytes)
            connection.input.consume(size)
        }
    }

    /// Whether a message is to be answered here: see the other one.
    private func admits(_ message: MessagePackSession.Message) -> Bool {
        if case .step(let event, _, _) = message.request { return admits(event) }
        isReturned = false
        unansweredCount += 1
        return true
    }

    /// Whether a step of an event is to be answered here. If not, the connection has gone with it to where it is.
    private func admits(_ event: Int64) -> Bool {
        if let epoch = strayEpoch(of: event) {
            connection.handOver(to: epoch)
            return false
        }
        isReturned = false
        unansweredCount += 1
        return true
    }

    /// The epoch of another process whose event this is: it is that one's to answer. Kong has taken up a connection that has
    /// been handed over meanwhile.
    private func strayEpoch(of event: Int64) -> Int? {
        guard let epoch = EventID(rawValue: UInt64(bitPattern: event)).epoch, epoch != context.epoch else { return nil }
        guard context.server.supervision.hasPeers, !isReturned, isIdle, connection.output.isEmpty else { return nil }
        return epoch
    }

    private func handle(_ message: MessagePackSession.Message, _ bytes: UnsafeRawBufferPointer) {
        let id = message.id
        switch message.request {
        case .handleEvent(let instance, let phase):
            handleEvent(id, instance, phase)
        case .step(let event, let data, let refused):
            step(id, EventID(rawValue: UInt64(bitPattern: event)), data, refused, bytes)
        case .startInstance(let name, let config):
            let answer = StartAnswer(connection: connection.record.map { UnsafePointer($0) }) { record, bytes in
                MessagePackSession.appendResult(to: id, &bytes)
                record.value.appendMessagePack(to: &bytes)
            }
            context.server.instances.start(name.text, config, answeringErrors: true, answer: answer, on: context) { [self] in
                switch $0 {
                case .success(let status): respond(id, status.value)
                case .failure(let error): respond(id, error: "\(error)")
                }
            }
        case .instanceStatus(let instance):
            let found = InstanceID(exactly: instance).flatMap { context.server.instances.status($0, on: context) }
            respond(id, found?.value, orError: UnknownInstance(instance).description)
        case .closeInstance(let instance):
            let closed = InstanceID(exactly: instance).flatMap { context.server.instances.close($0, on: context) }
            respond(id, closed?.value, orError: UnknownInstance(instance).description)
        case .getPluginInfo(let name):
            let info = context.server.plugins.loaded[name.text]?.description.value
            respond(id, info, orError: context.server.plugins.reasonForAbsence(of: name.text))
        case .setPluginDirectory(let path):
            let directory = context.server.configuration.pluginsDirectory
            if path.text == directory {
                respond(id, .string("ok"))
            } else {
                respond(
                    id, error: "plugins are loaded from \(directory), when the server starts; "
                        + "start it with -plugins-directory \(path.text)")
            }
        case .getStatus:
            respond(id, context.server.status(on: context))
        case .unknown(let method):
            respond(id, error: "rpc: can't find method \(method.text)")
        case .malformed(let method, let reason):
            respond(id, error: "\(method.text): \(reason)")
        }
    }

    private func handleEvent(_ id: Int64, _ instance: Int64, _ phase: kong_string) {
        guard let instanceID = InstanceID(exactly: instance) else {
            return respond(id, error: UnknownInstance(instance).description)
        }
        if let instance = context.runningInstance(instanceID) {
            return instance._withUnsafeGuaranteedRef { handle(id, instanceID, $0, phase) }
        }
        let phase = phase.text
        context.server.instances.find(instanceID, on: context) { [self] found in
            guard connection.isOpen else { return }
            switch found {
            case .running(let instance): phase.withKongString { handle(id, instanceID, instance, $0) }
            case .failed(let pluginName, let reason):
                // Which phase it is matters only for whether a client waits.
                let phase = phase.withKongString { Phase(named: $0) } ?? .log
                _ = begin(id, { $0.enter(phase, inPlaceOf: pluginName, instanceID) })?.takeUnretainedValue()
                    .finish(kong_status(KONG_FAILED), reason)
            case .quarantined(let pluginName):
                let phase = phase.withKongString { Phase(named: $0) } ?? .log
                begin(id, { $0.enter(phase, inPlaceOf: pluginName, instanceID) })?.takeUnretainedValue().turnAway()
            case .unknown: respond(id, error: UnknownInstance(instance).description)
            }
        }
    }

    private func handle(_ id: Int64, _ instanceID: InstanceID, _ instance: LoopInstance, _ phaseName: kong_string) {
        let known = Phase(named: phaseName)
        let plugin = instance.plugin
        guard let phase = known, plugin._withUnsafeGuaranteedRef({ $0.handles(phase) }) else {
            let plugin = plugin.takeUnretainedValue()
            if let known { context.countRefused(plugin, known) }
            return respond(id, error: "undefined method \(phaseName.text) on plugin \(plugin.name)")
        }
        begin(id, { $0.enter(phase, on: instance, instanceID) })?._withUnsafeGuaranteedRef { $0.begin(on: instance) }
    }

    @inline(__always)
    private func begin(_ id: Int64, _ enter: (MessagePackEvent) -> Bool) -> Unmanaged<MessagePackEvent>? {
        let event = context.spareEvent()
        guard enter(event) else {
            respond(id, error: "more than \(EventTable.capacity) events are running")
            return nil
        }
        event.open(id, reply(to: id), on: self)
        // The table of events has it, until it is over.
        return .passUnretained(event)
    }

    private func step(
        _ id: Int64, _ event: EventID, _ data: kong_value, _ refused: Bool, _ bytes: UnsafeRawBufferPointer
    ) {
        if event.loop == context.loop.index {
            let isRunning = context.events.find(event)?._withUnsafeGuaranteedRef { event in
                guard event.isMessagePack else { return false }
                unsafeDowncast(event, to: MessagePackEvent.self).step(data, refused, id, self.reply(to: id), on: self)
                return true
            }
            if isRunning != true { respondNoEvent(id, event) }
            return
        }
        // Kong has taken a connection of another loop for this step: the message goes to the event's.
        guard let other = context.server.context(of: event.loop) else { return respondNoEvent(id, event) }
        let message = Array(bytes)
        // nonisolated(unsafe): of the flight recorder, which may read it whenever it is.
        nonisolated(unsafe) let reply = reply(to: id)
        other.loop.schedule { [self] in stepElsewhere(message, event, id, reply, other) }
    }

    /// On the thread of `context`'s loop, which is not this one's.
    private func stepElsewhere(
        _ bytes: [UInt8], _ event: EventID, _ id: Int64, _ reply: flight_reply, _ context: LoopContext
    ) {
        guard let running = context.events[event] as? MessagePackEvent else {
            return respond(id) { output, id in MessagePackSession.appendError(Self.noEvent(event), to: id, &output) }
        }
        bytes.withUnsafeBytes { bytes in
            var session = MessagePackSession(limit: bytes.count)
            context.arena.reset()
            // It has been read before, on the loop that it came to.
            guard let message = try? session.receive(bytes, arena: context.arena),
                case .step(_, let data, let refused) = message.request
            else { return }
            running.step(data, refused, id, reply, on: self)
        }
    }

    // MARK: To Kong

    private static func noEvent(_ event: EventID) -> String { "No running event \(event.rawValue)" }

    private func respondNoEvent(_ id: Int64, _ event: EventID) {
        respond(id, error: Self.noEvent(event))
    }

    private func respond(_ id: Int64, _ result: JSONValue?, orError error: @autoclosure () -> String) {
        if let result { respond(id, result) } else { respond(id, error: error()) }
    }

    private func respond(_ id: Int64, _ result: JSONValue) {
        unansweredCount -= 1
        guard connection.isOpen else { return }
        MessagePackSession.appendResult(to: id, &connection.output)
        result.appendMessagePack(to: &connection.output)
        connection.flushAtEndOfTurn()
    }

    private func respond(_ id: Int64, error: String) {
        unansweredCount -= 1
        guard connection.isOpen else { return }
        MessagePackSession.appendError(error, to: id, &connection.output)
        connection.flushAtEndOfTurn()
    }

    /// How a request is answered if the process cannot go on.
    @inline(__always)
    private func reply(to id: Int64) -> flight_reply {
        flight_reply(
            connection: connection.record, number: id, protocol: UInt32(FLIGHT_MESSAGEPACK),
            sends: connection.record?.pointee.sends ?? 0)
    }

    // MARK: For events, on whatever loop they are

    /// Whether this is the thread of the connection.
    @inline(__always)
    var isLocal: Bool { context.loop.isCurrent }


    /// The connection's end shall be told to the event that will answer.
    @inline(__always)
    func hold(_ id: Int64, for event: MessagePackEvent) {
        guard isLocal else { return holdFromElsewhere(id, for: event) }
        guard connection.isOpen else { return event.requestLost() }
        openRequests.append((id, .passUnretained(event)))
    }

    private func holdFromElsewhere(_ id: Int64, for event: MessagePackEvent) {
        context.loop.schedule { [self] in
            guard connection.isOpen else { return Self.lose(event) }
            requestsFromElsewhere.append((id, event))
        }
    }

    /// Answers a request that an event had open.
    @inline(__always)
    func respond(_ id: Int64, _ append: (inout ByteQueue, Int64) -> Void) {
        guard isLocal else { return respondFromElsewhere(id, append) }
        // Nearly always it is the only one.
        if let last = openRequests.last, last.id == id {
            openRequests.removeLast()
        } else {
            openRequests.removeAll { $0.id == id }
        }
        unansweredCount -= 1
        guard connection.isOpen else { return }
        append(&connection.output, id)
        connection.flushAtEndOfTurn()
    }

    private func respondFromElsewhere(_ id: Int64, _ append: (inout ByteQueue, Int64) -> Void) {
        var bytes = ByteQueue()
        append(&bytes, id)
        guard !bytes.hasFailed else { return disconnect(insteadOfAnswering: id) }
        let response = Array(bytes.bytes)
        context.loop.schedule { [self] in
            requestsFromElsewhere.removeAll { $0.id == id }
            unansweredCount -= 1
            guard connection.isOpen else { return }
            connection.output.append(response)
            connection.flushAtEndOfTurn()
        }
    }

    /// Calls back on the loop of `other` if the connection is gone.
    func ifDisconnected(tell other: LoopContext, _ body: @escaping @Sendable () -> Void) {
        if isLocal, other === context {
            if !connection.isOpen { body() }
            return
        }
        context.loop.schedule { [self] in
            if !connection.isOpen { other.loop.schedule(body) }
        }
    }

    /// Whether the process is gone that has connected. [any]
    var hasPeerEnded: Bool { peer?.hasEnded ?? false }

    /// Closes the connection instead of answering a request.
    func disconnect(insteadOfAnswering id: Int64) {
        if isLocal { openRequests.removeAll { $0.id == id } }
        context.loop.schedule { [self] in
            requestsFromElsewhere.removeAll { $0.id == id }
            connection.close()
        }
    }

    // MARK: The end

    func connectionClosed() {
        let lost = openRequests
        openRequests = []
        // Each may bring about anything; none may go meanwhile.
        for event in lost.map({ $0.event.takeUnretainedValue() }) { event.requestLost() }
        let lostElsewhere = requestsFromElsewhere
        requestsFromElsewhere = []
        for request in lostElsewhere { Self.lose(request.event) }
    }

    private static func lose(_ event: MessagePackEvent) {
        event.context.loop.schedule { event.requestLost() }
    }
}
