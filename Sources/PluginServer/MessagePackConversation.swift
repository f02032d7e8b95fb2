// Unsafe pointers: messages are lent from the connection's input.

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
    /// Requests of this connection that events will answer; they fail with it.
    private var openRequests: [(id: Int64, event: MessagePackEvent)] = []
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
            if let (message, size) = session.receiveAtOnce(in: input, arena: context.arena) {
                guard admits(message) else { return }
                handle(message, UnsafeRawBufferPointer(rebasing: input[..<size]))
                connection.input.consume(size)
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

    /// Whether a message is to be answered here. If not, the connection has gone with it to where it is.
    private func admits(_ message: MessagePackSession.Message) -> Bool {
        if let epoch = strayEpoch(of: message) {
            connection.handOver(to: epoch)
            return false
        }
        isReturned = false
        unansweredCount += 1
        return true
    }

    /// The epoch of another process whose event this is a step of: it is that one's to answer. Kong has taken up a connection
    /// that has been handed over meanwhile.
    private func strayEpoch(of message: MessagePackSession.Message) -> Int? {
        guard case .step(let event, _, _) = message.request else { return nil }
        let supervision = context.server.supervision
        guard let epoch = EventID(rawValue: UInt64(bitPattern: event)).epoch, epoch != supervision.epoch,
            supervision.hasPeers, !isReturned, isIdle, connection.output.isEmpty
        else { return nil }
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
            let answer = StartAnswer(connection: record) { record, bytes in
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
        if let instance = context.runningInstance(instanceID) { return handle(id, instanceID, instance, phase) }
        let phase = phase.text
        context.server.instances.find(instanceID, on: context) { [self] found in
            guard connection.isOpen else { return }
            switch found {
            case .running(let instance): phase.withKongString { handle(id, instanceID, instance, $0) }
            case .failed(let pluginName, let reason):
                // Which phase it is matters only for whether a client waits.
                let phase = phase.withKongString { Phase(named: $0) } ?? .log
                _ = begin(id, phase, .failed(pluginName: pluginName), instanceID)?.finish(kong_status(KONG_FAILED), reason)
            case .quarantined(let pluginName):
                let phase = phase.withKongString { Phase(named: $0) } ?? .log
                begin(id, phase, .quarantined(pluginName: pluginName), instanceID)?.turnAway()
            case .unknown: respond(id, error: UnknownInstance(instance).description)
            }
        }
    }

    private func handle(_ id: Int64, _ instanceID: InstanceID, _ instance: Instance, _ phaseName: kong_string) {
        let known = Phase(named: phaseName)
        guard let phase = known, instance.plugin.handles(phase) else {
            if let known { context.countRefused(instance.plugin, known) }
            return respond(id, error: "undefined method \(phaseName.text) on plugin \(instance.plugin.name)")
        }
        begin(id, phase, .running(instance), instanceID)?.begin()
    }

    private func begin(
        _ id: Int64, _ phase: Phase, _ owner: EventOwner, _ instanceID: InstanceID
    ) -> MessagePackEvent? {
        let event = context.spareEvent()
        guard event.enter(phase, owner, instanceID) else {
            respond(id, error: "more than \(EventTable.capacity) events are running")
            return nil
        }
        event.open(MessagePackRequest(id, self))
        return event
    }

    private func step(
        _ id: Int64, _ event: EventID, _ data: kong_value, _ refused: Bool, _ bytes: UnsafeRawBufferPointer
    ) {
        if event.loop == context.loop.index {
            guard let running = context.events[event]?.asMessagePack else { return respondNoEvent(id, event) }
            running.step(data, refused, MessagePackRequest(id, self))
            return
        }
        // Kong has taken a connection of another loop for this step: the message goes to the event's.
        guard let other = context.server.context(of: event.loop) else { return respondNoEvent(id, event) }
        let message = Array(bytes)
        let request = MessagePackRequest(id, self)
        other.loop.schedule { Self.stepElsewhere(message, event, request, other) }
    }

    private static func stepElsewhere(
        _ bytes: [UInt8], _ event: EventID, _ request: MessagePackRequest, _ context: LoopContext
    ) {
        guard let running = context.events[event]?.asMessagePack else {
            return request.respond(on: context) { output, id in
                MessagePackSession.appendError(noEvent(event), to: id, &output)
            }
        }
        bytes.withUnsafeBytes { bytes in
            var session = MessagePackSession(limit: bytes.count)
            context.arena.reset()
            // It has been read before, on the loop that it came to.
            guard let message = try? session.receive(bytes, arena: context.arena),
                case .step(_, let data, let refused) = message.request
            else { return }
            running.step(data, refused, request)
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

    /// Answers a request that an event had open. Called on this connection's loop.
    fileprivate func answer(_ id: Int64, _ append: (inout ByteQueue, Int64) -> Void) {
        openRequests.removeAll { $0.id == id }
        unansweredCount -= 1
        guard connection.isOpen else { return }
        append(&connection.output, id)
        connection.flushAtEndOfTurn()
    }

    fileprivate func hold(_ id: Int64, for event: MessagePackEvent) {
        guard connection.isOpen else { return Self.lose(event) }
        openRequests.append((id, event))
    }

    fileprivate func disconnect() { connection.close() }
    fileprivate var loop: EventLoop { context.loop }
    fileprivate var record: UnsafePointer<flight_connection>? { connection.record.map { UnsafePointer($0) } }
    fileprivate var isConnected: Bool { connection.isOpen }
    fileprivate var hasPeerEnded: Bool { peer?.hasEnded ?? false }

    func connectionClosed() {
        let lost = openRequests
        openRequests = []
        for request in lost { Self.lose(request.event) }
    }

    private static func lose(_ event: MessagePackEvent) {
        if event.context.loop.isCurrent {
            event.requestLost()
        } else {
            event.context.loop.schedule { event.requestLost() }
        }
    }
}

/// A request that waits for its response: on whichever connection it came.
struct MessagePackRequest: Sendable {
    private let id: Int64
    private let conversation: MessagePackConversation

    // nonisolated(unsafe): of the flight recorder, which may read it whenever it is.
    private nonisolated(unsafe) let connection: UnsafePointer<flight_connection>?

    /// On the connection's loop.
    init(_ id: Int64, _ conversation: MessagePackConversation) {
        self.id = id
        self.conversation = conversation
        connection = conversation.record
    }

    /// How it is answered if the process cannot go on.
    var reply: flight_reply {
        flight_reply(
            connection: connection, number: id, protocol: UInt32(FLIGHT_MESSAGEPACK), sends: connection?.pointee.sends ?? 0)
    }

    /// Whether this is the thread of its connection.
    var isLocal: Bool { conversation.loop.isCurrent }

    /// Whether the process that has sent it is gone. [any]
    var hasSenderEnded: Bool { conversation.hasPeerEnded }

    /// The connection's end shall be told to the event.
    func hold(for event: MessagePackEvent) {
        if conversation.loop.isCurrent {
            conversation.hold(id, for: event)
        } else {
            conversation.loop.schedule { [self] in conversation.hold(id, for: event) }
        }
    }

    /// Calls back on the loop of `context` if the connection that the request came on is gone.
    func ifDisconnected(tell context: LoopContext, _ body: @escaping @Sendable () -> Void) {
        if conversation.loop.isCurrent, context.loop.isCurrent {
            if !conversation.isConnected { body() }
            return
        }
        conversation.loop.schedule { [self] in
            if !conversation.isConnected { context.loop.schedule(body) }
        }
    }

    /// Closes the connection that the request came on.
    func disconnect() {
        conversation.loop.schedule { [self] in conversation.disconnect() }
    }

    /// Responds, from the thread of `context`'s loop.
    func respond(on context: LoopContext, _ append: (inout ByteQueue, Int64) -> Void) {
        if conversation.loop.isCurrent { return conversation.answer(id, append) }
        var bytes = ByteQueue()
        append(&bytes, id)
        guard !bytes.hasFailed else { return disconnect() }
        let response = Array(bytes.bytes)
        conversation.loop.schedule { [self] in
            conversation.answer(id) { output, _ in output.append(response) }
        }
    }
}
