import WireProtocol

extension KongClient {
    /// Calls a method of MessagePack-RPC and returns its result.
    public func call(_ method: String, _ argument: OwnedValue) throws(KongClientError) -> OwnedValue {
        guard wireProtocol == .messagePack else { throw .unsupported(method) }
        let id = nextID()
        let connection = try pool.take()
        let result: OwnedValue
        do throws(KongClientError) {
            try connection.send(LuaMessagePack.encode([0, .integer(id), .string(method), [argument]]))
            result = try response(to: id, method, on: connection)
        } catch {
            // An error that is an answer leaves the connection as good as any.
            guard case .refused = error else {
                connection.close()
                throw error
            }
            try pool.keep(connection)
            throw error
        }
        // The last word of an event, and of a process if it is a crash that is answered; or that of a start.
        let isLast = result["Data"]?["Method"]?.text == "kong.response.exit" || method == "plugin.StartInstance"
        try pool.keep(connection, mayBeClosed: isLast)
        return result
    }

    /// Waits for the response to a request; notifications may come before it.
    private func response(
        to id: Int64, _ method: String, on connection: RawConnection
    ) throws(KongClientError) -> OwnedValue {
        while true {
            let message = try LuaMessagePack.decode(connection.receiveMessagePack("response to \(method)"))
            guard case .array(let parts) = message, let kind = parts.first?.integer else {
                throw .violation("a message is no array that begins with a number: \(message)")
            }
            if kind == 2 {
                guard parts.count == 3, let label = parts[1].text else {
                    throw .violation("a notification is not [2, label, argument]: \(message)")
                }
                if label == "serverPid", let pid = parts[2].integer { note(serverPid: pid) }
                continue
            }
            guard kind == 1, parts.count == 4 else { throw .violation("a response is not [1, id, error, result]: \(message)") }
            guard parts[1].integer == id else { throw .violation("response to \(parts[1]), not to \(id)") }
            switch parts[2] {
            case .null: return parts[3]
            case .string(let text): throw .refused(String(decoding: text, as: UTF8.self))
            default: throw .violation("an error is not a string: \(parts[2])")
            }
        }
    }

    /// Kong asks for each step; each request takes whichever connection the pool gives.
    func handleMessagePackEvent(_ instance: Int64, _ phase: String, _ pdk: (PDKCall) throws -> PDKReply) throws {
        countRoundTrip()
        var step = try call("plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": .string(phase)])
        guard let event = step["EventId"] else { throw KongClientError.violation("a step has no EventId: \(step)") }
        while step["Data"] != "ret" {
            guard step["EventId"] == event, let method = step["Data"]?["Method"]?.text else {
                throw KongClientError.violation("a step is not of event \(event), or has no Method: \(step)")
            }
            let arguments = step["Data"]?["Args"] ?? .null
            // Kong takes one argument that is not in an array, too.
            let pdkCall = PDKCall(method, arguments.items ?? (arguments == .null ? [] : [arguments]))
            let stepMethod: String
            let data: OwnedValue?
            switch try pdk(pdkCall) {
            case .value(let result):
                stepMethod = LuaMessagePack.stepMethod(of: method)
                data = LuaMessagePack.stepData(result, of: method)
            case .error(let text):
                stepMethod = "plugin.StepError"
                data = .string(text)
            case .neverAnswers: return
            }
            var argument: [[UInt8]: OwnedValue] = [Array("EventId".utf8): event]
            if let data { argument[Array("Data".utf8)] = data }
            countRoundTrip()
            step = try call(stepMethod, .map(argument))
        }
    }
}
