/// What a server, or one worker of it, has done so far and is doing: counters that only grow, and gauges. Those of several
/// workers can be merged.
public struct ServerStatistics: Hashable, Sendable {
    /// Whose events, in which phase.
    public struct EventKind: Hashable, Sendable, Comparable {
        public let plugin: String
        public let phase: String

        public init(plugin: String, phase: String) {
            self.plugin = plugin
            self.phase = phase
        }

        public static func < (one: Self, other: Self) -> Bool { (one.plugin, one.phase) < (other.plugin, other.phase) }
    }

    public var events: [EventKind: EventCounts] = [:]
    public var instances: [String: InstanceCounts] = [:]
    public var connections = ConnectionCounts()
    public var blocking = BlockingCounts()
    /// Events that are not over: those that run, and over MessagePack those whose handler has returned and that Kong has not come
    /// back to for their next call.
    public var unfinishedEvents: UInt64 = 0

    public init() {}

    /// Adds those of another worker.
    public mutating func merge(_ other: ServerStatistics) {
        events.merge(other.events) { one, other in
            var sum = one
            sum.merge(other)
            return sum
        }
        instances.merge(other.instances) { one, other in
            var sum = one
            sum.merge(other)
            return sum
        }
        connections.merge(other.connections)
        blocking.merge(other.blocking)
        unfinishedEvents = unfinishedEvents.saturatingAdding(other.unfinishedEvents)
    }

    /// What is left of a worker whose process has ended: counters, so that sums never shrink, and no gauges.
    /// - Parameter result: what the events count as that it has not ended.
    public mutating func retire(unfinishedAs result: EventResult) {
        for kind in events.keys { events[kind]?.endRunning(as: result) }
        leaveInstances()
        connections.open = 0
        blocking = BlockingCounts()
        unfinishedEvents = 0
    }

    /// Has none of Kong's instances any more.
    mutating func leaveInstances() {
        for plugin in instances.keys {
            instances[plugin]?.running = 0
            instances[plugin]?.failed = 0
        }
    }

    /// All events of a plugin, or of all.
    public func events(of plugin: String? = nil) -> EventCounts {
        var sum = EventCounts()
        for (kind, counts) in events where plugin == nil || kind.plugin == plugin { sum.merge(counts) }
        return sum
    }
}

/// The instances of one plugin.
public struct InstanceCounts: Hashable, Sendable {
    /// Ids that Kong has been given, and not closed, for instances that run, and for such as could not be started.
    public var running: UInt64 = 0
    public var failed: UInt64 = 0
    /// How often the plugin has started an instance, and has failed to; and how often it was told to stop one. Several ids of
    /// Kong's may share one.
    public var starts: UInt64 = 0
    public var failedStarts: UInt64 = 0
    public var stops: UInt64 = 0

    public init() {}

    public mutating func merge(_ other: InstanceCounts) {
        running = running.saturatingAdding(other.running)
        failed = failed.saturatingAdding(other.failed)
        starts = starts.saturatingAdding(other.starts)
        failedStarts = failedStarts.saturatingAdding(other.failedStarts)
        stops = stops.saturatingAdding(other.stops)
    }
}

/// Kong's connections.
public struct ConnectionCounts: Hashable, Sendable {
    public var open: UInt64 = 0
    public var accepted: UInt64 = 0
    public var receivedBytes: UInt64 = 0
    public var sentBytes: UInt64 = 0

    public init() {}

    public mutating func merge(_ other: ConnectionCounts) {
        open = open.saturatingAdding(other.open)
        accepted = accepted.saturatingAdding(other.accepted)
        receivedBytes = receivedBytes.saturatingAdding(other.receivedBytes)
        sentBytes = sentBytes.saturatingAdding(other.sentBytes)
    }
}

/// The threads for plugins that may block.
public struct BlockingCounts: Hashable, Sendable {
    public var threads: UInt64 = 0
    public var idleThreads: UInt64 = 0
    /// What waits for one of them.
    public var queued: UInt64 = 0

    public init() {}

    public mutating func merge(_ other: BlockingCounts) {
        threads = threads.saturatingAdding(other.threads)
        idleThreads = idleThreads.saturatingAdding(other.idleThreads)
        queued = queued.saturatingAdding(other.queued)
    }
}
