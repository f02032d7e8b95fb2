extension Rule {
    /// What becomes of configurations.
    static let instances = [
        Rule(
            id: .startAnswered, statement: "Each `start` is answered with `started` exactly once.",
            method: "An instance is started with a configuration that fits the schema.",
            remedy: "Call `host->started` once on each way through `start`, also when it fails.", absence: ""),
        Rule(
            id: .wrongConfig,
            statement: "A configuration that does not fit the schema is answered with a failure, and not with an instance.",
            method: "For each field an instance is started with a value of another type, and for each required one without it.",
            remedy: "Check the type of each value that you take from the configuration, and that a required one is there, before you use it.",
            absence: "the schema has no field that could be wrong"),
        Rule(
            id: .manyInstances, statement: "There may be many instances at a time, on all loops.",
            method: "32 instances are started on two loops, handle an event each in each phase, one after the other, and are stopped.",
            remedy: "Keep what belongs to a configuration in the instance that you give to `started`, and not in a global variable.",
            absence: ""),
        Rule(
            id: .stopAnswered, statement: "Each `stop` is answered with `stopped` exactly once.",
            method: "An instance is stopped after it has handled an event in each phase.",
            remedy: "Call `host->stopped` once on each way through `stop`, or leave `stop` NULL.", absence: "`stop` is NULL"),
        Rule(
            id: .failureMessage, statement: "A status other than KONG_OK, of `started` or `finish`, comes with a message.",
            method: "Seen wherever a start or an event fails.",
            remedy: "Say what went wrong: the message is all that anybody gets to read.", absence: "nothing has failed"),
    ]
}
