import KongClient
import WireProtocol

extension PDKCall {
    /// The call with one kind of string, as in Lua: over ProtoBuf:1 a body is bytes, over MessagePack it is what the
    /// plugin made it.
    var plain: PDKCall { PDKCall(method, arguments.map(\.plain)) }

    static func setHeader(_ name: String, _ value: String) -> PDKCall {
        PDKCall("kong.service.request.set_header", [.string(name), .string(value)])
    }

    static func logErr(_ text: String) -> PDKCall { PDKCall("kong.log.err", [.string(text)]) }

    /// What a client gets when a plugin has failed, as for one in Lua.
    static let exit500 = PDKCall(
        "kong.response.exit",
        [
            500, #"{"message":"An unexpected error occurred"}"#,
            ["Content-Type": "application/json; charset=utf-8"],
        ])
}

extension OwnedValue {
    var plain: OwnedValue {
        switch self {
        case .bytes(let bytes): .string(bytes)
        case .array(let items): .array(items.map(\.plain))
        case .map(let map): .map(map.mapValues(\.plain))
        default: self
        }
    }
}

/// Answers as Kong does: `kong.response.exit` does not return, and everything else returns nothing.
func exiting(_ call: PDKCall) -> PDKReply {
    call.method == "kong.response.exit" ? .neverAnswers : .nothing
}
