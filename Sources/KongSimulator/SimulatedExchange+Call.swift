import WireProtocol

extension SimulatedExchange {
    /// Performs a function by its name. Nil: it returns no value.
    mutating func call(_ method: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        let parts = method.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.first == "kong", parts.count >= 2 else { throw .unknownMethod }
        let name = parts.dropFirst(2).joined(separator: ".")
        switch parts[1] {
        case "client": return try callClient(name, arguments)
        case "cluster": return try callCluster(name)
        case "ctx": return try callContext(name, arguments)
        case "ip": return try callIP(name, arguments)
        case "log": return try callLog(name, arguments)
        case "nginx": return try callNginx(name, arguments)
        case "node": return try callNode(name, arguments)
        case "plugin": return try callPlugin(name)
        case "request": return try callRequest(name, arguments)
        case "response": return try callResponse(name, arguments)
        case "router": return try callRouter(name)
        case "service":
            if name.hasPrefix("request.") { return try callServiceRequest(String(name.dropFirst(8)), arguments) }
            if name.hasPrefix("response.") { return try callServiceResponse(String(name.dropFirst(9)), arguments) }
            return try callService(name, arguments)
        case "telemetry": return try callTelemetry(name, arguments)
        case "vault": return try callVault(name, arguments)
        default: throw .unknownMethod
        }
    }

    /// `check_phase` of kong/pdk/private/phases.lua.
    func check(_ allowed: PhaseMask) throws(Interruption) {
        guard allowed.isDisjoint(with: PhaseMask(phase)) else { return }
        throw .raised("function cannot be called in \(phase.rawValue) phase (only in: \(allowed.text))")
    }

    /// What uses nginx's variables or its request raises an error in the log phase, though Kong's own check allows it:
    /// plugin servers get that phase from a timer, when the request is gone. And in certificate, when there is none yet.
    func checkRequest() throws(Interruption) {
        guard phase != .log, phase != .certificate else { throw .disabledAPI }
    }

    /// Whether the client's connection comes from a trusted proxy.
    var trusted: Bool { trustedAddresses.contains(request.clientAddress) }

    var isHTTPS: Bool { request.tls != nil }
}
