import WireProtocol

// kong.ctx.shared, and the functions of kong.nginx that Kong has for plugin servers alone
// (runloop/plugin_servers/plugin.lua).

extension SimulatedExchange {
    mutating func callContext(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "shared.get": return shared[arguments[0]] ?? .null
        case "shared.set":
            guard arguments[0] != .null else { throw .raised("table index is nil") }
            shared[arguments[0]] = arguments[1] == .null ? nil : arguments[1]
        default: throw .unknownMethod
        }
        return nil
    }

    mutating func callNginx(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "get_var":
            try checkRequest()
            if arguments[0].luaType == "number" { return .null }
            guard case .string(let name) = arguments[0] else { throw .raised("bad variable name") }
            return variable(name.lowercasedASCII.text).map { .string($0) } ?? .null
        case "get_tls1_version_str":
            guard let tls = request.tls, phase != .log else { throw .failed("bad ssl conn") }
            return .string(tls.version)
        case "get_ctx": return kongContext(arguments[0])
        case "set_ctx":
            guard arguments[0] != .null else { throw .raised("table index is nil") }
            setKongContext(arguments[0], arguments[1])
        case "req_start_time": return OwnedValue(luaNumber: startTime)
        case "get_subsystem": return isStream ? "stream" : "http"
        case "get_statistics":
            // One connection, this one.
            return [
                "connections_active": 1, "connections_reading": 0, "connections_writing": 1, "connections_waiting": 0,
                "connections_accepted": 1, "connections_handled": 1, "total_requests": 1,
            ]
        default: throw .unknownMethod
        }
        return nil
    }

    // MARK: ngx.ctx

    /// Kong keeps its own state in the same table: a plugin can read it, and change it.
    private func kongContext(_ key: OwnedValue) -> OwnedValue {
        if let value = nginxContext[key] { return value }
        switch key {
        case "route": return isRouted ? routeEntity ?? .null : .null
        case "service": return isRouted ? serviceEntity ?? .null : .null
        case "authenticated_consumer": return consumer ?? .null
        case "authenticated_credential": return credential ?? .null
        case "workspace": return .string(gateway.workspaceID)
        case "plugin_id": return .string(pluginID)
        case "host_port": return .integer(Int64(gateway.portMaps[request.serverPort] ?? request.serverPort))
        case "request_uri": return isRouted ? .string(request.target) : .null
        case "KONG_PHASE": return .integer(Int64(PhaseMask(phase).rawValue))
        case "KONG_PROCESSING_START": return OwnedValue(luaNumber: (startTime * 1000).rounded())
        case "KONG_PROXIED": return serviceResponse != nil ? true : .null
        case "KONG_EXITED": return hasExited ? true : .null
        case "KONG_UNEXPECTED": return hasFailed ? true : .null
        case "buffered_proxying": return serviceRequest.isBuffered ? true : .null
        default: return .null
        }
    }

    private mutating func setKongContext(_ key: OwnedValue, _ value: OwnedValue) {
        let set = value == .null ? nil : value
        switch key {
        case "route": routeEntity = set
        case "service": serviceEntity = set
        case "authenticated_consumer": consumer = set
        case "authenticated_credential": credential = set
        default: nginxContext[key] = set
        }
    }
}
