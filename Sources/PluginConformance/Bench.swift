// Unsafe pointers: a plugin's functions are called here, with what they take.

import CKongPlugin
import Glibc
import KongSimulator
import NativePDK
import PluginLoader
import WireProtocol

/// Why a drill ends before its end.
enum DrillEnd: Error {
    /// Its rule is broken.
    case broken(String)
    /// There is nothing to examine.
    case notApplicable(String)
    /// What has been noted is all.
    case ended
}

/// A plugin that is open, and what a drill does with it. Used on the main thread, which waits for the loops.
struct Bench {
    let plugin: OpenPlugin
    let host: ConformanceHost
    /// Nil: none could be made that fits the schema.
    let config: JSONValue?
    /// How long the plugin has for each thing that it is waited for.
    let limit: Duration

    private var descriptor: UnsafePointer<kong_plugin> { plugin.descriptor }
    var isBlocking: Bool { plugin.isBlocking }
    var report: DrillReport { host.report }
    var phases: [SimulatedPhase] { plugin.phases.names.compactMap { SimulatedPhase(rawValue: $0) } }
    var hasStop: Bool { descriptor.pointee.stop != nil }
    var schema: JSONValue { PluginDescription(plugin).configSchema }

    // MARK: Instances

    /// What Kong sends beside a plugin's own fields.
    private static let kongsOwn: [String: JSONValue] = [
        "__key__": .string("plugins:conformance::::::"), "__seq__": .integer(1),
        "__plugin_id": .string("3fb5c8a2-7d1e-4f0b-9d43-6a1c2b9e8f03"),
    ]

    /// Begins a start.
    /// - Parameter rule: the one that is broken if it is answered too often or never; nil: the one that is examined.
    func beginStart(_ config: JSONValue, on loop: Int = 0, _ rule: Rule.ID? = .startAnswered) -> HostStart {
        let start = host.makeStart(on: loop, isBlocking: isBlocking, rule)
        host.run(start, "start") { [self] in
            guard case .object(let fields) = config else { return }
            let lent = LentValue(LentName.config) { JSONValue.object(fields.merging(Self.kongsOwn) { $1 }).kongValue(in: $0) }
            noteLoans()
            descriptor.pointee.start?(descriptor, start.handle, start.loop.index, lent.pointer)
            lent.end()
        }
        return start
    }

    /// Starts an instance, whatever becomes of it.
    func start(_ config: JSONValue, on loop: Int = 0, _ rule: Rule.ID? = .startAnswered) throws(DrillEnd) -> HostStart {
        let start = beginStart(config, on: loop, rule)
        try waitForAnswer(start)
        return start
    }

    /// Starts an instance, without which there is nothing to examine.
    func instance(on loop: Int = 0) throws(DrillEnd) -> HostStart {
        guard let config else { throw .notApplicable(ConfigSample.advice) }
        let start = try start(config, on: loop)
        guard start.status == kong_status(KONG_OK) else {
            throw .notApplicable("no instance starts with \(config.text): \(start.message.printable); give another with --config")
        }
        return start
    }

    func beginStop(_ instance: HostStart) -> HostWork {
        let stop = host.makeStop(on: instance.loop, isBlocking: isBlocking)
        nonisolated(unsafe) let pointer = instance.instance
        host.run(stop, "stop") { [self] in descriptor.pointee.stop?(descriptor, stop.handle, stop.loop.index, pointer) }
        return stop
    }

    // MARK: Events

    func begin(_ phase: SimulatedPhase, on instance: HostStart, loop: Int = 0, _ script: AnswerScript = AnswerScript()) -> HostEvent {
        let event = host.makeEvent(phase, on: loop, isBlocking: isBlocking, script)
        nonisolated(unsafe) let pointer = instance.instance
        noteLoans()
        host.run(event, "handle (\(phase.rawValue))") { [self] in
            let handled = descriptor.pointee.handle?(descriptor, pointer, event.kongPhase, event.handle, event.loop.index)
            host.monitor.locked { event.handled = handled }
        }
        return event
    }

    /// Handles an event from its beginning to its end.
    @discardableResult
    func event(
        _ phase: SimulatedPhase, on instance: HostStart, loop: Int = 0, _ script: AnswerScript = AnswerScript()
    ) throws(DrillEnd) -> HostEvent {
        let event = begin(phase, on: instance, loop: loop, script)
        try waitForAnswer(event)
        return event
    }

    func cancel(_ event: HostEvent) {
        host.cancel(event) { [self] handled in descriptor.pointee.cancel?(descriptor, event.handle, handled) }
    }

    /// What a table is lent is NativePDK's.
    private func noteLoans() {
        guard !host.isTable else { return }
        report.examined(.borrowed)
        report.examined(.stringSize)
    }

    // MARK: Waiting

    /// Waits until a start, a stop or an event is answered, and its function has returned.
    func waitForAnswer(_ work: HostWork) throws(DrillEnd) {
        try wait(until: { work.isOver }, orElse: "\(work.name) was not answered", work.rule)
        if host.monitor.locked({ work.answers > 0 }) { return }
        report.broken(work.rule, "\(work.name) was not answered before the call returned, as that of a blocking plugin must be")
        throw .ended
    }

    /// - Parameters:
    ///   - failure: what is wrong if it does not come to that.
    ///   - rule: the one that is broken then; nil: the one that is examined.
    func wait(until isSo: () -> Bool, orElse failure: @autoclosure () -> String, _ rule: Rule.ID? = nil) throws(DrillEnd) {
        if host.monitor.wait(limit, until: { isSo() || host.lacksThreads }) {
            guard host.lacksThreads else { return }
            throw .notApplicable("this machine has no more threads for it")
        }
        let activity = host.activity
        if let function = activity.onLoop {
            report.examined(.noBlocking)
            report.broken(.noBlocking, "\(function) had not returned after \(limit.text), and keeps its event loop waiting")
            throw .ended
        }
        let found = activity.elsewhere.map { "\($0) had not returned after" } ?? "\(failure()) within"
        report.broken(rule, "\(found) \(limit.text); --timeout gives it longer")
        throw .ended
    }

    /// Waits until all is done that has been begun, so that what comes too often has come.
    func settle() throws(DrillEnd) {
        try wait(until: { host.isIdle }, orElse: "there was no end to what the plugin schedules")
        // Threads of the plugin's own announce nothing, so they get a moment.
        usleep(20_000)
        try wait(until: { host.isIdle }, orElse: "there was no end to what the plugin schedules")
    }
}

extension Duration {
    /// As "5 s" and "0.5 s".
    var text: String {
        let (seconds, attoseconds) = components
        let fraction = Double(attoseconds) / 1e18
        return fraction == 0 ? "\(seconds) s" : "\(Double(seconds) + fraction) s"
    }
}
