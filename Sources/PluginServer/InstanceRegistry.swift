// Unsafe pointers: a started instance passes through here.

import CFlightRecorder
import CKongPlugin
import EventLoop
import Logging
import PluginLoader
import Statistics
import Synchronization
import WireProtocol

/// All instances of the server, by the ids that Kong has for them.
///
/// Each nginx worker of Kong starts its own instance of each configuration; those of one configuration share what the
/// plugin has started, so that memory does not grow with Kong's workers. Ids start at a random number, so that an id
/// that Kong has kept from an earlier server means nothing here, and never another instance.
///
/// A start that fails cannot be told to Kong safely: ProtoBuf:1 has no error reply, and Kong 2.4 to 3.0 take the
/// error's text for an instance, and hang. So Kong gets an instance all the same, whose events fail with the reason,
/// and try again to start it. Only who is not Kong, and asks over MessagePack, gets the error at once.
final class InstanceRegistry: Sendable {
    /// What an id stands for.
    private struct Entry {
        let pluginName: String
        let config: JSONValue
        let startedAt: Int64
        var state: State

        enum State {
            case running(Instance)
            /// `retryAt` nil: another try would fail the same way.
            case failed(StartFailure, retryAt: ContinuousClock.Instant?)
            /// Its plugin is not open for now.
            case quarantined
            /// It is being started again.
            case starting(waiters: [Seeker])
        }
    }

    /// A configuration that is running, or about to; shared by its ids.
    private enum Shared {
        case starting(waiters: [Waiter])
        case running(WeakInstance)
    }

    private struct Waiter {
        let context: LoopContext
        let done: @Sendable (Result<Instance, StartFailure>) -> Void
    }

    /// Whoever waits for what an id means.
    private struct Seeker {
        let context: LoopContext
        let done: @Sendable (Found) -> Void
    }

    private struct WeakInstance {
        weak var instance: Instance?
    }

    private struct State {
        var entries: [InstanceID: Entry] = [:]
        var shared: [SharedKey: Shared] = [:]
        /// Ids that another process may have given out just now.
        var inquiries: [InstanceID: [Seeker]] = [:]
        var lastStart: [String: Int64] = [:]
        var lastClose: [String: Int64] = [:]

        /// Forgets configurations that nothing runs for any more, once they are more than half of all: the instance that
        /// is being closed lives until its events are over, so that its own cannot be told yet, and looking through all
        /// for each that is closed would take the longer the more there are.
        mutating func forgetEnded() {
            guard shared.count > 2 * entries.count + Self.endedAllowance else { return }
            shared = shared.filter { _, shared in
                if case .running(let weak) = shared { weak.instance != nil } else { true }
            }
        }

        private static let endedAllowance = 16
    }

    /// Configurations that are the same for the plugin, and belong to the same plugin entry in Kong.
    private struct SharedKey: Hashable {
        let pluginName: String
        let config: JSONValue
    }

    private let state = Mutex(State())
    private let supervision: any SupervisionHook
    private let logger: Logger

    /// How long a failed start is left alone.
    private static let retryInterval: Duration = .seconds(1)

    init(supervision: any SupervisionHook, logger: Logger) {
        self.supervision = supervision
        self.logger = logger
    }

    // MARK: Starting

    /// Starts an instance; `done` is called on the loop of `context`, perhaps before this returns.
    /// - Parameter answeringErrors: whether an error may be the answer, if it is not Kong who asks.
    ///   - answer: how Kong is told of the instance if its start ends the process.
    func start(
        _ pluginName: String, _ configText: kong_string, answeringErrors: Bool, answer: StartAnswer, on context: LoopContext,
        _ done: @escaping @Sendable (Result<InstanceRecord, StartFailure>) -> Void
    ) {
        let config: JSONValue
        do {
            config = try Self.parse(configText)
        } catch {
            let failure = StartFailure(description: "Decoding config: \(error)")
            if answeringErrors { return done(.failure(failure)) }
            let entry = Entry(
                pluginName: pluginName, config: .object([:]), startedAt: Self.now, state: .failed(failure, retryAt: nil))
            return done(.success(register(entry, configText.text, context)))
        }
        if context.server.configuration.quarantined.contains(pluginName) {
            let entry = Entry(pluginName: pluginName, config: config, startedAt: Self.now, state: .quarantined)
            return done(.success(register(entry, config.text, context)))
        }
        let isKong = config["__key__"] != nil || config["__seq__"] != nil
        let promise = isKong || !answeringErrors ? promise(pluginName, config, answer, context) : nil
        startShared(pluginName, config, promise, on: context) { [self] result in
            if case .failure(let failure) = result, answeringErrors, !isKong { return done(.failure(failure)) }
            let entry = Entry(pluginName: pluginName, config: config, startedAt: Self.now, state: Self.state(after: result))
            done(.success(register(entry, config.text, context, as: promise?.seed.id)))
        }
    }

    /// The id that Kong is going to get, said before it matters. Nil: nobody would remember it after this process.
    private func promise(_ pluginName: String, _ config: JSONValue, _ answer: StartAnswer, _ context: LoopContext) -> StartPromise? {
        guard supervision.hasPeers else { return nil }
        let id = supervision.nextInstanceID()
        let entry = Entry(pluginName: pluginName, config: config, startedAt: Self.now, state: .starting(waiters: []))
        let record = record(InstanceID(rawValue: id), entry, context)
        let seed = InstanceSeed(id: id, plugin: pluginName, config: config.text, startedAt: entry.startedAt)
        return StartPromise(seed, on: answer.connection) { (bytes) throws(WireError) in try answer.append(record, &bytes) }
    }

    /// Starts an instance again that had its id in another process; `done` is called when the plugin has answered, and gets
    /// why it could not be started, which is not logged here: many may have the same reason.
    func restore(_ seed: InstanceSeed, on context: LoopContext, _ done: @escaping @Sendable (StartFailure?) -> Void) {
        let id = InstanceID(rawValue: seed.id)
        let parsed: JSONValue?
        var entry: Entry
        do {
            let config = try Self.parse(seed.config)
            parsed = config
            entry = Entry(
                pluginName: seed.plugin, config: config, startedAt: seed.startedAt,
                state: .starting(waiters: []))
        } catch {
            parsed = nil
            let failure = StartFailure(description: "Decoding config: \(error)")
            entry = Entry(
                pluginName: seed.plugin, config: .object([:]), startedAt: seed.startedAt, state: .failed(failure, retryAt: nil))
        }
        let isQuarantined = context.server.configuration.quarantined.contains(seed.plugin)
        if isQuarantined { entry.state = .quarantined }
        state.withLock { $0.entries[id] = entry }
        guard let config = parsed, !isQuarantined else { return done(nil) }
        startShared(seed.plugin, config, StartPromise(seed), on: context) { [self] result in
            let seekers = state.withLock { state -> [Seeker] in
                guard case .starting(let waiters)? = state.entries[id]?.state else { return [] }
                state.entries[id]?.state = Self.state(after: result)
                return waiters
            }
            resume(seekers, id)
            if case .failure(let failure) = result { done(failure) } else { done(nil) }
        }
    }

    /// What an id means that another process may have given out is known now, if anybody knows it.
    func inquired(_ id: InstanceID) {
        resume(state.withLock { $0.inquiries.removeValue(forKey: id) } ?? [], id, isLast: true)
    }

    private func resume(_ seekers: [Seeker], _ id: InstanceID, isLast: Bool = false) {
        for seeker in seekers {
            seeker.context.loop.schedule { [self] in find(id, on: seeker.context, mayInquire: !isLast, seeker.done) }
        }
    }

    private static func state(after result: Result<Instance, StartFailure>) -> Entry.State {
        switch result {
        case .success(let instance): .running(instance)
        case .failure(let failure): .failed(failure, retryAt: nextTry)
        }
    }

    private static func parse(_ bytes: kong_string) throws(InvalidJSON) -> JSONValue {
        guard let text = bytes.validText else { throw InvalidJSON(notUTF8: bytes.text) }
        return try parse(text)
    }

    private static func parse(_ text: String) throws(InvalidJSON) -> JSONValue {
        // No configuration at all: the plugin's defaults hold.
        if text.isEmpty { return .object([:]) }
        let config = try JSONValue(parsing: text)
        switch config {
        case .object: return config
        // An empty table of Lua may come as an array.
        case .null, .array([]): return .object([:])
        default: throw InvalidJSON(text)
        }
    }

    /// Runs the plugin's start, or joins one that runs or has run for the same configuration.
    private func startShared(
        _ pluginName: String, _ config: JSONValue, _ promise: StartPromise?, on context: LoopContext,
        _ done: @escaping @Sendable (Result<Instance, StartFailure>) -> Void
    ) {
        guard let plugin = context.server.plugins.loaded[pluginName] else {
            return done(.failure(StartFailure(description: context.server.plugins.reasonForAbsence(of: pluginName))))
        }
        // Without a name for Kong's plugin entry nothing says that two equal configurations are meant to be one.
        guard config["__key__"] != nil else { return startAnew(plugin, config, promise, on: context, done) }
        let key = SharedKey(pluginName: pluginName, config: Self.withoutSequence(config))
        enum Step { case start, wait, running(Instance) }
        let step = state.withLock { state -> Step in
            switch state.shared[key] {
            case .running(let weak)?:
                if let instance = weak.instance { return .running(instance) }
            case .starting(var waiters)?:
                waiters.append(Waiter(context: context, done: done))
                state.shared[key] = .starting(waiters: waiters)
                return .wait
            case nil: break
            }
            state.shared[key] = .starting(waiters: [])
            return .start
        }
        switch step {
        case .running(let instance): done(.success(instance))
        case .wait: break
        case .start:
            startAnew(plugin, config, promise, on: context) { [self] result in
                let waiters = state.withLock { state -> [Waiter] in
                    guard case .starting(let waiters)? = state.shared[key] else { return [] }
                    state.shared[key] = (try? result.get()).map { .running(WeakInstance(instance: $0)) }
                    return waiters
                }
                done(result)
                for waiter in waiters { waiter.context.loop.schedule { waiter.done(result) } }
            }
        }
    }

    /// Without what counts Kong's changes, in each of its workers for itself.
    private static func withoutSequence(_ config: JSONValue) -> JSONValue {
        guard case .object(var fields) = config else { return config }
        fields["__seq__"] = nil
        return .object(fields)
    }

    private func startAnew(
        _ plugin: LoadedPlugin, _ config: JSONValue, _ promise: StartPromise?, on context: LoopContext,
        _ done: @escaping @Sendable (Result<Instance, StartFailure>) -> Void
    ) {
        let number = context.nextNumber()
        let configText = Self.withoutSequence(config).text
        guard !supervision.isDeadly(plugin.name, config: configText) else {
            return done(.failure(StartFailure(description: "its start has ended the server's process before; it is not tried again")))
        }
        supervision.starting(number, plugin.name, config: configText, as: promise?.seed)
        context.starts[number] = PendingStart(plugin: plugin) { [supervision] result in
            supervision.startEnded(number)
            switch result {
            case .success: context.instanceCounts[plugin.name, default: InstanceCounts()].starts += 1
            case .failure: context.instanceCounts[plugin.name, default: InstanceCounts()].failedStarts += 1
            }
            done(result.map { Instance(plugin, $0, context) })
        }
        if plugin.isBlocking {
            return plugin.startBlocking(number, promise, on: context) { body in
                let arena = ValueArena()
                withUnsafePointer(to: config.kongValue(in: arena), body)
                withExtendedLifetime(arena) {}
            }
        }
        let arena = ValueArena()
        withUnsafePointer(to: config.kongValue(in: arena)) { config in
            context.inPlugin(plugin.host, for: FLIGHT_START, instance: promise?.seed.id ?? 0) {
                promise.keep { plugin.descriptor.pointee.start?(plugin.descriptor, number, kong_loop(context.loop.index), config) }
            }
        }
        withExtendedLifetime(arena) {}
    }

    /// Gives an instance an id. It is kept by whoever looks after this process before Kong hears of it.
    /// - Parameter promised: the id that it is to have.
    private func register(_ entry: Entry, _ configText: String, _ context: LoopContext, as promised: Int32? = nil) -> InstanceRecord {
        let id = self.state.withLock { state -> InstanceID in
            var id = InstanceID(rawValue: promised ?? supervision.nextInstanceID())
            while state.entries[id] != nil { id = InstanceID(rawValue: supervision.nextInstanceID()) }
            state.entries[id] = entry
            state.lastStart[entry.pluginName] = entry.startedAt
            return id
        }
        supervision.started(
            InstanceSeed(id: id.rawValue, plugin: entry.pluginName, config: configText, startedAt: entry.startedAt))
        switch entry.state {
        case .running: logger.info("Started instance \"\(entry.pluginName)\":\(id)")
        case .failed(let failure, _): logger.error("cannot start instance \"\(entry.pluginName)\":\(id): \(failure)")
        case .starting: break
        case .quarantined: logger.warning("instance \"\(entry.pluginName)\":\(id) is not started: its plugin is quarantined")
        }
        return record(id, entry, context)
    }

    // MARK: Looking up

    enum Found: Sendable {
        case running(LoopInstance)
        /// It could not be started; why.
        case failed(pluginName: String, reason: String)
        /// Its plugin is not open for now.
        case quarantined(pluginName: String)
        case unknown
    }

    /// Looks an instance up that the loop does not know yet; tries again to start one that has failed. `done` is called
    /// on the loop of `context`, perhaps before this returns.
    func find(
        _ id: InstanceID, on context: LoopContext, mayInquire: Bool = true, _ done: @escaping @Sendable (Found) -> Void
    ) {
        let asks = mayInquire && supervision.mayHaveMissed
        let found = state.withLock { state -> Entry? in
            guard let entry = state.entries[id] else {
                if asks { state.inquiries[id, default: []].append(Seeker(context: context, done: done)) }
                return nil
            }
            if case .starting(let waiters) = entry.state {
                state.entries[id]?.state = .starting(waiters: waiters + [Seeker(context: context, done: done)])
            }
            return entry
        }
        guard let entry = found else {
            return asks ? supervision.inquire(id.rawValue) : done(.unknown)
        }
        switch entry.state {
        case .starting: break
        case .running(let instance):
            done(.running(context.remember(id, instance)))
        case .quarantined: done(.quarantined(pluginName: entry.pluginName))
        case .failed(let failure, let retryAt):
            guard let retryAt, retryAt <= EventLoop.now else { return done(.failed(pluginName: entry.pluginName, reason: failure.description)) }
            // Others that come meanwhile are told of the last failure.
            state.withLock { $0.entries[id]?.state = .failed(failure, retryAt: Self.nextTry) }
            let seed = InstanceSeed(id: id.rawValue, plugin: entry.pluginName, config: entry.config.text, startedAt: entry.startedAt)
            startShared(entry.pluginName, entry.config, StartPromise(seed), on: context) { [self] result in
                switch result {
                case .success(let instance):
                    state.withLock { $0.entries[id]?.state = .running(instance) }
                    logger.notice("Started instance \"\(entry.pluginName)\":\(id) after all")
                    done(.running(context.remember(id, instance)))
                case .failure(let failure):
                    state.withLock { $0.entries[id]?.state = .failed(failure, retryAt: Self.nextTry) }
                    done(.failed(pluginName: entry.pluginName, reason: failure.description))
                }
            }
        }
    }

    func status(_ id: InstanceID, on context: LoopContext) -> InstanceRecord? {
        state.withLock { $0.entries[id] }.map { record(id, $0, context) }
    }

    /// Forgets an instance; events that run on it may finish. Nil: there is none.
    func close(_ id: InstanceID, on context: LoopContext) -> InstanceRecord? {
        let entry = state.withLock { state -> Entry? in
            guard let entry = state.entries.removeValue(forKey: id) else { return nil }
            state.lastClose[entry.pluginName] = Self.now
            state.forgetEnded()
            return entry
        }
        guard let entry else { return nil }
        supervision.closed(id.rawValue)
        context.forget(id)
        for other in context.server.contexts where other !== context {
            other.loop.schedule { other.forget(id) }
        }
        logger.info("closed instance \"\(entry.pluginName)\":\(id)")
        return record(id, entry, context)
    }

    /// Forgets an instance that was closed in another process.
    func forget(_ id: InstanceID, in contexts: [LoopContext]) {
        state.withLock { state in
            state.entries[id] = nil
            state.forgetEnded()
        }
        for context in contexts { context.loop.schedule { context.forget(id) } }
    }

    /// Forgets all instances: the server is going down.
    func closeAll() {
        let entries = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries
        }
        withExtendedLifetime(entries) {}
    }

    private func record(_ id: InstanceID, _ entry: Entry, _ context: LoopContext) -> InstanceRecord {
        let config = context.server.plugins.loaded[entry.pluginName]?.description.effectiveConfig(entry.config) ?? entry.config
        return InstanceRecord(name: entry.pluginName, id: id, config: config, startedAt: entry.startedAt)
    }

    /// What GetStatus says of a plugin's instances.
    func statuses(
        of pluginName: String, on context: LoopContext
    ) -> (instances: [InstanceRecord], lastStart: Int64, lastClose: Int64) {
        let (entries, lastStart, lastClose) = state.withLock { state in
            (
                state.entries.filter { $0.value.pluginName == pluginName }, state.lastStart[pluginName] ?? 0,
                state.lastClose[pluginName] ?? 0
            )
        }
        let records = entries.map { record($0.key, $0.value, context) }.sorted { $0.id.rawValue < $1.id.rawValue }
        return (records, lastStart, lastClose)
    }

    /// Of each plugin, how many ids there are for instances that run, and for such as could not be started.
    func counts() -> [String: (running: UInt64, failed: UInt64)] {
        state.withLock { state in
            var counts: [String: (running: UInt64, failed: UInt64)] = [:]
            for entry in state.entries.values {
                switch entry.state {
                case .running: counts[entry.pluginName, default: (0, 0)].running += 1
                case .failed, .quarantined: counts[entry.pluginName, default: (0, 0)].failed += 1
                case .starting: break
                }
            }
            return counts
        }
    }

    private static var nextTry: ContinuousClock.Instant { EventLoop.now + retryInterval }

    /// Seconds since 1970.
    private static var now: Int64 { Int64(wallClockSeconds()) }
}

/// What Kong is told of an instance.
struct InstanceRecord: Sendable {
    let name: String
    let id: InstanceID
    let config: JSONValue
    /// Seconds since 1970.
    let startedAt: Int64

    /// As MessagePack has it.
    var value: JSONValue {
        .object([
            "Name": .string(name), "Id": .integer(Int64(id.rawValue)), "Config": config,
            "StartTime": .integer(startedAt),
        ])
    }

    /// As ProtoBuf:1 has it; Kong makes no use of the configuration there.
    var protoBuf: InstanceStatus {
        InstanceStatus(name: name, instanceID: id.rawValue, config: nil, startedAt: startedAt)
    }
}
