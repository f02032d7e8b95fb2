import JSON

/// The instances that Kong has ids for, by id: what a new worker is told to start.
struct InstanceTable {
    private var instances: [Int32: KeptInstance] = [:]

    /// False: there is one of that id.
    @discardableResult mutating func add(_ instance: KeptInstance) -> Bool {
        guard instances[instance.id] == nil else { return false }
        instances[instance.id] = instance
        return true
    }

    /// False: there was none.
    @discardableResult mutating func remove(_ id: Int32) -> Bool { instances.removeValue(forKey: id) != nil }

    /// Those that a start has been for: a configuration is the same whatever Kong's count of it (`__seq__`).
    func ids(of start: StartedConfig) -> [Int32] {
        all.filter { instance in
            guard instance.plugin == start.plugin, case .object(var fields)? = try? JSONValue(parsing: instance.config) else { return false }
            fields["__seq__"] = nil
            return JSONValue.object(fields).text == start.config
        }.map(\.id)
    }

    /// In the order of their start, so that a new worker's are like the old one's.
    var all: [KeptInstance] { instances.values.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) } }
}
