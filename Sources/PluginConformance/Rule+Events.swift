extension Rule {
    /// What becomes of events.
    static let events = [
        Rule(
            id: .finishOnce, statement: "Each `handle` is followed by exactly one `finish`.",
            method: "An event is handled in each phase that the plugin has; its calls are answered as Kong would.",
            remedy: "Call `host->finish` once on each way through a handler; a blocking plugin does so before `handle` returns.",
            absence: ""),
        Rule(
            id: .afterFinish, statement: "Nothing is called for an event after its `finish`.",
            method: "Seen in all events of this examination.",
            remedy: "Let `finish` be the last thing that a handler does: what comes after it is answered with KONG_EVENT_OVER, and lost.",
            absence: "no event was finished"),
        Rule(
            id: .sideBySide, statement: "Events of one instance run side by side, on all loops.",
            method: "100 events (16 of a blocking plugin) begin on two loops before any call is answered; the answers come in reverse.",
            remedy: "Keep what belongs to an event in the context of its calls, and not in the instance or in a global variable.",
            absence: ""),
        Rule(
            id: .cancel, statement: "An event that is cancelled is finished soon, once.",
            method: "An event is cancelled while a call waits, for each call that waits.",
            remedy: "Take KONG_CANCELLED from a call as the end: finish the event, once, in the completion or in `cancel`.",
            absence: "no event waits for anything"),
        Rule(
            id: .noBlocking, statement: "Without KONG_PLUGIN_BLOCKING no function of the plugin keeps its event loop waiting.",
            method: "Seen in all calls of the plugin's functions: each returns within the time limit.",
            remedy: "Return and go on in a completion; or set KONG_PLUGIN_BLOCKING, and the host gives each call a thread.",
            absence: "it has KONG_PLUGIN_BLOCKING"),
        Rule(
            id: .loopThread, statement: "Functions marked [loop] are called on their thread; what was refused elsewhere is called again there.",
            method: "Seen in all calls of the host's functions.",
            remedy: "Get to the loop's thread with `host->schedule` first; a blocking plugin makes all calls on the thread of its `handle`.",
            absence: "no function of the host was called"),
    ]
}
