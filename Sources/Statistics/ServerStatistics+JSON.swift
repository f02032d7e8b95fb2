import JSON

/// JSON that is no statistics, or no status.
public struct InvalidStatistics: Error, CustomStringConvertible {
    public let description: String

    init(_ what: String) { description = "not statistics of swift-pluginserver: \(what)" }
}

extension ServerStatistics {
    /// As a worker tells it, and `status --json`: docs/status.md has the keys.
    public var json: JSONValue {
        .object([
            "events": .array(
                events.sorted { $0.key < $1.key }.map { kind, counts in
                    .object(["plugin": .string(kind.plugin), "phase": .string(kind.phase)].merging(counts.fields) { one, _ in one })
                }),
            "instances": .object(instances.mapValues(\.json)),
            "connections": connections.json,
            "blocking": blocking.json,
            "unfinished_events": .count(unfinishedEvents),
        ])
    }

    public init(_ json: JSONValue) throws(InvalidStatistics) {
        guard case .array(let events)? = json["events"], case .object(let instances)? = json["instances"] else {
            throw InvalidStatistics("it has no events, or no instances")
        }
        for event in events {
            let kind = EventKind(plugin: try event.text("plugin"), phase: try event.text("phase"))
            let counts = try EventCounts(event)
            guard self.events.updateValue(counts, forKey: kind) == nil else {
                throw InvalidStatistics("it has \(kind.plugin): \(kind.phase) twice")
            }
        }
        for (plugin, counts) in instances { self.instances[plugin] = try InstanceCounts(counts) }
        connections = try ConnectionCounts(json.member("connections"))
        blocking = try BlockingCounts(json.member("blocking"))
        // It has come within the format.
        if json["unfinished_events"] != nil { unfinishedEvents = try json.count("unfinished_events") }
    }
}

extension EventCounts {
    fileprivate var fields: [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "begun": .count(begun), "running": .count(running), "pdk_calls": .count(calls), "latency": latency.json,
        ]
        for result in EventResult.allCases { fields[result.rawValue] = .count(self[result]) }
        return fields
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        var results: [EventResult: UInt64] = [:]
        for result in EventResult.allCases { results[result] = try json.count(result.rawValue) }
        self.init(
            begun: try json.count("begun"), results: results, calls: try json.count("pdk_calls"),
            latency: try LatencyHistogram(json.member("latency")))
    }
}

extension LatencyHistogram {
    /// Buckets that are not empty as one text of `number:count`, which is read faster than an array; and for those who only
    /// look, what is asked most.
    fileprivate var json: JSONValue {
        let buckets = counts.enumerated().filter { $0.element > 0 }.map { "\($0.offset):\($0.element)" }
        var fields: [String: JSONValue] = [
            "sum_ns": .count(sum), "count": .count(count), "buckets": .string(buckets.joined(separator: " ")),
        ]
        for (name, share) in Self.namedQuantiles { fields["\(name)_ns"] = quantile(share).map { .count($0) } ?? .null }
        return .object(fields)
    }

    /// The quantiles that are shown.
    public static let namedQuantiles = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)]

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        self.init()
        for bucket in try json.text("buckets").split(separator: " ") {
            let pair = bucket.split(separator: ":", omittingEmptySubsequences: false)
            guard pair.count == 2, let number = Int(pair[0]), let count = UInt64(pair[1]),
                (0..<HistogramBuckets.count).contains(number)
            else { throw InvalidStatistics("a bucket is not number:count") }
            add(count, to: number)
        }
        sum = try json.count("sum_ns")
    }
}

extension InstanceCounts {
    fileprivate var json: JSONValue {
        .object([
            "running": .count(running), "failed": .count(failed), "starts": .count(starts),
            "failed_starts": .count(failedStarts), "stops": .count(stops),
        ])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        running = try json.count("running")
        failed = try json.count("failed")
        starts = try json.count("starts")
        failedStarts = try json.count("failed_starts")
        stops = try json.count("stops")
    }
}

extension ConnectionCounts {
    fileprivate var json: JSONValue {
        .object([
            "open": .count(open), "accepted": .count(accepted), "received_bytes": .count(receivedBytes),
            "sent_bytes": .count(sentBytes),
        ])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        open = try json.count("open")
        accepted = try json.count("accepted")
        receivedBytes = try json.count("received_bytes")
        sentBytes = try json.count("sent_bytes")
    }
}

extension BlockingCounts {
    fileprivate var json: JSONValue {
        .object(["threads": .count(threads), "idle_threads": .count(idleThreads), "queued": .count(queued)])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        threads = try json.count("threads")
        idleThreads = try json.count("idle_threads")
        queued = try json.count("queued")
    }
}

extension JSONValue {
    static func count(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }

    func member(_ key: String) throws(InvalidStatistics) -> JSONValue {
        guard let value = self[key] else { throw InvalidStatistics("it has no \(key)") }
        return value
    }

    func count(_ key: String) throws(InvalidStatistics) -> UInt64 {
        guard case .integer(let number)? = self[key], number >= 0 else { throw InvalidStatistics("\(key) is not a count") }
        return UInt64(number)
    }

    func text(_ key: String) throws(InvalidStatistics) -> String {
        guard case .string(let text)? = self[key] else { throw InvalidStatistics("\(key) is not a text") }
        return text
    }
}
