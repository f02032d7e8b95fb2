// Unsafe pointers: this is the host's side of the plugin ABI: what a plugin passes is taken in here.

import CGuardedMemory
import CKongPlugin
import Glibc
import KongSimulator
import NativePDK
import PDKCatalogue
import WireProtocol

/// A host that does what the header lets a host do, and notes what a plugin does that the header does not let it do.
///
/// It has two loops, each with a thread of its own; the examination itself runs on the main thread, and waits for them. There is
/// one in a process, which ends with it.
// @unchecked Sendable: its state is behind the monitor's lock; the rest never changes.
final class ConformanceHost: @unchecked Sendable {
    /// What it offers.
    enum Kind: Sendable {
        case current
        /// ABI 1.0: what came later is not there, and neither is the memory that it would be in.
        case first
        /// It knows no PDK method.
        case withoutMethods
    }

    /// A function that was called on another thread than its own: nothing, if it is called again where it should be.
    private struct Stray: Hashable {
        let function: String
        let work: UInt64
    }

    let monitor: Monitor
    let report: DrillReport
    let kind: Kind
    let loops: [HostLoop]
    private(set) var table: UnsafePointer<kong_host>
    /// Whether the plugin is a table, so that what the plugin sees is what NativePDK makes.
    private(set) var isTable = false

    /// Whether a thread could not be had for a blocking plugin.
    private(set) var lacksThreads = false

    private var starts: [UInt64: HostStart] = [:]
    private var stops: [UInt64: HostWork] = [:]
    private var events: [UInt64: HostEvent] = [:]
    private var lastHandle: UInt64 = 0
    private var strays: [Stray: String] = [:]
    /// What a blocking plugin does now.
    private var activities: [UInt64: String] = [:]
    /// Texts that a thread has until it calls the host again.
    private var messages: [pthread_t: LentValue] = [:]

    init(_ kind: Kind, _ report: DrillReport) {
        self.kind = kind
        self.report = report
        let monitor = Monitor()
        self.monitor = monitor
        loops = (0..<2).map { HostLoop($0, monitor) }
        table = Self.makeTable(kind, loopCount: loops.count)
        UnsafeMutablePointer(mutating: table).pointee.context = Unmanaged.passRetained(self).toOpaque()
        if kind == .first { guarded_memory_seal(table) }
    }

    static func of(_ host: UnsafePointer<kong_host>?) -> ConformanceHost? {
        guard let context = host?.pointee.context else { return nil }
        return Unmanaged<ConformanceHost>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: For the examination

    /// A handle that a loop cannot be read from.
    private func nextHandle() -> UInt64 {
        lastHandle += 1
        return lastHandle << 20 | 0x5a5a5
    }

    /// - Parameter rule: the one that is broken if it is answered too often or never.
    func makeStart(on loop: Int, isBlocking: Bool, _ rule: Rule.ID?) -> HostStart {
        monitor.locked {
            let start = HostStart(nextHandle(), "the start", on: loops[loop % loops.count], isBlocking: isBlocking, rule)
            starts[start.handle] = start
            return start
        }
    }

    func makeStop(on loop: HostLoop, isBlocking: Bool) -> HostWork {
        monitor.locked {
            let stop = HostWork(nextHandle(), "the stop", on: loop, isBlocking: isBlocking, .stopAnswered)
            stops[stop.handle] = stop
            return stop
        }
    }

    func makeEvent(_ phase: SimulatedPhase, on loop: Int, isBlocking: Bool, _ script: AnswerScript) -> HostEvent {
        monitor.locked {
            let event = HostEvent(nextHandle(), phase, on: loops[loop % loops.count], isBlocking: isBlocking, script)
            events[event.handle] = event
            return event
        }
    }

    /// Lets the plugin do a piece of work: on its loop, or on a thread that it has for itself.
    func run(_ work: HostWork, _ function: String, _ body: @escaping () -> Void) {
        guard work.isBlocking else {
            monitor.locked {
                work.loop.queue(function) { [self] in
                    body()
                    returned(work)
                }
            }
            return
        }
        let isStarted = HostThread.start { [self] in
            monitor.locked {
                work.thread = pthread_self()
                activities[work.handle] = function
            }
            body()
            monitor.locked {
                work.thread = nil
                activities[work.handle] = nil
            }
            returned(work)
        }
        if !isStarted { monitor.locked { lacksThreads = true } }
    }

    private func returned(_ work: HostWork) {
        monitor.locked {
            work.hasReturned = true
            monitor.changed()
        }
    }

    /// What of the plugin's has not returned on a loop, and on any other thread.
    var activity: (onLoop: String?, elsewhere: String?) {
        monitor.locked { (loops.lazy.compactMap(\.activity).first, activities.values.first) }
    }

    /// Whether nothing is queued, and nothing of the plugin's runs. With the lock.
    var isIdle: Bool { loops.allSatisfy(\.isIdle) && activities.isEmpty }

    /// Functions that were called on a wrong thread, and not again on the right one.
    var strayCalls: [String] { monitor.locked { strays.values.sorted() } }

    /// Lets calls that are held be answered.
    func release(_ calls: [HostCall]) {
        monitor.locked {
            for call in calls {
                if let index = call.event.held.firstIndex(where: { $0 === call }) { call.event.held.remove(at: index) }
                guard !call.event.isBlocking else {
                    call.isReleased = true
                    continue
                }
                call.event.loop.queue("the completion of \(call.name)") { [self] in complete(call) }
            }
            monitor.changed()
        }
    }

    /// Nobody waits for an event any more.
    /// - Parameter tell: calls the plugin's `cancel`, if it has one.
    func cancel(_ event: HostEvent, tell: @escaping (UnsafeMutableRawPointer) -> Void) {
        monitor.locked {
            guard !event.isBlocking else {
                event.isCancelled = true
                for call in event.held { call.isReleased = true }
                event.held = []
                return monitor.changed()
            }
            event.loop.queue("cancel (\(event.phase.rawValue)), or a completion with KONG_CANCELLED") { [self] in
                let held = monitor.locked {
                    event.isCancelled = true
                    let held = event.held
                    event.held = []
                    return held
                }
                for call in held { complete(call) }
                let handled = monitor.locked { event.answers == 0 ? event.handled : nil }
                if let handled { tell(handled) }
            }
        }
    }

    // MARK: Functions of kong_host

    func findMethod(_ name: kong_string) -> kong_method {
        if kind == .withoutMethods { return 0 }
        return PDKCatalogue.method(named: name.text)?.rawValue ?? 0
    }

    func define(
        _ definition: UnsafePointer<kong_definition>?, _ error: UnsafeMutablePointer<kong_string>?
    ) -> UnsafePointer<kong_plugin>? {
        isTable = true
        return NativePDK.define(table, definition, error)
    }

    func started(
        _ handle: kong_start, _ status: kong_status, _ message: kong_string, _ instance: UnsafeMutableRawPointer?
    ) -> kong_status {
        answer("started", starts, handle, status, message) { $0.instance = status == kong_status(KONG_OK) ? instance : nil }
    }

    func stopped(_ handle: kong_stop) -> kong_status {
        answer("stopped", stops, handle, kong_status(KONG_OK), kong_string()) { _ in }
    }

    func finish(_ handle: kong_event, _ status: kong_status, _ message: kong_string) -> kong_status {
        answer("finish", events, handle, status, message) { event in
            report.examined(.afterFinish)
            for value in event.lent { value.end() }
            event.lent = []
            if let pdk = event.pdk { NativePDK.release(pdk) }
            event.pdk = nil
            // A completion is called once, whatever becomes of the event.
            for call in event.held {
                call.isReleased = true
                if !event.isBlocking { event.loop.queue("the completion of \(call.name)") { [self] in complete(call) } }
            }
            event.held = []
        }
    }

    /// What is common to the ends of starts, stops and events.
    /// - Parameter works: looked at with the lock.
    private func answer<Work: HostWork>(
        _ function: String, _ works: @autoclosure () -> [UInt64: Work], _ handle: UInt64, _ status: kong_status, _ message: kong_string,
        _ take: (Work) -> Void
    ) -> kong_status {
        monitor.locked {
            enter()
            guard let work = works()[handle] else {
                report.broken("`\(function)` was called for \(handle), which there never was")
                return kong_status(KONG_EVENT_OVER)
            }
            guard work.answers == 0 else {
                work.answers += 1
                report.broken(work.rule, "`\(function)` was called again for \(work.name), which it had been called for")
                return kong_status(KONG_EVENT_OVER)
            }
            guard isRightThread(work, function) else { return kong_status(KONG_WRONG_THREAD) }
            check(message, "the message of `\(function)`")
            work.answers = 1
            work.status = status
            work.message = message.checkedText
            if status != kong_status(KONG_OK) {
                report.examined(.failureMessage)
                if work.message.isEmpty { report.broken(.failureMessage, "\(work.name) failed with status \(status) and no message") }
            }
            take(work)
            monitor.changed()
            return kong_status(KONG_OK)
        }
    }

    func typedFunctions(_ handle: kong_event) -> UnsafePointer<kong_pdk>? {
        monitor.locked {
            enter()
            guard let event = events[handle], event.answers == 0, isRightThread(event, "pdk") else { return nil }
            if event.pdk == nil { event.pdk = NativePDK.object(table, handle, event.kongPhase) }
            return event.pdk
        }
    }

    func schedule(
        _ loop: kong_loop, _ task: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, _ context: UnsafeMutableRawPointer?
    ) -> kong_status {
        monitor.locked {
            enter()
            guard let task, loop < loops.count else { return kong_status(KONG_BAD_ARGUMENT) }
            nonisolated(unsafe) let context = context
            loops[Int(loop)].queue("a task of `schedule`") { task(context) }
            return kong_status(KONG_OK)
        }
    }

    var currentLoop: kong_loop { loops.first(where: \.isCurrent)?.index ?? KONG_NO_LOOP }

    func log(_ text: kong_string) {
        monitor.locked {
            enter()
            check(text, "the text of `log`")
        }
    }

    // MARK: Calls

    func call(
        _ handle: kong_event, _ method: kong_method, _ arguments: UnsafePointer<kong_value>?, _ count: Int,
        _ completion: kong_completion?, _ context: UnsafeMutableRawPointer?, _ message: UnsafeMutablePointer<kong_string>?
    ) -> kong_status {
        let name = PDKCatalogue[MethodID(rawValue: method)]?.name ?? "method \(method)"
        return submit(name, handle, completion, context, message) { event throws(CallRefusal) in
            guard count == 0 || (count > 0 && count <= Self.argumentLimit && arguments != nil) else {
                throw CallRefusal(KONG_BAD_ARGUMENT, "the arguments are NULL, or too many")
            }
            let arguments = UnsafeBufferPointer(start: count == 0 ? nil : arguments, count: count)
            for argument in arguments { check(argument, "an argument of \(name)") }
            // NativePDK asks nobody for the methods of a table.
            if kind == .withoutMethods { throw CallRefusal(KONG_UNKNOWN_METHOD, "this host knows no method") }
            let facts = try PDKCatalogue.checkedFacts(MethodID(rawValue: method), in: event.phases, arguments)
            let outcome = event.exchange.perform(MethodID(rawValue: method), arguments.map { OwnedValue($0) })
            if facts.endsEvent {
                event.hasExited = true
                return .success(.null)
            }
            switch outcome {
            case .value(let value): return .success(value)
            case .nothing: return .success(.null)
            case .error(let text), .raised(let text): return .failure(CallRefusal(KONG_REFUSED, text))
            case .exits, .unanswered: return .failure(CallRefusal(KONG_REFUSED, "Kong does not answer"))
            }
        }
    }

    func flush(_ handle: kong_event, _ completion: kong_completion?, _ context: UnsafeMutableRawPointer?) -> kong_status {
        guard let completion else { return kong_status(KONG_BAD_ARGUMENT) }
        return submit("flush", handle, completion, context, nil) { _ throws(CallRefusal) in .success(.null) }
    }

    private static let argumentLimit = 1000

    /// What is common to calls and flushes.
    private func submit(
        _ name: String, _ handle: kong_event, _ completion: kong_completion?, _ context: UnsafeMutableRawPointer?,
        _ message: UnsafeMutablePointer<kong_string>?,
        _ perform: (HostEvent) throws(CallRefusal) -> Result<OwnedValue, CallRefusal>
    ) -> kong_status {
        var readyCall: HostCall?
        let status = monitor.locked { () -> kong_status in
            enter()
            do throws(CallRefusal) {
                let event = try running(handle, name)
                let index = event.calls.count
                event.calls.append((name, completion != nil))
                if case .refusal(let status) = event.script.outcome(of: index) {
                    throw CallRefusal(Int(status), "the examination refuses this call")
                }
                var result = try perform(event)
                guard let completion else { return kong_status(KONG_OK) }
                switch event.script.outcome(of: index) {
                case .kongs, .refusal: break
                case .value(let value): result = .success(value)
                case .failure(let status): result = .failure(CallRefusal(Int(status), "the examination fails this call"))
                }
                let call = HostCall(event, name, result, completion, context)
                if accept(call, event.script.time(of: index)) { readyCall = call }
                return kong_status(KONG_OK)
            } catch {
                if let message {
                    let lent = error.reason.withKongString { LentValue(kong_value($0), "the message of a call that was refused") }
                    messages[pthread_self()] = lent
                    message.pointee = lent.pointer.pointee.string
                }
                return kong_status(error.status)
            }
        }
        if let readyCall { complete(readyCall) }
        return status
    }

    /// The event that a call is for, if it may be made.
    private func running(_ handle: kong_event, _ name: String) throws(CallRefusal) -> HostEvent {
        guard let event = events[handle] else {
            report.broken("\(name) was called for event \(handle), which there never was")
            throw CallRefusal(KONG_EVENT_OVER, "there is no such event")
        }
        guard event.answers == 0 else {
            report.broken(.afterFinish, "\(name) was called after \(event.name) was finished")
            throw CallRefusal(KONG_EVENT_OVER, "the event is over")
        }
        guard isRightThread(event, name) else { throw CallRefusal(KONG_WRONG_THREAD, "this is not the thread of the event") }
        if event.hasExited { throw CallRefusal(KONG_EVENT_OVER, "kong.response.exit or error has ended the event") }
        if event.isCancelled { throw CallRefusal(KONG_CANCELLED, "nobody waits for this event any more") }
        return event
    }

    /// Sees to it that a call is answered in time. True: it is now, by whoever has made it.
    private func accept(_ call: HostCall, _ time: AnswerScript.Time) -> Bool {
        switch time {
        case .atOnce: return true
        case .later:
            if call.event.isBlocking { return true }
            call.event.loop.queue("the completion of \(call.name)") { [self] in complete(call) }
            return false
        case .held:
            call.event.held.append(call)
            monitor.changed()
            guard call.event.isBlocking else { return false }
            while !call.isReleased { monitor.waitForChange() }
            return true
        }
    }

    /// Calls a completion. On the event's thread, without the lock.
    private func complete(_ call: HostCall) {
        let event = call.event
        let result = monitor.locked { () -> Result<OwnedValue, CallRefusal> in
            if event.answers > 0 { return .failure(CallRefusal(KONG_EVENT_OVER, "the event is over")) }
            if event.isCancelled { return .failure(CallRefusal(KONG_CANCELLED, "nobody waits for this event any more")) }
            return call.result
        }
        switch result {
        case .success(let value):
            let lent = LentValue("the result of \(call.name)", terminated: event.isBlocking) { value.value(in: $0) }
            call.completion(call.context, kong_status(KONG_OK), lent.pointer, kong_string())
            let isKept = monitor.locked {
                guard event.isBlocking, event.answers == 0 else { return false }
                event.lent.append(lent)
                return true
            }
            if !isKept { lent.end() }
        case .failure(let refusal):
            let lent = refusal.reason.withKongString { LentValue(kong_value($0), "the message of \(call.name)") }
            call.completion(call.context, kong_status(refusal.status), nil, lent.pointer.pointee.string)
            lent.end()
        }
    }

    // MARK: What is noted

    /// A function of the host is called. With the lock.
    private func enter() {
        messages.removeValue(forKey: pthread_self())?.end()
        report.examined(.loopThread)
    }

    private func isRightThread(_ work: HostWork, _ function: String) -> Bool {
        let stray = Stray(function: function, work: work.handle)
        guard work.thread == pthread_self() else {
            strays[stray] = "`\(function)` was called for \(work.name) on another thread than its own"
            return false
        }
        strays[stray] = nil
        return true
    }

    private func check(_ value: kong_value, _ what: String) {
        report.examined(.values)
        if let complaint = value.complaint { report.broken(.values, "\(what): \(complaint)") }
    }

    private func check(_ string: kong_string, _ what: String) {
        report.examined(.values)
        if let complaint = string.complaint { report.broken(.values, "\(what): \(complaint)") }
    }
}
