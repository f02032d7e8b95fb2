extension Rule {
    /// What a plugin is, before anything is done with it.
    static let opening = [
        Rule(
            id: .loads, statement: "A server takes the file: its stamp, its symbols and its descriptor are as the header says.",
            method: "The checks of `check` and `inspect`: the file is judged, and opened in a process of its own.",
            remedy: "Do what the refusal says; docs/codes.md has more about its code.", absence: ""),
        Rule(
            id: .olderHost, statement: "No member of `kong_host` is touched that lies beyond its `size`.",
            method: "It is opened by a host of ABI 1.0, whose table ends where memory ends, and handles an event in each phase if it opens.",
            remedy: "Compare `host->size` with the end of a member that came after 1.0 before you use it; without it, return NULL and a message.",
            absence: "it does not open"),
        Rule(
            id: .unknownMethods, statement: "A plugin copes with a host that does not know a PDK method.",
            method: "It is opened by a host that knows no method: it opens and handles an event in each phase, or returns NULL with a message.",
            remedy: "Take 0 from `find_method` for what it is; a call with it is answered with KONG_UNKNOWN_METHOD.",
            absence: "it does not open"),
        Rule(
            id: .openFailure, statement: "When `kong_plugin_open` returns NULL it points `error` to a message.",
            method: "Seen wherever it does not open for a host that offers less than this one.",
            remedy: "Set `*error` to a text that stays valid, before you return NULL.",
            absence: "it opens, whatever the host offers"),
        Rule(
            id: .sameDescriptor, statement: "The descriptor says the same in each process.",
            method: "The descriptors of all processes of this examination are compared: name, version, priority, phases, flags and schema.",
            remedy: "Make the descriptor of what is known when the plugin is built, and of nothing that differs from one process to the next.",
            absence: "it was not opened twice"),
        Rule(
            id: .unchangedDescriptor, statement: "The descriptor stays as it was when it was returned.",
            method: "It is compared, functions and schema included, at the end of each process of this examination.",
            remedy: "Return constants, or memory that nothing writes to any more.", absence: "no process came to its end"),
    ]
}
