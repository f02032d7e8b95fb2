// Unsafe pointers: messages are read where they lie.

import WireProtocol

/// MessagePack as Kong's Lua makes it of its values.
///
/// Sources: lua-MessagePack 0.5 with `string_compat`, and `must_fix` and `get_step_method` in kong/runloop/plugin_servers/
/// rpc/mp_rpc.lua; seen in the recorded conversations.
enum LuaMessagePack {
    /// The result of a PDK call as Kong sends it in a step; nil: the key is left out.
    static func stepData(_ result: OwnedValue, of method: String) -> OwnedValue? {
        switch method {
        case "kong.request.get_query", "kong.request.get_headers", "kong.response.get_headers",
            "kong.service.response.get_headers":
            return multimap(result)
        case "kong.request.get_raw_body", "kong.response.get_raw_body", "kong.service.response.get_raw_body":
            return result.stringBytes.map { .bytes($0) } ?? table(result)
        // JSON's null is no nil, and is packed as one.
        case "kong.request.get_body", "kong.service.response.get_body":
            return result == .null ? nil : table(result, keepsNull: true)
        default:
            return result == .null ? nil : table(result)
        }
    }

    /// The method of the step that answers a PDK call.
    static func stepMethod(of method: String) -> String {
        switch method {
        case "kong.client.get_credential", "kong.client.authenticate": "plugin.StepCredential"
        case "kong.client.load_consumer", "kong.client.get_consumer": "plugin.StepConsumer"
        case "kong.node.get_memory_stats": "plugin.StepMemoryStats"
        case "kong.router.get_route": "plugin.StepRoute"
        case "kong.router.get_service": "plugin.StepService"
        case "kong.request.get_query", "kong.request.get_headers", "kong.response.get_headers",
            "kong.service.response.get_headers":
            "plugin.StepMultiMap"
        default: "plugin.Step"
        }
    }

    /// A value as a Lua table has it: no nil, one kind of string, one empty table (written as an array), and whole numbers
    /// written as integers.
    static func table(_ value: OwnedValue, keepsNull: Bool = false) -> OwnedValue {
        switch value {
        case .null, .boolean, .integer, .string: value
        case .number(let number):
            number.magnitude <= 0x1p53 && number == number.rounded(.towardZero) ? .integer(Int64(number)) : value
        case .bytes(let bytes): .string(bytes)
        case .array(let items): .array(items.map { table($0, keepsNull: keepsNull) })
        case .map(let map):
            map.isEmpty
                ? .array([])
                : .map(map.filter { keepsNull || $0.value != .null }.mapValues { table($0, keepsNull: keepsNull) })
        }
    }

    /// Headers or a query: each value an array, none for an argument without a value, and a map even if it is empty.
    private static func multimap(_ value: OwnedValue) -> OwnedValue {
        .map(
            (value.entries ?? [:]).mapValues { value in
                switch value {
                case .boolean(true): .array([])
                case .string, .bytes: .array([table(value)])
                default: table(value)
                }
            })
    }

    // MARK: Bytes

    static func encode(_ value: OwnedValue) throws(KongClientError) -> [UInt8] {
        let arena = ValueArena()
        var output = ByteQueue()
        do throws(WireError) {
            try output.appendMessagePack(value.value(in: arena))
        } catch {
            throw .wire(error)
        }
        return Array(output.bytes)
    }

    static func decode(_ bytes: [UInt8]) throws(KongClientError) -> OwnedValue {
        let arena = ValueArena()
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(WireError) in
                var reader = MessagePackReader(bytes)
                return OwnedValue(try reader.readValue(into: arena))
            }
        }
        do throws(WireError) {
            return try result.get()
        } catch {
            throw .wire(error)
        }
    }
}
