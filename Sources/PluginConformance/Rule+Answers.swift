extension Rule {
    /// What passes between plugin and host in a call.
    static let answers = [
        Rule(
            id: .answerAtOnce, statement: "A completion may be called before the function that it was given to returns.",
            method: "An event is handled in each phase; its calls are answered inside of `call`.",
            remedy: "Have all in place that the completion needs before you call; what you set afterwards comes too late.",
            absence: "it makes no calls with completions, or it is blocking, where all are answered so"),
        Rule(
            id: .answerValues, statement: "A result may be of any type: nil, or another one than usual.",
            method: "Each call in turn is answered with a value of each type.",
            remedy: "Look at the type of a result before you use it; finish the event with a failure if you can make nothing of it.",
            absence: "it makes no calls with results"),
        Rule(
            id: .answerErrors, statement: "A call may fail with any status, when it is made or in its completion.",
            method: "Each call in turn is refused, and completed, with each status that a host may give, and with one that the header does not have.",
            remedy: "Take every status other than KONG_OK for a failure, and finish the event on that way too.",
            absence: "it makes no calls"),
        Rule(
            id: .values,
            statement: "Values of the plugin are of a type of the header, with `reserved` 0, and point to what they count.",
            method: "The schema, and the arguments of all calls, are looked through.",
            remedy: "Set all of a value to 0 before you fill it in, as `kong_value v = {0}` does.",
            absence: "it was not opened"),
        Rule(
            id: .stringSize, statement: "A string is read no farther than its size: it does not end with a NUL.",
            method: "Strings of configurations, of results and of messages end where memory ends.",
            remedy: "Use `size`, and copy what has to end with a NUL. Only results of a blocking plugin end with one.",
            absence: "it is lent no strings: functions of a table get copies that end with a NUL"),
        Rule(
            id: .borrowed, statement: "What is borrowed is not written to, and not used after the call that passed it.",
            method: "Configurations, results and messages are in memory that can only be read, and that is gone after the call.",
            remedy: "Copy what you need longer: a configuration in `start`, a result in its completion.",
            absence: "it is lent nothing: functions of a table get copies"),
    ]
}
