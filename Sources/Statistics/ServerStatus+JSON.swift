import JSON

extension ServerStatus {
    /// The version of this layout. Keys may be added within a version; none changes its meaning or goes.
    static let format: Int64 = 1

    /// As the control socket answers: docs/status.md has the keys.
    public var json: JSONValue {
        .object([
            "format": .integer(Self.format),
            "server": .object([
                "version": .string(version), "pid": .integer(Int64(pid)), "started_at": .integer(startedAt),
                "uptime_seconds": .integer(uptime), "supervised": .boolean(isSupervised),
            ]),
            "workers": .array(workers.map(\.json)),
            "plugins": .array(plugins.map(\.json)),
            "quarantines": .array(quarantines.map(\.json)),
            "deadly_starts": .array(
                deadlyStarts.sorted { $0.key < $1.key }.map { .object(["plugin": .string($0.key), "configs": .count($0.value)]) }),
            "statistics": statistics.json,
        ])
    }

    public init(_ json: JSONValue) throws(InvalidStatistics) {
        guard json["format"] == .integer(Self.format) else {
            throw InvalidStatistics("a layout other than \(Self.format): is the server of another version?")
        }
        let server = try json.member("server")
        guard case .boolean(let isSupervised)? = server["supervised"] else { throw InvalidStatistics("supervised is not a boolean") }
        self.init(
            version: try server.text("version"), pid: try server.pid(), startedAt: try server.integer("started_at"),
            uptime: try server.integer("uptime_seconds"), isSupervised: isSupervised)
        for worker in try json.items("workers") { workers.append(try WorkerStatus(worker)) }
        for plugin in try json.items("plugins") { plugins.append(try PluginStatus(plugin)) }
        for quarantine in try json.items("quarantines") { quarantines.append(try QuarantineStatus(quarantine)) }
        // A server that is older does not tell.
        for start in json["deadly_starts"] == nil ? [] : try json.items("deadly_starts") {
            deadlyStarts[try start.text("plugin")] = try start.count("configs")
        }
        statistics = try ServerStatistics(json.member("statistics"))
    }
}

extension WorkerStatus {
    fileprivate var json: JSONValue {
        .object([
            "name": .string(name), "pid": .integer(Int64(pid)), "uptime_seconds": .integer(uptime),
            "restarts": .count(restarts), "retiring": .array(retiring.map { .integer(Int64($0.pid)) }),
            "finishing": .array(retiring.map(\.json)), "silence": silence?.json ?? .null,
            "last_reload": lastReload?.json ?? .null,
        ])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        self.init(
            name: try json.text("name"), pid: try json.pid(), uptime: try json.integer("uptime_seconds"),
            restarts: try json.count("restarts"))
        // What has come within the format, an older server does not tell.
        silence = try SilenceStatus(orNull: json)
        for process in json["finishing"] == nil ? [] : try json.items("finishing") { retiring.append(try RetiringStatus(process)) }
        if let reload = json["last_reload"], reload != .null { lastReload = try LastReload(reload) }
    }
}

extension WorkerStatus.LastReload {
    fileprivate var json: JSONValue {
        .object(["at": .integer(at), "taken": .boolean(isTaken), "summary": .string(summary)])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        guard case .boolean(let isTaken)? = json["taken"] else { throw InvalidStatistics("taken is not a boolean") }
        self.init(at: try json.integer("at"), isTaken: isTaken, summary: try json.text("summary"))
    }
}

extension RetiringStatus {
    fileprivate var json: JSONValue {
        .object([
            "pid": .integer(Int64(pid)), "events": .count(events), "connections": .count(connections),
            "seconds_left": .integer(secondsLeft), "silence": silence?.json ?? .null,
        ])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        self.init(
            pid: try json.pid(), events: try json.count("events"), connections: try json.count("connections"),
            secondsLeft: try json.integer("seconds_left"), silence: try SilenceStatus(orNull: json))
    }
}

extension SilenceStatus {
    fileprivate var json: JSONValue { .object(["seconds": .count(seconds), "process": .string(process)]) }

    /// - Parameter json: what may have it.
    fileprivate init?(orNull json: JSONValue) throws(InvalidStatistics) {
        guard let silence = json["silence"], silence != .null else { return nil }
        self.init(seconds: try silence.count("seconds"), process: try silence.text("process"))
    }
}

extension PluginStatus {
    /// As a worker may tell a supervisor.
    public var json: JSONValue {
        .object([
            "name": .string(name), "state": .string(state.rawValue), "version": .string(version), "path": .string(path),
            "sha256": .string(sha256), "phases": .array(phases.map { .string($0) }), "reason": .string(reason),
            "place": place.map { .string($0.rawValue) } ?? .null, "refusal": .string(refusal),
        ])
    }

    public init(_ json: JSONValue) throws(InvalidStatistics) {
        guard let state = State(rawValue: try json.text("state")) else { throw InvalidStatistics("an unknown state of a plugin") }
        self.init(name: try json.text("name"), state: state)
        version = try json.text("version")
        path = try json.text("path")
        sha256 = try json.text("sha256")
        reason = try json.text("reason")
        for phase in try json.items("phases") {
            guard case .string(let phase) = phase else { throw InvalidStatistics("a phase is not a text") }
            phases.append(phase)
        }
        // A server that is older does not tell.
        if case .string(let place)? = json["place"] { self.place = Place(rawValue: place) }
        if case .string(let refusal)? = json["refusal"] { self.refusal = refusal }
    }
}

extension QuarantineStatus {
    fileprivate var json: JSONValue {
        .object([
            "plugin": .string(plugin), "reason": .string(reason),
            "seconds_left": secondsLeft.map { .integer($0) } ?? .null,
        ])
    }

    fileprivate init(_ json: JSONValue) throws(InvalidStatistics) {
        let secondsLeft = try json.member("seconds_left") == .null ? nil : try json.integer("seconds_left")
        self.init(plugin: try json.text("plugin"), reason: try json.text("reason"), secondsLeft: secondsLeft)
    }
}

extension JSONValue {
    fileprivate func items(_ key: String) throws(InvalidStatistics) -> [JSONValue] {
        guard case .array(let items)? = self[key] else { throw InvalidStatistics("\(key) is not an array") }
        return items
    }

    fileprivate func integer(_ key: String) throws(InvalidStatistics) -> Int64 {
        guard case .integer(let number)? = self[key] else { throw InvalidStatistics("\(key) is not an integer") }
        return number
    }

    fileprivate func pid() throws(InvalidStatistics) -> Int32 {
        guard let pid = Int32(exactly: try integer("pid")) else { throw InvalidStatistics("a pid is none") }
        return pid
    }
}
