/// Thrown by `kong.response.exit` and `error` to leave the handler: the event has ended. It is not a failure.
struct ExitSignal: Error {}
