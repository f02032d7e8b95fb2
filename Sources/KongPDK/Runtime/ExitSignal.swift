/// Thrown by `kong.response.exit` to leave the handler: the event has ended. It is not a failure.
struct ExitSignal: Error {}
