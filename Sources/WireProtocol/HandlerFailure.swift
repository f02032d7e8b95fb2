/// What Kong is asked to do when a handler fails: what it does itself for a plugin in Lua that raises an error.
public enum HandlerFailure {
    /// Status 500 and Kong's words for it: the arguments of `kong.response.exit`.
    public static let exit: [OwnedValue] = [
        500, #"{"message":"An unexpected error occurred"}"#, ["Content-Type": "application/json; charset=utf-8"],
    ]

    /// Status 503 for a client that would have to wait too long.
    public static let busy: [OwnedValue] = [
        503, #"{"message":"Service unavailable"}"#, ["Content-Type": "application/json; charset=utf-8"],
    ]

    /// Status 503 for a client whose request needs a plugin that is not run for now.
    public static let quarantined: [OwnedValue] = busy

    /// The line for Kong's log. It names the plugin: Kong itself may put another one's name before it.
    /// - Parameter name: of plugin and phase, as "goplug: access".
    public static func logLine(_ name: String, _ message: String) -> [OwnedValue] {
        [.string("\(name) handler failed: \(message)")]
    }
}
