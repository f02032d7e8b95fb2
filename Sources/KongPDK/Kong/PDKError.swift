import CKongPlugin

/// A call of Kong's PDK that did not work.
public struct PDKError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: Sendable, Hashable {
        /// Kong ran the call and answered with an error: `message` is Kong's.
        case refused
        /// The event is cancelled: Kong has closed the connection, or stopped waiting.
        case cancelled
        /// The event is over: the handler has returned, or has called `kong.response.exit`.
        case eventOver
        /// An argument that Kong would not take.
        case badArgument
        /// The server is older than this PDK and does not know the call.
        case unknownMethod
        /// The protocol between Kong and the server cannot carry the call.
        case unsupported
        /// Kong does not allow the call in this phase.
        case wrongPhase
        /// The handler has queued more than the server is willing to hold.
        case limit
        /// Kong answered with something else than the call is for.
        case unexpectedResult
        /// Kong answered with bytes that are not UTF-8, and the call returns a `String`. Its variant that ends in
        /// `Bytes` returns them.
        case notUTF8
        /// Something else; `message` says what.
        case failed
    }

    /// What kind of failure it was.
    public let code: Code
    /// Kong's name of the call, as "kong.request.get_header".
    public let method: String
    /// What went wrong, for people.
    public let message: String

    /// An error of a call.
    public init(_ code: Code, _ method: String, _ message: String) {
        self.code = code
        self.method = method
        self.message = message
    }

    init(status: kong_status, method: String, message: String) {
        let code: Code =
            switch Int(status) {
            case Int(KONG_REFUSED): .refused
            case Int(KONG_CANCELLED): .cancelled
            case Int(KONG_EVENT_OVER): .eventOver
            case Int(KONG_BAD_ARGUMENT): .badArgument
            case Int(KONG_UNKNOWN_METHOD): .unknownMethod
            case Int(KONG_UNSUPPORTED): .unsupported
            case Int(KONG_WRONG_PHASE): .wrongPhase
            case Int(KONG_LIMIT): .limit
            default: .failed
            }
        self.init(code, method, message.isEmpty ? Self.reason(for: status) : message)
    }

    /// A flush that is not taken has no message.
    private static func reason(for status: kong_status) -> String {
        switch Int(status) {
        case Int(KONG_CANCELLED): "nobody waits for this event any more"
        case Int(KONG_EVENT_OVER): "the event is over"
        default: "status \(status)"
        }
    }

    /// The same error, of a call that was not known where it came up.
    func of(_ method: String) -> PDKError { PDKError(code, method, message) }

    public var description: String {
        // The server's messages name the method already where they are about its arguments.
        message.hasPrefix(method) ? message : "\(method): \(message)"
    }
}
