import WireProtocol

// kong/pdk/telemetry.lua, since 3.8

extension SimulatedExchange {
    /// `log(plugin_name, plugin_config, message_type, message, attributes)`.
    mutating func callTelemetry(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        guard name == "log" else { throw .unknownMethod }
        guard case .string(let plugin) = arguments[0] else { throw .failed("plugin_name must be a string") }
        guard arguments[1].isTable else { throw .failed("plugin_config must be a table") }
        guard case .string(let type) = arguments[2] else { throw .failed("message_type must be a string") }
        guard !arguments[3].isTrue || arguments[3].luaType == "string" else { throw .failed("message must be a string") }
        guard !arguments[4].isTrue || arguments[4].isTable else { throw .failed("attributes must be a table") }
        guard gateway.takesTelemetry else {
            throw .failed(
                "Telemetry logging is disabled: log entry will not be recorded. Ensure the OpenTelemetry plugin is "
                    + "correctly configured to report logs in order to use this feature.")
        }
        var attributes = arguments[4].entries ?? [:]
        attributes[Array("message.type".utf8)] = .string(type)
        attributes[Array("plugin.name".utf8)] = .string(plugin)
        attributes[Array("plugin.id".utf8)] = arguments[1]["__plugin_id"]
        attributes[Array("plugin.instance.name".utf8)] = arguments[1]["plugin_instance_name"]
        telemetry.append(TelemetryRecord(message: arguments[3], attributes: attributes))
        return true
    }
}
