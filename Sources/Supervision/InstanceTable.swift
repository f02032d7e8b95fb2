/// The instances that Kong has ids for, by id: what a new worker is told to start.
struct InstanceTable {
    private var instances: [Int32: KeptInstance] = [:]

    mutating func add(_ instance: KeptInstance) { instances[instance.id] = instance }
    mutating func remove(_ id: Int32) { instances[id] = nil }

    /// In the order of their start, so that a new worker's are like the old one's.
    var all: [KeptInstance] { instances.values.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) } }
}
