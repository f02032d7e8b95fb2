import WireProtocol

/// What becomes of a PDK call.
///
/// How each protocol carries it is `KongClient`'s matter, and each loses something: over MessagePack-RPC Kong 3 drops the
/// text of an `error`; over ProtoBuf:1 nil is an empty message and `false` in a `Value` comes back as null.
public enum SimulatedOutcome: Hashable, Sendable {
    /// What the function returns; `null` for nil.
    case value(OwnedValue)
    /// The function returns no value.
    case nothing
    /// The function returns nil and an error's text.
    case error(String)
    /// The function raises an error: Kong answers the client with 500 and never comes back to the plugin. The text is
    /// what Kong logs, without the `file:line:` that Lua puts before it.
    case raised(String)
    /// The function has answered the client with this status, and never returns to the plugin.
    case exits(status: Int)
    /// The phase was over before this call, by an error or an exit: nobody answers it.
    case unanswered
}

/// Why a PDK function does not return a value.
enum Interruption: Error {
    /// `error(…)`.
    case raised(String)
    /// `return nil, …`.
    case failed(String)
    case exited(status: Int)
    /// There is no such function.
    case unknownMethod

    /// What nginx says where there is no request behind a call, as in certificate, and in the log phase of plugin servers:
    /// Kong runs it from a timer.
    static let disabledAPI = Interruption.raised("API disabled in the current context")
}
