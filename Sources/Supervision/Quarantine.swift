/// When a plugin is quarantined, and for how long.
public struct QuarantineLimits: Sendable {
    /// So many crashes …
    public var crashes: Int
    /// … within this time.
    public var window: Duration
    /// How long the first quarantine lasts; each further one lasts twice as long, an hour at most.
    public var coolDown: Duration

    static let longestCoolDown: Duration = .seconds(3600)

    public init(crashes: Int = 5, window: Duration = .seconds(60), coolDown: Duration = .seconds(60)) {
        self.crashes = crashes
        self.window = window
        self.coolDown = coolDown
    }
}

/// Which plugins have crashed so often that no worker opens them for now. A state machine without clocks and timers: whoever
/// asks says what time it is.
struct Quarantine {
    private struct Record {
        var crashes: [ContinuousClock.Instant] = []
        var releasedAt: ContinuousClock.Instant?
        var coolDown: Duration
        /// Released after a cool-down: the next crash within the window is one too many.
        var trialSince: ContinuousClock.Instant?
        var deadlyStarts: [StartedConfig] = []
    }

    enum Outcome: Equatable {
        /// So many within the window.
        case counted(Int)
        case quarantined(Duration)
    }

    private let limits: QuarantineLimits
    private var records: [String: Record] = [:]

    init(_ limits: QuarantineLimits) {
        self.limits = limits
    }

    /// Plugins that are not to be opened.
    var plugins: [String] { records.filter { $0.value.releasedAt != nil }.keys.sorted() }

    func contains(_ plugin: String) -> Bool { records[plugin]?.releasedAt != nil }

    /// Starts that crashed, and are not to be tried again.
    var deadlyStarts: [StartedConfig] {
        records.sorted { $0.key < $1.key }.flatMap(\.value.deadlyStarts)
    }

    /// When the next cool-down is over.
    var nextRelease: ContinuousClock.Instant? { records.values.compactMap(\.releasedAt).min() }

    func release(of plugin: String) -> ContinuousClock.Instant? { records[plugin]?.releasedAt }

    /// A plugin has crashed a worker.
    mutating func crashed(_ plugin: String, at now: ContinuousClock.Instant) -> Outcome {
        var record = records[plugin] ?? Record(coolDown: limits.coolDown)
        defer { records[plugin] = record }
        record.crashes = record.crashes.filter { now - $0 < limits.window } + [now]
        let isOnTrial = record.trialSince.map { now - $0 < limits.window } ?? false
        if !isOnTrial { record.coolDown = limits.coolDown }
        guard isOnTrial || record.crashes.count >= limits.crashes else { return .counted(record.crashes.count) }
        let coolDown = record.coolDown
        record.releasedAt = now + coolDown
        record.coolDown = min(coolDown * 2, QuarantineLimits.longestCoolDown)
        record.trialSince = nil
        record.crashes = []
        return .quarantined(coolDown)
    }

    /// The start of an instance has crashed a worker.
    mutating func addDeadly(_ start: StartedConfig) {
        var record = records[start.plugin] ?? Record(coolDown: limits.coolDown)
        if !record.deadlyStarts.contains(start) { record.deadlyStarts.append(start) }
        records[start.plugin] = record
    }

    /// Lets those try again whose cool-down is over. Returns their names.
    mutating func releaseDue(at now: ContinuousClock.Instant) -> [String] {
        let due = records.filter { $0.value.releasedAt.map { $0 <= now } ?? false }.keys.sorted()
        for plugin in due {
            records[plugin]?.releasedAt = nil
            records[plugin]?.trialSince = now
            records[plugin]?.deadlyStarts = []
        }
        return due
    }

    /// Forgets all about a plugin: a person says so, or its file is another. False: there was nothing.
    mutating func forget(_ plugin: String) -> Bool {
        guard let record = records.removeValue(forKey: plugin) else { return false }
        return record.releasedAt != nil || !record.deadlyStarts.isEmpty
    }
}
