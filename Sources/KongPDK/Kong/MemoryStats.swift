/// How much memory a Kong node uses, in bytes.
public struct MemoryStats: Sendable, Hashable {
    /// One of nginx's shared memory areas.
    public struct SharedDictionary: Sendable, Hashable {
        /// How much of it is in use.
        public let allocatedSlabs: Int
        /// How large it is.
        public let capacity: Int
    }

    /// One worker process of nginx.
    public struct Worker: Sendable, Hashable {
        /// The id of the process.
        public let pid: Int
        /// What its Lua machine has allocated for HTTP; nil if Kong does not know.
        public let luaMemory: Int?
    }

    /// By name. Over ProtoBuf:1 only "kong" and "kong_db_cache".
    public let sharedDictionaries: [String: SharedDictionary]
    /// Each worker process of the node.
    public let workers: [Worker]

    init(_ answer: Answer) throws(PDKError) {
        let fields = try answer.map()
        // A field of ProtoBuf:1 that is 0 is left out.
        sharedDictionaries = (fields["lua_shared_dicts"]?.mapValue ?? [:]).mapValues { area in
            let area = area.mapValue ?? [:]
            return SharedDictionary(
                allocatedSlabs: area.integer("allocated_slabs") ?? 0, capacity: area.integer("capacity") ?? 0)
        }
        workers = (fields["workers_lua_vms"]?.arrayValue ?? []).compactMap { worker in
            guard let worker = worker.mapValue, let pid = worker.integer("pid") else { return nil }
            return Worker(pid: pid, luaMemory: worker.integer("http_allocated_gc"))
        }
    }
}

/// What nginx counts of its connections and requests, since it was started.
public struct NginxStatistics: Sendable, Hashable {
    /// Open connections, and of these: whose request is read, whose answer is written, and that wait for a request.
    public let active: Int
    /// Those whose request is being read.
    public let reading: Int
    /// Those whose answer is being written.
    public let writing: Int
    /// Those that are idle.
    public let waiting: Int
    /// Connections accepted so far, and of these the ones handled: fewer if a limit was reached.
    public let accepted: Int
    /// Connections that were handled so far.
    public let handled: Int
    /// Requests so far.
    public let requests: Int

    init(_ answer: Answer) throws(PDKError) {
        let fields = try answer.map()
        func count(_ name: String) throws(PDKError) -> Int {
            guard let count = fields.integer(name) else { throw answer.unexpected("a number \(name)") }
            return count
        }
        active = try count("connections_active")
        reading = try count("connections_reading")
        writing = try count("connections_writing")
        waiting = try count("connections_waiting")
        accepted = try count("connections_accepted")
        handled = try count("connections_handled")
        requests = try count("total_requests")
    }
}
