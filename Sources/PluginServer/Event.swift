// Unsafe pointers: arguments come from plugins, and completions go back to them.

import CFlightRecorder
import CKongPlugin
import EventLoop
import Logging
import NativePDK
import PDKCatalogue
import PluginLoader
import Statistics
import WireProtocol

/// One run of one phase on one instance: from Kong's request until Kong has been told that it is done.
///
/// One that is over is used for another run, if nobody has kept it: `enter` begins it anew.
///
/// What is common to both protocols is here: whether a call may be made at all, and what becomes of a handler that
/// fails. How calls reach Kong is the subclasses' part. Everything is [loop].
// @unchecked Sendable: used on its loop's thread only; it is named in closures that go there.
class Event: @unchecked Sendable {
    private enum State {
        case running
        /// `kong.response.exit` or `error` was called: for Kong the event has ended.
        case exited
        /// Nobody waits any more; the handler has been told.
        case cancelled
        /// It has taken too long: Kong has been answered, and the handler told.
        case overdue
        /// The handler is done.
        case finished
    }

    private(set) var id = EventID(rawValue: 0)
    private(set) var phase = Phase.log
    let context: LoopContext
    /// Nil if it could not be started, and when the event is over.
    private var instance: LoopInstance?
    /// Of an event that has no instance.
    private var otherName = ""
    /// The last instance's plugin. It is there as long as the server.
    private var plugin: Unmanaged<LoadedPlugin>?
    private var state = State.finished
    /// What the plugin wants to be given when the event is cancelled.
    private var handled: UnsafeMutableRawPointer?
    /// While a blocking plugin has it.
    var blocking: BlockingEvent?
    private var pdk: UnsafePointer<kong_pdk>?
    /// For the flight recorder: what runs when this event's plugin does.
    private(set) var mark = flight_no_mark()
    /// How Kong is answered if that crashes.
    let reply: UnsafeMutablePointer<flight_reply>
    /// What counts it, and since when it runs, by `EventLoop.nanoseconds`.
    private var meter: EventCell?
    private(set) var began: UInt64 = 0
    /// How it ends, where that is known before the handler is done.
    private var result: EventResult?

    init(_ context: LoopContext) {
        self.context = context
        reply = .allocate(capacity: 1)
        reply.initialize(to: flight_reply())
    }

    deinit { reply.deallocate() }

    /// Begins an event of an instance that runs: it has an id from now on. False: too many are running.
    @inline(__always)
    final func enter(_ phase: Phase, on instance: LoopInstance, _ instanceID: InstanceID) -> Bool {
        let (meterNumber, place) = instance.plugin._withUnsafeGuaranteedRef { ($0.meterNumber(phase), $0.place) }
        guard enter(phase, instanceID, meterNumber, place) else { return false }
        self.instance = instance
        plugin = instance.plugin
        return true
    }

    /// Begins an event that no plugin gets to see.
    /// - Parameter pluginName: whose it would have been.
    final func enter(_ phase: Phase, inPlaceOf pluginName: String, _ instanceID: InstanceID) -> Bool {
        let meterNumber = context.server.plugins.meterNumber(of: pluginName, phase)
        guard enter(phase, instanceID, meterNumber, UInt16(FLIGHT_NO_PLUGIN)) else { return false }
        plugin = nil
        otherName = pluginName
        return true
    }

    @inline(__always)
    private func enter(_ phase: Phase, _ instanceID: InstanceID, _ meterNumber: Int, _ place: UInt16) -> Bool {
        guard let id = context.events.insert(self) else { return false }
        self.id = id
        self.phase = phase
        state = .running
        handled = nil
        result = nil
        let meter = context.meter.cell(meterNumber)
        meter.begin()
        self.meter = meter
        began = context.loop.recentNanoseconds
        mark = flight_mark(
            event: id.rawValue, instance: instanceID.rawValue, plugin: place, phase: UInt8(truncatingIfNeeded: phase.rawValue),
            what: UInt8(FLIGHT_NOTHING), reply: UnsafePointer(reply))
        context.sweepLater()
        return true
    }

    /// For messages.
    private var pluginName: String { plugin.map { $0.takeUnretainedValue().name } ?? otherName }

    /// Runs code of the event's plugin, with its mark in the flight recorder.
    @inline(__always)
    final func inPlugin<Result>(for what: Int, _ body: () -> Result) -> Result {
        let outer = flight_begin(context.slot, mark, UInt8(truncatingIfNeeded: what))
        defer { flight_end(context.slot, outer) }
        return body()
    }

    /// For messages, as "goplug: access".
    var name: String { "\(pluginName): \(phase)" }

    // MARK: For the server

    /// Lets the plugin handle the event.
    @inline(__always)
    final func begin(on instance: LoopInstance) {
        let instance = instance.instance
        if instance.plugin.isBlocking { return beginBlocking(instance) }
        let id = id
        let handled = inPlugin(for: FLIGHT_HANDLE) { instance.handle(self) }
        // It may be over, and be used for another by now.
        if self.id == id, state == .running || state == .exited { self.handled = handled }
    }

    /// Lets a thread of the pool do so.
    private func beginBlocking(_ instance: Instance) {
        let blocking = BlockingEvent(self, of: instance.plugin)
        self.blocking = blocking
        guard context.server.blockingPool.submit(isBounded: true, { blocking.handle(on: instance) }) else {
            self.blocking = nil
            return refuseBusy()
        }
    }

    /// More waits for threads than may wait.
    private func refuseBusy() {
        let reason = "\(name): too many events wait for a thread (--blocking-queue)"
        context.server.logger.error("\(reason)")
        result = .refused
        enqueueOwn(Self.logErr, [.string(reason)])
        exit(HandlerFailure.busy)
        _ = finish(kong_status(KONG_OK))
    }

    /// Its plugin is quarantined: the event is over at once.
    final func turnAway() {
        result = .refused
        if !context.server.configuration.passesQuarantined { exit(HandlerFailure.quarantined) }
        _ = finish(kong_status(KONG_OK))
    }

    /// Ends the event with a line in Kong's log; the request goes on without the plugin.
    final func skip(_ reason: String) {
        context.server.logger.warning("\(reason)")
        result = .refused
        enqueueOwn(Self.logErr, [.string(reason)])
        _ = finish(kong_status(KONG_OK))
    }

    /// Nobody waits for this event any more.
    /// - Parameter result: what it counts as.
    final func cancel(_ reason: String, as result: EventResult = .cancelled) {
        guard state == .running || state == .exited else { return }
        // After an exit Kong is expected to go: the handler, on its way out, need not know.
        let wasRunning = state == .running
        state = .cancelled
        reply.pointee.connection = nil
        if wasRunning {
            self.result = self.result ?? result
            context.server.logger.info("\(name) is cancelled: \(reason)")
        }
        blocking?.cancel(reason)
        failPending(reason)
        // A completion may have let the handler finish.
        guard state == .cancelled, wasRunning else { return }
        tellPlugin()
    }

    /// Ends the event if it has taken longer than `--event-timeout`: the client is answered before Kong gives up waiting.
    /// - Parameter now: by `EventLoop.nanoseconds`.
    final func endIfOverdue(at now: UInt64) {
        guard state == .running || state == .exited, now >= began, now - began >= context.eventTimeout else { return }
        flight_count_timeout(context.slot)
        // Now, and not when the handler returns: it may never.
        count(.timedOut)
        let reason = "it has taken longer than \(Double(context.eventTimeout) / 1_000_000_000) s (--event-timeout)"
        guard state == .running else {
            // The client has been answered; the handler is all that is left.
            return cancel(reason)
        }
        guard canAnswer else { return giveUp(reason) }
        fail(reason, false)
        state = .overdue
        reply.pointee.connection = nil
        blocking?.cancel(reason)
        answerEarly()
        tellPlugin()
    }

    /// That the event is cancelled.
    private func tellPlugin() {
        guard let handled, let instance else { return }
        inPlugin(for: FLIGHT_CANCEL) { instance.instance.cancel(id, handled) }
    }

    // MARK: For the plugin

    /// Whether a plugin may do anything with this event.
    @inline(__always)
    final func belongs(to host: UnsafePointer<kong_host>) -> Bool {
        plugin?._withUnsafeGuaranteedRef { $0.hostTable == host } ?? false
    }

    /// Whether a thread of the pool has it.
    @inline(__always)
    final var isInOtherHands: Bool { blocking != nil }

    final func call(
        _ method: MethodID, _ arguments: UnsafeBufferPointer<kong_value>, _ completion: Completion?
    ) -> CallOutcome {
        if let refusal = refusal() { return refusal }
        let facts: MethodFacts
        do throws(CallRefusal) {
            facts = try PDKCatalogue.checkedFacts(method, in: phase.asSet, arguments)
        } catch {
            return .refused(error.status, error.reason)
        }
        guard hasRoom else {
            return .refused(KONG_LIMIT, "more than the message limit is queued: call kong.flush() in between")
        }
        let outcome = enqueue(method, facts, arguments, completion)
        took(outcome, facts)
        return outcome
    }

    /// Queues a call that has been checked and encoded.
    final func submit(
        _ method: MethodID, _ facts: MethodFacts, _ encoded: UnsafeRawBufferPointer, _ completion: Completion?
    ) -> CallOutcome {
        if let refusal = refusal() { return refusal }
        let outcome = enqueue(method, encoded: encoded, completion)
        took(outcome, facts)
        return outcome
    }

    /// A call has been queued, if it was accepted.
    private func took(_ outcome: CallOutcome, _ facts: MethodFacts) {
        guard case .accepted = outcome else { return }
        meter?.countCall()
        guard facts.endsEvent else { return }
        state = .exited
        exited()
    }

    /// The typed functions for this event.
    final func typedFunctions(of host: PluginHost) -> UnsafePointer<kong_pdk>? {
        if pdk == nil, state != .finished { pdk = NativePDK.object(host.table, id.rawValue, phase.rawValue) }
        return pdk
    }

    final func flush(_ completion: Completion) -> CallOutcome {
        if let refusal = refusal() { return refusal }
        return enqueueFlush(completion)
    }

    /// - Parameter message: why it has failed.
    final func finish(_ status: kong_status, _ message: String) -> CallOutcome {
        message.withKongString { finish(status, $0) }
    }

    final func finish(_ status: kong_status, _ message: kong_string = kong_string()) -> CallOutcome {
        let before = state
        guard before != .finished else {
            return .refused(KONG_EVENT_OVER, "the event has been finished already")
        }
        state = .finished
        count(result ?? (status == kong_status(KONG_OK) ? .done : .failed))
        reply.pointee.connection = nil
        if let pdk { NativePDK.release(pdk) }
        pdk = nil
        if before == .cancelled {
            release()
        } else {
            if status != kong_status(KONG_OK), before != .overdue { fail(message.text, before == .exited) }
            finished()
        }
        return .accepted
    }

    /// Counts the event's end, the first time.
    private func count(_ result: EventResult) {
        meter?.end(result, after: context.loop.readNanoseconds() &- began)
        meter = nil
    }

    /// The event is over on both sides, and its id is free.
    final func release() {
        let reference = context.events.remove(id)
        reply.pointee.connection = nil
        instance = nil
        released()
        if let reference { context.letGo(reference) }
    }

    private func refusal() -> CallOutcome? {
        switch state {
        case .running: nil
        case .exited: .refused(KONG_EVENT_OVER, "kong.response.exit or error has ended the event")
        case .cancelled: .refused(KONG_CANCELLED, "Kong does not wait for this event any more")
        case .overdue: .refused(KONG_CANCELLED, "the event has taken too long")
        case .finished: .refused(KONG_EVENT_OVER, "the event is over")
        }
    }

    // MARK: A handler that failed

    /// Does what Kong does for a plugin in Lua that raises an error: a line in Kong's log, and status 500 where a
    /// client still waits for an answer.
    private func fail(_ message: String, _ afterExit: Bool) {
        // Of an instance that could not be started each event says the same, and there may be many.
        if instance != nil || context.mayRepeatFailure(of: pluginName) {
            context.server.logger.error("\(name) failed: \(message.printable)")
        }
        if afterExit { return }
        enqueueOwn(Self.logErr, HandlerFailure.logLine(name, message))
        exit(HandlerFailure.exit)
    }

    /// Answers the client, where one waits.
    private func exit(_ arguments: [OwnedValue]) {
        guard let exit = Self.exit, PDKCatalogue.facts(exit)?.phases.contains(phase.asSet) == true else { return }
        enqueueOwn(exit, arguments)
        exited()
    }

    private func enqueueOwn(_ method: MethodID?, _ arguments: [OwnedValue]) {
        guard let method, let facts = PDKCatalogue.facts(method) else { return }
        let arena = ValueArena()
        let values = arena.allocate(kong_value.self, count: arguments.count)
        for (index, argument) in arguments.enumerated() {
            values.initializeElement(at: index, to: argument.value(in: arena))
        }
        withExtendedLifetime(arena) {
            if case .refused(_, let reason) = enqueue(method, facts, UnsafeBufferPointer(values), nil) {
                context.server.logger.error("\(name): Kong cannot be told: \(reason)")
            }
        }
    }

    private static let logErr = PDKCatalogue.method(named: "kong.log.err")
    private static let exit = PDKCatalogue.method(named: "kong.response.exit")

    // MARK: How calls reach Kong: the protocol's part

    /// One that MessagePack's steps may name.
    var asMessagePack: MessagePackEvent? { nil }

    /// Whether a plugin may queue more. The event's own calls are queued all the same: that the handler has failed, for
    /// one, since it has queued too much.
    var hasRoom: Bool { true }

    /// Queues a call, or sends it if there is a completion.
    func enqueue(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>,
        _ completion: Completion?
    ) -> CallOutcome { .refused(KONG_UNSUPPORTED, "") }

    /// Encodes a call as `enqueue(_:encoded:_:)` takes it, and appends it. [any]
    /// - Returns: its size.
    func encode(
        _ method: MethodID, _ facts: MethodFacts, _ arguments: UnsafeBufferPointer<kong_value>, to output: inout ByteQueue
    ) throws(CallRefusal) -> Int { throw CallRefusal(KONG_UNSUPPORTED, "") }

    /// Queues a call that has been encoded, or sends it if there is a completion.
    func enqueue(_ method: MethodID, encoded: UnsafeRawBufferPointer, _ completion: Completion?) -> CallOutcome {
        .refused(KONG_UNSUPPORTED, "")
    }

    /// Sends what is queued; completes when it is answered.
    func enqueueFlush(_ completion: Completion) -> CallOutcome { .refused(KONG_UNSUPPORTED, "") }

    /// The last call ends the event.
    func exited() {}

    /// The handler is done: sends what is queued, and the end; calls `release` when Kong needs no more of it.
    func finished() {}

    /// Nothing needs this any more, if nobody keeps it.
    func released() {}

    /// Whether Kong waits for the event, and not the event for Kong.
    var canAnswer: Bool { false }

    /// Sends what is queued, and the end, while the handler has not finished.
    func answerEarly() {}

    /// Cancels an event that waits for Kong.
    func giveUp(_ reason: String) { cancel(reason) }

    /// Gives an event up that Kong does not come back to.
    /// - Parameter now: by `EventLoop.nanoseconds`.
    func expire(at now: UInt64) {}

    /// Gives an event up that Kong cannot come back to, while the server goes down.
    func endIfAbandoned() {}

    /// Completes the calls that will get no answer any more.
    func failPending(_ reason: String) {}
}

/// How a function of the host went.
enum CallOutcome {
    case accepted
    case refused(Int, String)
}

extension Completion {
    func succeed(_ value: kong_value) {
        withUnsafePointer(to: value) { function(context, kong_status(KONG_OK), $0, kong_string()) }
    }

    func fail(_ status: Int, _ message: kong_string) {
        function(context, kong_status(status), nil, message)
    }

    func fail(_ status: Int, _ message: String) {
        message.withKongString { fail(status, $0) }
    }
}
