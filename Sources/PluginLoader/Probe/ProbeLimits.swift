/// What a plugin may use while it is opened for the first time, in a process of its own.
public struct ProbeLimits: Hashable, Sendable {
    /// How long opening may take.
    public var time: Duration
    /// Address space, in bytes, as RLIMIT_AS counts it: libraries and the stacks of threads are part of it.
    public var memory: UInt64
    /// How many plugins are probed at a time.
    public var parallelism: Int

    public init(time: Duration = .seconds(5), memory: UInt64 = 1 << 30, parallelism: Int = 2) {
        self.time = time
        self.memory = memory
        self.parallelism = max(1, parallelism)
    }

    /// As "5 s" and "0.5 s".
    var timeText: String {
        let (seconds, attoseconds) = time.components
        let fraction = Double(attoseconds) / 1e18
        return fraction == 0 ? "\(seconds) s" : "\(Double(seconds) + fraction) s"
    }

    /// As "1 GiB", or in bytes where that is not exact.
    var memoryText: String {
        let units: [(shift: UInt64, name: String)] = [(30, "GiB"), (20, "MiB")]
        for unit in units where memory > 0 && memory % (1 << unit.shift) == 0 { return "\(memory >> unit.shift) \(unit.name)" }
        return "\(memory) bytes"
    }
}
