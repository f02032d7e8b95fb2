// Unsafe pointers: arguments are lent to posix_spawn.

import CSupervision
import EventLoop
import FlightRecording
import Glibc
import PluginLoader

/// One worker, from its start to its end. Everything is [loop].
final class WorkerProcess {
    let pid: pid_t
    let startedAt = EventLoop.now
    private let memoryKillsBefore = MemoryKills.count()
    private var isKilledFromHere = false
    /// Part of the ids of its events.
    let epoch: Int
    /// What it runs, and how it ended. Nil: there is no memory to be had for it, and the worker itself says how it ends.
    let recorder: FlightRecorder?
    private var heldLoops: HeldLoops
    /// For how long it has not answered.
    var silence = Silence()
    /// When it has to end, if it is being replaced.
    var endsBy: ContinuousClock.Instant?
    private let control: ControlConnection
    private let errors: ErrorOutput

    /// Plugins that it has opened.
    private(set) var loaded: [LoadedFacts] = []
    /// What it has not taken.
    private(set) var refused: [RefusedFacts] = []
    /// The files of its plugins, by name.
    private(set) var images: [String: KeptImage] = [:]
    /// Compared with the one that it takes the place of, once it has opened its plugins.
    var comparison: WorkerComparison?
    /// Whether it is to take over even if nothing has changed.
    var isRestart = false
    /// Whether it has been told of all instances.
    var knowsInstances = false
    /// When it was told to accept connections.
    var servesSince: ContinuousClock.Instant?
    /// Starts that a plugin has not answered yet.
    private(set) var unfinishedStarts: [Int64: StartedConfig] = [:]
    /// Whose starts these are.
    private var startingInstances: [Int64: KeptInstance] = [:]

    /// What it is told to do goes through the other end of this.
    static let controlDescriptor: Int32 = 3
    static let counterDescriptor: Int32 = 4
    /// The supervisor's standard error, for the worker's own log. What plugins and their runtimes write goes through here.
    static let logDescriptor: Int32 = 5
    static let recorderDescriptor: Int32 = 6

    /// How a worker is started.
    struct Launch {
        let program: String
        /// The arguments that make it a worker, from the zeroth on.
        let command: [String]
        let counter: SharedCounter
        let makeRecorder: () -> FlightRecorder?
        let limits: HandlerLimits
    }

    /// - Parameters:
    ///   - onLine: takes a line of its standard error.
    ///   - onMessage: takes what it says, but of its starts and its plugins, which are kept here.
    ///   - onEnd: hears how it ended, after all that it has said.
    init(
        _ launch: Launch, epoch: Int, on loop: EventLoop, onLine: @escaping (String) -> Void,
        onMessage: @escaping (WorkerProcess, ReceivedMessage) -> Void, onEnd: @escaping (WorkerProcess, WorkerEnd) -> Void
    ) throws(WorkerStartError) {
        self.epoch = epoch
        recorder = launch.makeRecorder()
        heldLoops = HeldLoops(loops: recorder?.loopCount ?? 0, warning: launch.limits.warning, limit: launch.limits.limit)
        do throws(SystemError) {
            let sockets = try Self.socketPair()
            let childSocket = OwnedDescriptor(owning: sockets.child)
            let ownSocket = OwnedDescriptor(owning: sockets.own)
            let pipe = try Self.pipe()
            let writing = OwnedDescriptor(owning: pipe.writing)
            let reading = OwnedDescriptor(owning: pipe.reading)
            pid = try Self.spawn(launch, recorder, control: childSocket.number, errors: writing.number)

            var forward: (ReceivedMessage) -> Void = { _ in }
            let box = MessageBox()
            control = try ControlConnection(ownSocket, on: loop) { box.take($0) }
            errors = try ErrorOutput(reading, on: loop, onLine: onLine)
            forward = { [unowned self] received in
                switch received.message {
                case .starting(let number, let start, let instance):
                    unfinishedStarts[number] = start
                    startingInstances[number] = instance
                case .startEnded(let number):
                    unfinishedStarts[number] = nil
                    startingInstances[number] = nil
                case .loaded(let facts): hasLoaded(facts, received.takeDescriptor())
                case .refused(let facts): refused.append(facts)
                default:
                    // What it wrote before comes before what it brings about.
                    errors.readAvailable()
                    onMessage(self, received)
                }
            }
            box.take = forward
            try ChildEndWatch.start(for: pid, on: loop) { [self] status in
                // What it has said last is still on its way.
                control.receive()
                control.close()
                errors.finish()
                onEnd(self, WorkerEnd(waitStatus: status))
            }
        } catch {
            throw WorkerStartError("\(error)")
        }
    }

    private func hasLoaded(_ facts: LoadedFacts, _ file: consuming OwnedDescriptor?) {
        loaded.append(facts)
        guard let file else { return }
        images[facts.plugin] = KeptImage(
            plugin: facts.plugin, path: facts.path, sha256: facts.sha256, edition: facts.edition, owning: file.release())
    }

    /// Who takes messages, once there is somebody.
    private final class MessageBox {
        var take: (ReceivedMessage) -> Void = { _ in }
    }

    private static func spawn(_ launch: Launch, _ recorder: FlightRecorder?, control: Int32, errors: Int32) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, logDescriptor)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        posix_spawn_file_actions_adddup2(&actions, control, controlDescriptor)
        posix_spawn_file_actions_adddup2(&actions, launch.counter.memory.number, counterDescriptor)
        // Above the numbers that the child's take.
        let memory = OwnedDescriptor(owning: recorder?.descriptor.map { fcntl($0, F_DUPFD_CLOEXEC, 10) } ?? -1)
        if memory.number >= 0 { posix_spawn_file_actions_adddup2(&actions, memory.number, recorderDescriptor) }
        // Kong's nginx leaves descriptors open that are none of a plugin's.
        let closing = supervision_close_from(&actions, recorderDescriptor + (memory.number >= 0 ? 1 : 0))
        guard closing == 0 else { throw SystemError("posix_spawn_file_actions_addclosefrom_np", code: closing) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let copies = launch.command.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        var child = pid_t()
        let variables = environment().map { strdup($0) } + [nil]
        defer { for variable in variables { free(variable) } }
        let result = posix_spawn(&child, launch.program, &actions, &attributes, copies, variables)
        guard result == 0 else { throw SystemError("posix_spawn", launch.program, code: result) }
        return child
    }

    /// As this process's; but a Swift runtime's own backtrace takes seconds in which there is no worker, and the flight recorder
    /// has one.
    private static func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        if getenv("SWIFT_BACKTRACE") == nil { variables.append("SWIFT_BACKTRACE=enable=no") }
        return variables
    }

    /// Descriptors above the numbers that the child's take: dup2 to itself would keep close-on-exec.
    private static func moved(_ descriptor: Int32) -> Int32 {
        defer { close(descriptor) }
        return fcntl(descriptor, F_DUPFD_CLOEXEC, 10)
    }

    private static func socketPair() throws(SystemError) -> (own: Int32, child: Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SystemError("socketpair")
        }
        let (own, child) = (moved(ends[0]), moved(ends[1]))
        guard own >= 0, child >= 0 else { throw SystemError("fcntl") }
        return (own, child)
    }

    private static func pipe() throws(SystemError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError("pipe") }
        let (reading, writing) = (moved(ends[0]), moved(ends[1]))
        guard reading >= 0, writing >= 0 else { throw SystemError("fcntl") }
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        return (reading, writing)
    }

    // MARK: Talking

    func send(_ message: ControlMessage) { control.send(message) }

    /// - Parameter descriptor: is closed here.
    func send(_ message: ControlMessage, with descriptor: consuming OwnedDescriptor) {
        control.send(message, descriptor: descriptor.release())
    }

    /// The starts that may have ended it, in their order: that of the instance which the crash names; else all of the plugin's that
    /// were under way.
    func suspectedStarts(of culprit: Culprit) -> [StartedConfig] {
        let starts = unfinishedStarts.filter { $0.value.plugin == culprit.plugin }
        let named = starts.filter { culprit.instance != nil && startingInstances[$0.key]?.id == culprit.instance }
        return (named.isEmpty ? starts : named).sorted { $0.key < $1.key }.map(\.value)
    }

    /// An instance whose start it has not finished.
    func startingInstance(_ id: Int32) -> KeptInstance? { startingInstances.values.first { $0.id == id } }

    /// Takes in what it has sent, now.
    func receive() { control.receive() }

    /// What has not let go of its loop since it was looked at before.
    func lookForHeldLoops() -> [HeldLoops.Finding] {
        guard let recorder else { return [] }
        let findings = heldLoops.look(at: recorder)
        // No plugin is to blame for what somebody has stopped.
        if !findings.isEmpty, ProcessState(of: pid).isStopped {
            heldLoops.forget()
            return []
        }
        return findings
    }

    /// Whether a plugin's code keeps its first loop, which answers the supervisor's questions, as far as that can be said.
    var runsPluginOnFirstLoop: Bool { recorder?.activity(inSlot: 0) != nil }

    func kill(_ signal: Int32) {
        isKilledFromHere = true
        Glibc.kill(pid, signal)
    }

    /// Who may have ended it, for the log: of SIGKILL nobody tells.
    func account(of end: WorkerEnd) -> String {
        guard end == .killed(signal: SIGKILL), !isKilledFromHere else { return "" }
        return MemoryKills.account(before: memoryKillsBefore, now: MemoryKills.count())
    }

    /// What it wrote to standard error last.
    var lastLines: [String] { errors.lastLines }
}

/// Why there is no worker.
struct WorkerStartError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// For how long a plugin may hold an event loop.
public struct HandlerLimits: Sendable {
    /// It is named in the log.
    public var warning: Duration
    /// Its worker is ended, as by a crash of the plugin; nil: never.
    public var limit: Duration?
    /// How often has to be looked.
    public var interval: Duration

    public init(warning: Duration, limit: Duration?, interval: Duration) {
        self.warning = warning
        self.limit = limit
        self.interval = interval
    }
}
