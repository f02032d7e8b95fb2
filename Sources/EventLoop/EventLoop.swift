// Unsafe pointers: the contexts of scheduled C functions pass through here, unread.

import CEventLoop
import Glibc
import Synchronization

/// Something with a file descriptor that a loop watches.
public protocol EventSource: AnyObject {
    /// The descriptor is ready, or broken. [loop]
    func ready(_ readiness: Readiness)
    /// The turn in which `EventLoop.atEndOfTurn` was asked for this ends. [loop]
    func endOfTurn()
}

extension EventSource {
    public func endOfTurn() {}
}

/// What a descriptor can do without blocking.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    @inline(__always)
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    @inline(__always)
    public static var readable: Readiness { Readiness(rawValue: EPOLLIN.rawValue) }
    @inline(__always)
    public static var writable: Readiness { Readiness(rawValue: EPOLLOUT.rawValue) }
    /// The other end is gone, or the descriptor failed: reading says how.
    @inline(__always)
    public static var hungUp: Readiness { Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue) }
    /// The other end sends no more. Told only to whoever asks for it.
    @inline(__always)
    public static var finished: Readiness { Readiness(rawValue: EPOLLRDHUP.rawValue) }
    /// Not a readiness, but how to be told: once, when something comes, and not again in each turn until it has been read.
    /// The kernel then looks at the descriptor once for each event, and not twice. Whoever has not read all there is, or has not been
    /// interested when it came, is told again after `EventLoop.modify`.
    @inline(__always)
    public static var once: Readiness { Readiness(rawValue: EPOLLET.rawValue) }
}

/// A place in the table of a loop's sources. It goes stale with the source, and is then ignored.
public struct Registration: Sendable {
    fileprivate let slot: UInt32
    fileprivate let generation: UInt32
    fileprivate var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// One thread that waits for descriptors, timers and tasks, and runs what they call for.
///
/// Everything is confined to the loop's thread (`[loop]`) but `schedule` and `stop`, which any thread may call.
/// A turn is: tasks, readiness, mail from other threads, due timers, then `endOfTurn` of whoever asked for it. So
/// all that one turn writes to a socket can leave in one system call.
// @unchecked Sendable: the mailbox has a lock; all other state is used on the loop's thread only, which `run` claims.
public final class EventLoop: @unchecked Sendable {
    public typealias Task = @convention(c) (UnsafeMutableRawPointer?) -> Void

    /// A C function and its argument.
    // @unchecked Sendable: the argument is not touched here; it belongs to the function, which runs on one thread.
    struct ScheduledTask: @unchecked Sendable {
        let run: Task
        let context: UnsafeMutableRawPointer?
    }

    private struct Slot {
        var source: (any EventSource)?
        var descriptor: Int32 = -1
        var generation: UInt32 = 1
    }

    private struct Mail: ~Copyable {
        var tasks: [ScheduledTask] = []
        var isClosed = false
    }

    public let index: Int
    private let epoll: OwnedDescriptor
    private let wakeUp: OwnedDescriptor
    private let mailbox = Mutex(Mail())

    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var tasks: [ScheduledTask] = []
    private var runningTasks: [ScheduledTask] = []
    private var turnEnders: [any EventSource] = []
    private var timers = TimerQueue()
    /// When this turn's readiness was taken in; nil until somebody asks.
    private var turnTime: ContinuousClock.Instant?
    /// What `EventLoop.nanoseconds` has said last in this turn; 0: nothing yet.
    private var lastNanoseconds: UInt64 = 0
    private var isStopping = false
    /// While work is under way that waits for input; and while there is none.
    private var spinAtWork: AdaptiveSpin
    private var spinAtRest: AdaptiveSpin
    /// Whether work is under way that waits for input: what comes then comes soon. [loop]
    public var isAtWork: () -> Bool = { false }
    /// What the loop's owner keeps beside it, to be found from its thread (`currentContext`). Before `run`.
    // nonisolated(unsafe): set before the loop's thread is there.
    public nonisolated(unsafe) var context: UnsafeMutableRawPointer?
    private var events: UnsafeMutablePointer<epoll_event>

    private static let eventsPerTurn = 256
    private static let taskRoundsPerTurn = 8
    private static let wakeUpToken = UInt64.max

    /// - Parameter spinBudget: for how long it may poll before it sleeps; see `AdaptiveSpin`.
    public init(index: Int, spinBudget: Duration = .zero) throws(SystemError) {
        self.index = index
        // A second is more than anybody can mean.
        let budget = min(spinBudget.nanoseconds, 1_000_000_000)
        spinAtWork = AdaptiveSpin(budget: budget)
        spinAtRest = AdaptiveSpin(budget: budget)
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        self.epoll = OwnedDescriptor(owning: epoll)
        let wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeUp >= 0 else {
            events = .allocate(capacity: 0)
            self.wakeUp = OwnedDescriptor(owning: -1)
            throw SystemError("eventfd")
        }
        self.wakeUp = OwnedDescriptor(owning: wakeUp)
        events = .allocate(capacity: Self.eventsPerTurn)
        guard event_loop_epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, EPOLLIN.rawValue, Self.wakeUpToken) == 0 else {
            throw SystemError("epoll_ctl", "eventfd")
        }
    }

    deinit {
        events.deallocate()
    }

    /// The processors that this process may use; at least 1.
    public static var processorCount: Int { Int(event_loop_processor_count()) }

    // MARK: Where am I

    /// The loop whose thread this is.
    public static var current: EventLoop? {
        guard let pointer = event_loop_current() else { return nil }
        return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// What the owner of the loop whose thread this is keeps beside it.
    @inline(__always)
    public static var currentContext: UnsafeMutableRawPointer? { event_loop_context() }

    /// Whether this thread is the loop's.
    @inline(__always)
    public var isCurrent: Bool {
        event_loop_current() == Unmanaged.passUnretained(self).toOpaque()
    }

    // MARK: Descriptors [loop]

    /// Watches a descriptor until `remove`; the loop keeps the source alive so long.
    public func add(
        _ source: any EventSource, descriptor: Int32, for interest: Readiness
    ) throws(SystemError) -> Registration {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        let registration = Registration(slot: slot, generation: slots[Int(slot)].generation)
        guard event_loop_epoll_ctl(
            epoll.number, EPOLL_CTL_ADD, descriptor, interest.rawValue, registration.token) == 0
        else {
            freeSlots.append(slot)
            throw SystemError("epoll_ctl", "descriptor \(descriptor)")
        }
        slots[Int(slot)].source = source
        slots[Int(slot)].descriptor = descriptor
        return registration
    }

    /// Changes what a source waits for.
    public func modify(_ registration: Registration, to interest: Readiness) {
        guard let slot = slot(of: registration) else { return }
        // It can fail only for a descriptor that is not registered, and the slot says that it is.
        _ = event_loop_epoll_ctl(
            epoll.number, EPOLL_CTL_MOD, slots[slot].descriptor, interest.rawValue, registration.token)
    }

    /// Stops watching; call it before the descriptor is closed.
    public func remove(_ registration: Registration) {
        guard let slot = slot(of: registration) else { return }
        _ = event_loop_epoll_ctl(epoll.number, EPOLL_CTL_DEL, slots[slot].descriptor, 0, 0)
        slots[slot].source = nil
        slots[slot].descriptor = -1
        slots[slot].generation &+= 1
        freeSlots.append(registration.slot)
    }

    private func slot(of registration: Registration) -> Int? {
        let slot = Int(registration.slot)
        guard slot < slots.count, slots[slot].generation == registration.generation, slots[slot].source != nil
        else { return nil }
        return slot
    }

    /// Calls `source.endOfTurn()` when this turn ends. Ask once a turn.
    public func atEndOfTurn(_ source: any EventSource) {
        turnEnders.append(source)
    }

    // MARK: Tasks [any]

    /// Runs `task(context)` on the loop's thread, soon, never inside this call. False: the loop has stopped.
    @discardableResult
    public func schedule(_ task: @escaping Task, _ context: UnsafeMutableRawPointer?) -> Bool {
        let scheduled = ScheduledTask(run: task, context: context)
        if isCurrent {
            tasks.append(scheduled)
            return true
        }
        let (accepted, mustWake) = mailbox.withLock { mail -> (Bool, Bool) in
            if mail.isClosed { return (false, false) }
            mail.tasks.append(scheduled)
            return (true, mail.tasks.count == 1)
        }
        if mustWake { wake() }
        return accepted
    }

    /// Runs `body` on the loop's thread, soon. False: the loop has stopped.
    @discardableResult
    public func schedule(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Box(body))
        let accepted = schedule(
            { context in
                guard let context else { return }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            }, box.toOpaque())
        if !accepted { box.release() }
        return accepted
    }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private func wake() {
        var one: UInt64 = 1
        // A full counter means that the loop is being woken already.
        _ = write(wakeUp.number, &one, 8)
    }

    // MARK: Timers [loop]

    /// Calls `body` once, `delay` from now or a little later.
    @discardableResult
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerID {
        timers.add(due: Self.now + delay, body)
    }

    public func cancel(_ timer: TimerID) {
        timers.cancel(timer)
    }

    /// The time of the clock that timers go by.
    public static var now: ContinuousClock.Instant { ContinuousClock.now }

    /// The time of this turn: that of whoever asked for it first. For what happens with each event, where asking the clock
    /// would cost too much. [loop]
    public var turnStart: ContinuousClock.Instant {
        if let turnTime { return turnTime }
        let now = Self.now
        turnTime = now
        return now
    }

    /// `nanoseconds`, as it was when somebody last asked in this turn: for what begins when something else has ended. [loop]
    @inline(__always)
    public var recentNanoseconds: UInt64 { lastNanoseconds != 0 ? lastNanoseconds : readNanoseconds() }

    /// `nanoseconds`. [loop]
    @inline(__always)
    public func readNanoseconds() -> UInt64 {
        let now = Self.nanoseconds
        lastNanoseconds = now
        return now
    }

    // MARK: Running

    /// Makes this thread the loop's, until `stop`.
    public func run() {
        event_loop_set_current(Unmanaged.passUnretained(self).toOpaque(), context)
        defer { event_loop_set_current(nil, nil) }
        while !isStopping {
            runTasks()
            endTurn()
            wait()
        }
        // What is still in the mail will not be run: say so to whoever comes now.
        mailbox.withLock { $0.isClosed = true }
    }

    /// Ends `run` after its current turn. [any]
    public func stop() {
        if isCurrent {
            isStopping = true
        } else {
            schedule { [self] in isStopping = true }
        }
    }

    /// Runs tasks, and what they schedule, for a few rounds: the steps of one handler follow each other without a
    /// system call between them, and a task that always schedules another cannot keep the sockets waiting.
    private func runTasks() {
        var rounds = Self.taskRoundsPerTurn
        while !tasks.isEmpty, rounds > 0 {
            rounds -= 1
            swap(&tasks, &runningTasks)
            for task in runningTasks { task.run(task.context) }
            runningTasks.removeAll(keepingCapacity: true)
        }
    }

    private func endTurn() {
        guard !turnEnders.isEmpty else { return }
        // What `endOfTurn` brings about may ask for another.
        var index = 0
        while index < turnEnders.count {
            turnEnders[index].endOfTurn()
            index += 1
        }
        turnEnders.removeAll(keepingCapacity: true)
    }

    private func wait() {
        let count = receive(timeout: timeout())
        turnTime = nil
        lastNanoseconds = 0
        // EINTR is the only failure of a good descriptor and a good buffer; the next turn tries again.
        for index in 0..<max(0, Int(count)) {
            let token = event_loop_token(events + index)
            if token == Self.wakeUpToken {
                takeMail()
            } else {
                dispatch(token, Readiness(rawValue: events[index].events))
            }
        }
        guard timers.nextDue != nil else { return }
        for body in timers.takeDue(at: turnStart) { body() }
    }

    /// Waits for readiness, at first awake if that seems worth it.
    private func receive(timeout: Int32) -> Int32 {
        if timeout != 0 {
            let atWork = isAtWork()
            let limit = atWork ? spinAtWork.limit() : spinAtRest.limit()
            if limit > 0 {
                var waited: UInt64 = 0
                let count = event_loop_poll(epoll.number, events, Int32(Self.eventsPerTurn), limit, &waited)
                if waited > 0 || count == 0 { learn(atWork, count == 0 ? nil : waited) }
                if count != 0 { return count }
            }
        }
        return event_loop_wait(epoll.number, events, Int32(Self.eventsPerTurn), timeout)
    }

    /// - Parameter waited: nil: in vain.
    private func learn(_ atWork: Bool, _ waited: UInt64?) {
        switch (atWork, waited) {
        case (true, let waited?): spinAtWork.hit(after: waited)
        case (true, nil): spinAtWork.miss()
        case (false, let waited?): spinAtRest.hit(after: waited)
        case (false, nil): spinAtRest.miss()
        }
    }

    /// Milliseconds to wait for: 0 if there is work, -1 if there is nothing to wait for but descriptors.
    private func timeout() -> Int32 {
        if !tasks.isEmpty || isStopping { return 0 }
        guard let due = timers.nextDue else { return -1 }
        let remaining = turnStart.duration(to: due)
        if remaining <= .zero { return 0 }
        let (seconds, attoseconds) = remaining.components
        // Rounded up: a timer is never early.
        return Int32(clamping: min(seconds, 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    private func dispatch(_ token: UInt64, _ readiness: Readiness) {
        let slot = Int(token & 0xffff_ffff)
        // A source that was removed earlier in this turn, and whose slot may have a new owner.
        guard slot < slots.count, slots[slot].generation == UInt32(token >> 32), let source = slots[slot].source
        else { return }
        source.ready(readiness)
    }

    private func takeMail() {
        var count: UInt64 = 0
        _ = read(wakeUp.number, &count, 8)
        mailbox.withLock { mail in
            tasks.append(contentsOf: mail.tasks)
            mail.tasks.removeAll(keepingCapacity: true)
        }
    }
}
