import WireProtocol

/// A call of Kong's PDK that a plugin asks for.
public struct PDKCall: Hashable, Sendable, CustomStringConvertible {
    /// Kong's name for it, as "kong.request.get_header".
    public let method: String
    public let arguments: [OwnedValue]

    public init(_ method: String, _ arguments: [OwnedValue] = []) {
        self.method = method
        self.arguments = arguments
    }

    /// As Lua would write it.
    public var description: String { "\(method)(\(arguments.map(\.description).joined(separator: ", ")))" }
}

/// What Kong's PDK makes of a call.
public enum PDKReply: Hashable, Sendable {
    /// What the function returns; `null` for nil or nothing.
    case value(OwnedValue)
    /// The function returns nil and an error's text. Over MessagePack that is a StepError; ProtoBuf:1 carries the text of
    /// `kong.request.get_raw_body` alone, and nil for the others.
    case error(String)
    /// The function does not return: `kong.response.exit`, or an error raised in Lua. Kong never comes back to the event,
    /// and over ProtoBuf:1 closes the connection.
    case neverAnswers

    public static let nothing = PDKReply.value(.null)
}
