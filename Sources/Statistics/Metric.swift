/// One of the metrics that Prometheus is given: the one place that says what they are, from which the text and
/// `docs/metrics.md` are made.
public struct Metric: Sendable {
    public enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// A sample of it: the values of its labels, in their order, and its own.
    struct Sample {
        let labels: [String]
        let value: Value

        enum Value {
            case count(UInt64)
            case integer(Int64)
            case histogram(LatencyHistogram)
        }

        init(_ labels: [String], _ value: Value) {
            self.labels = labels
            self.value = value
        }

        init(_ labels: [String], _ count: UInt64) { self.init(labels, .count(count)) }
    }

    public let name: String
    public let kind: Kind
    /// One sentence.
    public let help: String
    public let labels: [String]
    let samples: @Sendable (ServerStatus) -> [Sample]

    private init(
        _ name: String, _ kind: Kind, by labels: [String] = [], _ help: String,
        _ samples: @escaping @Sendable (ServerStatus) -> [Sample]
    ) {
        self.name = "swift_pluginserver_\(name)"
        self.kind = kind
        self.help = help
        self.labels = labels
        self.samples = samples
    }

    /// Powers of two that are bounds of the histogram's buckets, in nanoseconds: from 1.024 µs to 68.7 s.
    static let bucketPowers = 10...36

    public static let all: [Metric] = [
        Metric("info", .gauge, by: ["version"], "The server's version; always 1.") { [Sample([$0.version], 1)] },
        Metric("start_time_seconds", .gauge, "When the server was started, in seconds since 1970.") {
            [Sample([], .integer($0.startedAt))]
        },
        Metric("worker_uptime_seconds", .gauge, by: ["worker"], "For how long a worker's process has been running.") {
            $0.workers.map { Sample([$0.name], .integer($0.uptime)) }
        },
        Metric("worker_restarts_total", .counter, by: ["worker"], "How often a worker's process has ended by itself, and another one has come in its place.") {
            $0.workers.map { Sample([$0.name], $0.restarts) }
        },
        Metric("worker_silent_seconds", .gauge, by: ["worker"], "For how long a worker has not answered its supervisor: 0 while all is well, with --worker-timeout as its end.") {
            $0.workers.map { Sample([$0.name], $0.silence?.seconds ?? 0) }
        },
        Metric(
            "plugin_info", .gauge, by: ["plugin", "version", "sha256", "state"],
            "A plugin's version, the SHA-256 of its file, and whether it is loaded, refused or quarantined; always 1."
        ) { $0.plugins.map { Sample([$0.name, $0.version, $0.sha256, $0.state.rawValue], 1) } },
        Metric("plugin_quarantined", .gauge, by: ["plugin"], "Whether a plugin is not called, since it has crashed too often: 1 or 0.") { status in
            let quarantined = Set(status.quarantines.map(\.plugin))
            return status.plugins.map { Sample([$0.name], quarantined.contains($0.name) ? 1 : 0) }
        },
        Metric("instances", .gauge, by: ["plugin", "state"], "Instances that Kong has, and that run or could not be started (failed).") {
            $0.byPlugin.flatMap { [Sample([$0, "running"], $1.running), Sample([$0, "failed"], $1.failed)] }
        },
        Metric("instance_starts_total", .counter, by: ["plugin", "result"], "Instances that a plugin was told to start, by how that went: done or failed.") {
            $0.byPlugin.flatMap { [Sample([$0, "done"], $1.starts), Sample([$0, "failed"], $1.failedStarts)] }
        },
        Metric("instance_stops_total", .counter, by: ["plugin"], "Instances that a plugin was told to stop.") {
            $0.byPlugin.map { Sample([$0], $1.stops) }
        },
        Metric(
            "events_total", .counter, by: ["plugin", "phase", "result"],
            "Events that have ended: done, failed (the handler threw), refused (it was not called), cancelled (Kong went), timed_out, or crashed."
        ) { status in
            status.byKind.flatMap { kind, counts in
                EventResult.allCases.map { Sample([kind.plugin, kind.phase, $0.rawValue], counts[$0]) }
            }
        },
        Metric("events_running", .gauge, by: ["plugin", "phase"], "Events that have begun and not ended.") {
            $0.byKind.map { Sample([$0.plugin, $0.phase], $1.running) }
        },
        Metric(
            "event_duration_seconds", .histogram, by: ["plugin", "phase"],
            "From the beginning of an event until its handler has returned, with Kong's answers to its calls."
        ) { $0.byKind.map { Sample([$0.plugin, $0.phase], .histogram($1.latency)) } },
        Metric("pdk_calls_total", .counter, by: ["plugin", "phase"], "Calls of Kong's PDK that handlers have made and the server has taken.") {
            $0.byKind.map { Sample([$0.plugin, $0.phase], $1.calls) }
        },
        Metric("connections", .gauge, "Connections of Kong's that are open.") { [Sample([], $0.statistics.connections.open)] },
        Metric("connections_accepted_total", .counter, "Connections of Kong's that were accepted.") {
            [Sample([], $0.statistics.connections.accepted)]
        },
        Metric("received_bytes_total", .counter, "Bytes that Kong has sent.") { [Sample([], $0.statistics.connections.receivedBytes)] },
        Metric("sent_bytes_total", .counter, "Bytes that were sent to Kong.") { [Sample([], $0.statistics.connections.sentBytes)] },
        Metric("blocking_threads", .gauge, by: ["state"], "Threads for plugins that may block: busy or idle.") {
            let blocking = $0.statistics.blocking
            let idle = min(blocking.idleThreads, blocking.threads)
            return [Sample(["busy"], blocking.threads - idle), Sample(["idle"], idle)]
        },
        Metric("blocking_queue_length", .gauge, "Events, starts and stops that wait for such a thread.") {
            [Sample([], $0.statistics.blocking.queued)]
        },
    ]
}

extension ServerStatus {
    fileprivate var byKind: [(ServerStatistics.EventKind, EventCounts)] {
        statistics.events.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    fileprivate var byPlugin: [(String, InstanceCounts)] {
        statistics.instances.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
