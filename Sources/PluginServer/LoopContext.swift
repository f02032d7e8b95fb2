// Unsafe pointers: a plugin's instance passes through here; what is looked up for each event; and the text of the last error that a plugin was given.

import CFlightRecorder
import CKongPlugin
import DequeModule
import EventLoop
import Logging
import Statistics
import WireProtocol

/// What one loop has: its connections, its running events, and what is needed to work on them. Nothing here is shared
/// with another loop, so that nothing needs a lock. Everything is [loop].
// @unchecked Sendable: used on its loop's thread only; it is named in closures that go there.
final class LoopContext: @unchecked Sendable {
    let loop: EventLoop
    /// The loop's.
    let index: Int
    unowned let server: Server
    /// No message may be larger, in bytes.
    let messageLimit: Int
    /// How long an event may take, in nanoseconds.
    let eventTimeout: UInt64
    /// For how long Kong may run one call, in nanoseconds.
    let stepTimeout: UInt64
    /// The process's, which events' ids tell.
    let epoch: Int
    /// This loop's place in the flight recorder.
    let slot: UnsafeMutablePointer<flight_slot>

    var events: EventTable
    var starts: [UInt64: PendingStart] = [:]
    var connections: [ObjectIdentifier: Connection] = [:]
    /// For the value that is being decoded; reset before each.
    let arena = ValueArena()
    /// What a connection reads into and writes from while it has its turn.
    var sharedInput = ByteQueue()
    var sharedOutput = ByteQueue()
    /// Counts events.
    let meter = EventMeter()
    /// Counts connections and their bytes; how many are open, `connections` says.
    var connectionCounts = ConnectionCounts()
    /// By plugin: starts and stops. How many there are, `InstanceRegistry` says.
    var instanceCounts: [String: InstanceCounts] = [:]

    /// The running instances that this loop has had events for. `InstanceRegistry` knows them all.
    private var instances: [InstanceID: LoopInstance] = [:]
    /// Those that had the last events, by the lowest bits of their ids: looking one up here is a comparison.
    private let recentInstances: UnsafeMutablePointer<RecentInstance>
    private static let recentCount = 64
    private var lastNumber: UInt64 = 0
    private var isSweeping = false

    /// How often abandoned events are looked for, and those that take too long.
    private let sweepInterval: Duration

    init(_ loop: EventLoop, _ server: Server) {
        self.loop = loop
        index = loop.index
        self.server = server
        messageLimit = server.configuration.maxMessageSize
        let timeout = server.configuration.eventTimeout
        eventTimeout = timeout.nanoseconds
        stepTimeout = server.configuration.stepTimeout.nanoseconds
        epoch = server.supervision.epoch
        sweepInterval = min(.seconds(1), timeout / 4)
        // There is one for each loop; without, marks go nowhere.
        slot = flight_installed_slot(UInt32(loop.index)) ?? Self.unrecordedSlot()
        recentInstances = .allocate(capacity: Self.recentCount)
        recentInstances.initialize(repeating: RecentInstance(), count: Self.recentCount)
        events = EventTable(loop: loop.index, epoch: epoch)
        loop.context = Unmanaged.passUnretained(self).toOpaque()
        // Events wait for Kong's answers.
        loop.isAtWork = { [unowned self] in events.count > 0 }
    }

    /// That of the loop whose thread this is, which lives as long as it runs. It counts no reference: it is asked for by each
    /// call of a plugin.
    @inline(__always)
    static var current: Unmanaged<LoopContext>? {
        EventLoop.currentContext.map { Unmanaged.fromOpaque($0) }
    }

    deinit { recentInstances.deallocate() }

    private static func unrecordedSlot() -> UnsafeMutablePointer<flight_slot> {
        let slot = UnsafeMutablePointer<flight_slot>.allocate(capacity: 1)
        slot.initialize(to: flight_slot())
        return slot
    }

    /// The calling thread is about to be the loop's.
    func enterThread() { _ = flight_enter_thread(UInt32(loop.index), UInt32(FLIGHT_LOOP)) }

    /// Runs code of a plugin that belongs to no event, with its mark in the flight recorder.
    func inPlugin<Result>(_ host: PluginHost, for what: Int, instance: Int32 = 0, _ body: () throws -> Result) rethrows -> Result {
        var mark = host.mark
        mark.instance = instance
        let outer = flight_begin(slot, mark, UInt8(truncatingIfNeeded: what))
        defer { flight_end(slot, outer) }
        return try body()
    }

    // MARK: Records of connections

    private var spareRecords: [UnsafeMutablePointer<flight_connection>] = []

    /// One for a connection that is opened.
    func takeRecord() -> UnsafeMutablePointer<flight_connection> {
        if let record = spareRecords.popLast() { return record }
        let record = UnsafeMutablePointer<flight_connection>.allocate(capacity: 1)
        record.initialize(to: flight_connection(fd: -1, sends: 0, is_cut: 0, is_busy: 0, has_ended: 0, next: nil))
        flight_add_connection(record)
        return record
    }

    /// It is never freed: the last moments of an event that had it may be looking at it.
    func putBack(_ record: UnsafeMutablePointer<flight_connection>) {
        record.pointee.fd = -1
        record.pointee.sends &+= 1
        record.pointee.is_cut = 0
        record.pointee.is_busy = 0
        spareRecords.append(record)
    }

    // MARK: Tasks of plugins

    /// What a plugin has scheduled, with the mark of what it did then.
    private struct PluginTask {
        let run: EventLoop.Task
        let context: UnsafeMutableRawPointer?
        let mark: flight_mark
    }

    /// Those that this thread has scheduled, in the order in which the loop comes to them.
    private var pluginTasks = Deque<PluginTask>()

    /// Has a task of a plugin run on the loop. False: the loop has stopped. [any]
    func schedule(_ run: @escaping EventLoop.Task, _ context: UnsafeMutableRawPointer?, of host: PluginHost) -> Bool {
        guard loop.isCurrent else {
            // From a thread of a plugin's own nothing is known but whose it is.
            let current = flight_current_slot()?.pointee.mark
            let mark = current?.plugin == host.place ? current ?? host.mark : host.mark
            nonisolated(unsafe) let task = PluginTask(run: run, context: context, mark: mark)
            return loop.schedule { [self] in perform(task) }
        }
        let current = slot.pointee.mark
        pluginTasks.append(
            PluginTask(run: run, context: context, mark: current.plugin == host.place ? current : host.mark))
        return loop.schedule(
            { context in
                guard let context else { return }
                Unmanaged<LoopContext>.fromOpaque(context).takeUnretainedValue().performNext()
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func performNext() {
        if let task = pluginTasks.popFirst() { perform(task) }
    }

    private func perform(_ task: PluginTask) {
        var mark = task.mark
        // The event may be over, and its object another's.
        let event = mark.event == 0 ? nil : events[EventID(rawValue: mark.event)]
        mark.reply = event.map { UnsafePointer($0.reply) }
        // A start or a stop that waits for something goes on in tasks.
        let isOfEvent = mark.event != 0 || mark.what == FLIGHT_NOTHING
        let outer = flight_begin(slot, mark, isOfEvent ? UInt8(FLIGHT_TASK) : mark.what)
        task.run(task.context)
        flight_end(slot, outer)
        withExtendedLifetime(event) {}
    }

    // MARK: Instances

    /// An instance that this loop knows, for as long as it does.
    @inline(__always)
    func runningInstance(_ id: InstanceID) -> Unmanaged<LoopInstance>? {
        let recent = recentInstances + Self.recentPlace(of: id)
        if recent.pointee.id == id, let instance = recent.pointee.instance { return instance }
        guard let instance = instances[id] else { return nil }
        recent.pointee = RecentInstance(id: id, instance: .passUnretained(instance))
        return recent.pointee.instance
    }

    func remember(_ id: InstanceID, _ instance: Instance) -> LoopInstance {
        forget(id)
        let known = LoopInstance(instance)
        instances[id] = known
        return known
    }

    func forget(_ id: InstanceID) {
        let recent = recentInstances + Self.recentPlace(of: id)
        if recent.pointee.id == id { recent.pointee.instance = nil }
        instances[id] = nil
    }

    private func forgetInstances() {
        recentInstances.update(repeating: RecentInstance(), count: Self.recentCount)
        instances = [:]
    }

    private static func recentPlace(of id: InstanceID) -> Int { Int(id.rawValue) & (recentCount - 1) }

    private struct RecentInstance {
        var id = InstanceID(rawValue: 0)
        /// `instances` has it.
        var instance: Unmanaged<LoopInstance>?
    }

    /// The number of a start or stop; the loop is part of it, so that it means nothing on another.
    func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber << EventID.loopBits | UInt64(loop.index)
    }

    /// The plugin has answered a start, on a thread of the pool. [any]
    func finishStart(_ number: UInt64, _ result: Result<UnsafeMutableRawPointer?, StartFailure>) {
        nonisolated(unsafe) let result = result
        loop.schedule { [self] in starts.removeValue(forKey: number)?.finish(result) }
    }

    // MARK: Events

    private var pace = LogPace()

    /// Whether it is time to say again that an event has failed since its instance could not be started.
    func mayRepeatFailure(of plugin: String) -> Bool { pace.admit(plugin, at: loop.turnStart) != nil }

    /// A line of a kind that there may be many of.
    func log(_ level: Logger.Level, about kind: String, _ line: @autoclosure () -> String) {
        guard let leftOut = pace.admit(kind, at: loop.turnStart) else { return }
        server.logger.log(level: level, "\(line())\(leftOut > 0 ? " (and \(leftOut) more like this)" : "")")
    }

    /// Events that are over, to be used again.
    private var spareEvents: [MessagePackEvent] = []
    private static let spareEventLimit = 64

    /// One that is not running.
    func spareEvent() -> MessagePackEvent {
        // What a task has kept, such as for its connection's end, must not be told about another run.
        guard !spareEvents.isEmpty else { return MessagePackEvent(self) }
        var event = spareEvents.removeLast()
        guard isKnownUniquelyReferenced(&event) else { return MessagePackEvent(self) }
        event.reset()
        return event
    }

    func spare(_ event: MessagePackEvent) {
        if spareEvents.count < Self.spareEventLimit { spareEvents.append(event) }
    }

    /// Gives up the table's reference to an event. If it was the last one, the event stays until this turn is over: what the plugin
    /// has just called works on it without counting.
    func letGo(_ event: Unmanaged<Event>) {
        var event = event.takeRetainedValue()
        guard isKnownUniquelyReferenced(&event) else { return }
        let last = event
        loop.schedule { withExtendedLifetime(last) {} }
    }

    /// Counts an event that never began.
    func countRefused(_ plugin: LoadedPlugin, _ phase: Phase) {
        let cell = meter.cell(plugin.meterNumber(phase))
        cell.begin()
        cell.end(.refused, after: 0)
    }

    /// Looks for such events from time to time, as long as there are any events.
    func sweepLater() {
        guard !isSweeping else { return }
        isSweeping = true
        loop.schedule(after: sweepInterval) { [self] in
            isSweeping = false
            let nanoseconds = EventLoop.nanoseconds
            for event in events.all {
                event.expire(at: nanoseconds)
                event.endIfOverdue(at: nanoseconds)
            }
            if events.count > 0 { sweepLater() }
        }
    }

    // MARK: Going down

    private(set) var stops: Set<UInt64> = []

    /// Lets a plugin stop an instance that nobody has any more.
    func stop(_ plugin: LoadedPlugin, _ instance: UnsafeMutableRawPointer?) {
        guard let stop = plugin.descriptor.pointee.stop else { return }
        instanceCounts[plugin.name, default: InstanceCounts()].stops += 1
        let number = nextNumber()
        stops.insert(number)
        if plugin.isBlocking { return plugin.stopBlocking(number, instance, on: self) }
        inPlugin(plugin.host, for: FLIGHT_STOP) { stop(plugin.descriptor, number, kong_loop(loop.index), instance) }
    }

    /// The plugin has stopped the instance. False: no such stop is under way.
    func stopped(_ number: UInt64) -> Bool { stops.remove(number) != nil }

    /// Events that have to end before the server may, and instances that they may be waiting for. Those that nobody comes
    /// back to are ended here: no new connection can be made.
    func unfinishedEventCount() -> Int {
        for event in events.all { event.endIfAbandoned() }
        return events.count + starts.count
    }

    /// Instances that plugins are stopping. This loop keeps none from it.
    func stoppingInstanceCount() -> Int {
        forgetInstances()
        return stops.count
    }

    /// Whether another process takes over.
    private(set) var isRetiring = false

    /// Hands over those connections on which Kong waits for nothing, from now on. Returns how many are left, with what runs.
    func handOverConnections() -> Int {
        isRetiring = true
        for connection in Array(connections.values) { connection.handOverIfIdle() }
        return connections.count + events.count + starts.count
    }

    /// Ends all idle connections, and leaves it to Kong to close them; returns how many are open.
    func takeLeave() -> Int {
        for connection in Array(connections.values) { connection.leave() }
        return connections.count
    }

    /// Closes all connections, after what has been answered on them; returns how many.
    func closeConnections() -> Int {
        let open = Array(connections.values)
        for connection in open { connection.closeAfterOutput() }
        return open.count
    }

    // MARK: Messages to plugins

    private var lastMessage: [CChar] = []

    /// A text that stays where it is until the next one.
    func keep(_ message: String) -> kong_string {
        lastMessage = message.utf8.map { CChar(bitPattern: $0) }
        // An array's memory does not move while the array is not changed.
        return lastMessage.withUnsafeBufferPointer { kong_string(data: $0.baseAddress, size: $0.count) }
    }
}
