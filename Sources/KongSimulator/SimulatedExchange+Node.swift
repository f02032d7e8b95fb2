import WireProtocol

// kong/pdk/node.lua, cluster.lua, plugin.lua, router.lua and ip.lua

extension SimulatedExchange {
    mutating func callNode(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "get_id": return .string(gateway.nodeID)
        case "get_hostname": return .string(gateway.hostname)
        case "get_memory_stats": return try memoryStats(arguments)
        default: throw .unknownMethod
        }
    }

    func callCluster(_ name: String) throws(Interruption) -> OwnedValue? {
        guard name == "get_id" else { throw .unknownMethod }
        return .string(gateway.clusterID)
    }

    func callPlugin(_ name: String) throws(Interruption) -> OwnedValue? {
        guard name == "get_id" else { throw .unknownMethod }
        return .string(pluginID)
    }

    func callRouter(_ name: String) throws(Interruption) -> OwnedValue? {
        guard name == "get_route" || name == "get_service" else { throw .unknownMethod }
        try check(.routed)
        return (name == "get_route" ? routeEntity : serviceEntity) ?? .null
    }

    func callIP(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        guard name == "is_trusted" else { throw .unknownMethod }
        // Without trusted addresses Kong does not even look at the argument.
        guard !gateway.trustedIPs.isEmpty else { return false }
        guard let address = arguments[0].luaString else { throw .raised("missing ip") }
        return .boolean(trustedAddresses.contains(address.text))
    }

    // MARK: Memory

    /// `get_memory_stats(unit, scale)`: numbers of bytes, or texts as `1.50 MiB` if a unit is given.
    private func memoryStats(_ arguments: Arguments) throws(Interruption) -> OwnedValue {
        let unit = arguments[0] == .null ? "b" : try arguments.string(0, or: "invalid unit").text
        let scale = arguments[1] == .null ? 2 : arguments[1].luaNumber ?? -1
        func amount(_ bytes: Int) throws(Interruption) -> OwnedValue {
            let (divisor, name): (Double, String)
            switch unit.lowercased() {
            case "b", "": return .integer(Int64(bytes))
            case "k": (divisor, name) = (0x1p10, "KiB")
            case "m": (divisor, name) = (0x1p20, "MiB")
            case "g": (divisor, name) = (0x1p30, "GiB")
            default: throw .raised("invalid unit '\(unit)' (expected 'k/K', 'm/M', or 'g/G')")
            }
            guard scale >= 0 else { throw .raised("scale must be equal or greater than 0") }
            let number = Lua.format("%.\(Int(min(scale, 99)))f", Double(bytes) / divisor)
            return .string(number + Array(" \(name)".utf8))
        }
        // It refuses a bad unit before it looks at anything.
        _ = try amount(0)
        var dictionaries: [[UInt8]: OwnedValue] = [:]
        for (name, dictionary) in gateway.memory.sharedDictionaries {
            dictionaries[Array(name.utf8)] = [
                "capacity": try amount(dictionary.capacity), "allocated_slabs": try amount(dictionary.allocated),
            ]
        }
        var workers: [OwnedValue] = []
        for (pid, allocated) in gateway.memory.workers.sorted(by: { $0.key < $1.key }) {
            workers.append(["pid": .integer(Int64(pid)), "http_allocated_gc": try amount(allocated)])
        }
        return ["lua_shared_dicts": .map(dictionaries), "workers_lua_vms": .array(workers)]
    }
}
