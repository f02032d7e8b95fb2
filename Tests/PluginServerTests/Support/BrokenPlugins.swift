import PluginConformance

/// Each breaks one rule.
extension BrokenPlugin {
    static let breaking = atTheBeginning + inInstances + inEvents + inAnswers

    private static let atTheBeginning: [BrokenPlugin] = [
        BrokenPlugin("a version that is none", .loads, "bad-descriptor", ("{\"1.0.0\", 5}", "{\"one\", 3}")),
        BrokenPlugin("a crash when it is opened", .loads, "load-crash", before(opening, "abort();")),
        BrokenPlugin(
            "a function that an older host does not have", .olderHost, "beyond its size",
            after(opening, "if (!host->define) return NULL;")),
        BrokenPlugin(
            "such a function in a handler", .olderHost, "handling access", before(handling, "if (!the_host->pdk) abort();")),
        BrokenPlugin("no method, no plugin", .unknownMethods, "signal 6", before("if (get_header == 0 ||", "if (get_header == 0) abort();")),
        BrokenPlugin(
            "a method that is not there is thought to be", .unknownMethods, "not answered", isSilent: true, noMethods,
            before(handling, "if (get_header == 0) return NULL;")),
        BrokenPlugin(
            "NULL without a reason", .openFailure, "no message",
            ("*error = text(\"the host does not know what is needed\");", "")),
        BrokenPlugin("another priority each time", .sameDescriptor, "priority", after(opening, "plugin.priority = getpid();")),
        BrokenPlugin(
            "a priority that changes", .unchangedDescriptor, "priority", before(handling, "((kong_plugin *)plugin)->priority++;")),
        BrokenPlugin(
            "a function that changes", .unchangedDescriptor, "other functions",
            before(handling, "((kong_plugin *)plugin)->context = the_host->context;")),
    ]

    private static let inInstances: [BrokenPlugin] = [
        BrokenPlugin("started twice", .startAnswered, "called again", after(starting, starting)),
        BrokenPlugin("never started", .startAnswered, "not answered", isSilent: true, (starting, "")),
        BrokenPlugin("a start that exits", .startAnswered, "status 3", before(starting, "exit(3);")),
        BrokenPlugin(
            "any configuration will do", .wrongConfig, "which is no string", (lookingAtConfig, "if (0) {"),
            ("greeting->string.size;", "0;")),
        BrokenPlugin("a configuration is what it should be", .wrongConfig, "signal 6", (refusing, "abort();")),
        BrokenPlugin("a wrong configuration has no answer", .wrongConfig, "not answered", isSilent: true, (refusing, "")),
        BrokenPlugin(
            "one instance at a time", .manyInstances, "greeting is no text",
            before(lookingAtConfig, "static int count; if (count++ > 0) greeting = NULL;")),
        BrokenPlugin(
            "an instance is the last one", .manyInstances, "signal 6",
            before("static void *handle(", "static void *the_instance;"), before(handling, "if (instance != the_instance) abort();"),
            before(starting, "the_instance = instance;")),
        BrokenPlugin("stopped twice", .stopAnswered, "called again", after(stopping, stopping)),
        BrokenPlugin("never stopped", .stopAnswered, "not answered", isSilent: true, (stopping, "")),
        BrokenPlugin("a failed start that says nothing", .failureMessage, "no message", ("\"greeting is no text\"", "\"\"")),
        BrokenPlugin("a failed event that says nothing", .failureMessage, "no message", ("\"there is no host\"", "\"\"")),
    ]

    private static let inEvents: [BrokenPlugin] = [
        BrokenPlugin("finished twice", .finishOnce, "called again", after(finishing, finishing)),
        BrokenPlugin(
            "finished again, later", .finishOnce, "called again",
            (finishing + "\n    free(work);", finishing + "\nthe_host->schedule(the_host, work->loop, again, work);"),
            before(
                "static void finish(",
                """
                static void again(void *context) {
                    struct work *work = context;
                    the_host->finish(the_host, work->event, KONG_OK, text(""));
                }
                """)),
        BrokenPlugin("never finished", .finishOnce, "not answered", isSilent: true, (finishing, "")),
        BrokenPlugin("blocking, and never finished", .finishOnce, "before the call returned", blocking, (finishing, "")),
        BrokenPlugin(
            "blocking, and never back", .finishOnce, "handle (access) had not returned", isSilent: true, blocking,
            after(finishing, "pause();")),
        BrokenPlugin("an event that exits", .finishOnce, "status 0", ("finish(work, KONG_OK, \"\");", "_exit(0);")),
        BrokenPlugin(
            "the end of an event that there is not", .finishOnce, "there never was",
            before(finishing, "the_host->finish(the_host, 0, KONG_OK, text(\"\"));")),
        BrokenPlugin(
            "a call after the end", .afterFinish, "kong.service.request.set_header was called after",
            after(finishing, "set(work->event, \"x\", \"y\", 1);")),
        BrokenPlugin(
            "one event at a time", .sideBySide, "called again", isSilent: true,
            before("static void answered(", "static kong_event the_event;"), before(handling, "the_event = event;"),
            before("finish(work, status, status == KONG_OK", "work->event = the_event;")),
        BrokenPlugin("cancelled, and not finished", .cancel, "not answered", isSilent: true, unnoticedCancelling),
        BrokenPlugin(
            "cancelled, and gone", .cancel, "while it waits for kong.request.get_header",
            before(lookingAtStatus, "if (status == KONG_CANCELLED) abort();")),
        BrokenPlugin(
            "blocking, cancelled, and not finished", .cancel, "before the call returned", blocking, unnoticedCancelling),
        BrokenPlugin(
            "a handler that waits", .noBlocking, "handle (access) had not returned", isSilent: true, before(handling, "pause();")),
        BrokenPlugin(
            "a completion that waits", .noBlocking, "the completion of kong.request.get_header", isSilent: true,
            before(lookingAtType, "pause();")),
        BrokenPlugin(
            "a call on another thread", .loopThread, "set_header", elsewhere("set(work->event, \"x\", \"y\", 1);"),
            before("if (phase == KONG_LOG) {", "on_another_thread(work);")),
        BrokenPlugin(
            "blocking, and a call on another thread", .loopThread, "set_header", blocking,
            elsewhere("set(work->event, \"x\", \"y\", 1);"), before("if (phase == KONG_LOG) {", "on_another_thread(work);")),
    ]

    private static let inAnswers: [BrokenPlugin] = [
        BrokenPlugin(
            "an answer is expected later", .answerAtOnce, "not answered", isSilent: true,
            after("kong_loop loop;", "int is_ready;"), ("{event, loop, instance}", "{event, loop, 0, instance}"),
            before(lookingAtStatus, "if (!work->is_ready) return;"), after(asking, "if (status == KONG_OK) work->is_ready = 1;")),
        BrokenPlugin(
            "a header is a text", .answerValues, "is answered with",
            (lookingAtType, "if (result->string.data[0] == 0)")),
        BrokenPlugin("nil is not there", .answerValues, "answered with nil", before(lookingAtType, "if (result->type == KONG_NIL) abort();")),
        BrokenPlugin(
            "an error has a result", .answerErrors, "completed with KONG_FAILED",
            (lookingAtStatus, "if (status == KONG_CANCELLED) return finish(work")),
        BrokenPlugin(
            "a number that is not known is a success", .answerErrors, "99",
            (lookingAtStatus, "if (status > 0 && status < 11) return finish(work")),
        BrokenPlugin(
            "a refused call is not noticed", .answerErrors, "not answered", isSilent: true,
            (askedInVain, "if (status != KONG_OK && status != KONG_LIMIT) finish(work, status, \"the host")),
        BrokenPlugin("reserved is used", .values, "`reserved` is 7", after("value.type = KONG_STRING;", "value.reserved = 7;")),
        BrokenPlugin(
            "a type that there is not", .values, "type 9",
            before("return the_host->call(the_host, event, set_header", "arguments[1].type = 9;")),
        BrokenPlugin(
            "a schema with reserved", .values, "config_schema", ("schema = {.type = KONG_MAP,", "schema = {.type = KONG_MAP, .reserved = 1,")),
        BrokenPlugin(
            "strlen of a result", .stringSize, "the result of kong.request.get_header",
            ("result->string.data, result->string.size);", "result->string.data, strlen(result->string.data));")),
        BrokenPlugin(
            "strlen of a configuration", .stringSize, "the configuration",
            ("instance->size = greeting->string.size;", "instance->size = strlen(greeting->string.data);")),
        BrokenPlugin(
            "a configuration is kept", .borrowed, "the configuration was used after",
            after("instance->size = greeting->string.size;", "instance->greeting = (char *)greeting->string.data;"),
            ("instance->greeting = malloc(instance->size + 1);", ""),
            ("memcpy(instance->greeting, greeting->string.data, instance->size);", ""), ("free(instance->greeting);", "")),
        BrokenPlugin(
            "a result is kept", .borrowed, "the result of kong.request.get_header was used after",
            before("static void answered(", "static const kong_value *kept;"),
            before(lookingAtType, "if (kept && kept->type == 77) abort(); kept = result;")),
        BrokenPlugin(
            "blocking, and a result is kept", .borrowed, "the result of kong.request.get_header was used after", blocking,
            before("static void answered(", "static const kong_value *kept;"),
            before(lookingAtType, "if (kept && kept->type == 77) abort(); kept = result;")),
        BrokenPlugin(
            "a result is written to", .borrowed, "was written to", before(lookingAtType, "((kong_value *)result)->reserved = 1;")),
        BrokenPlugin(
            "a message is kept", .borrowed, "the message of",
            before("static void answered(", "static const char *kept;"),
            before(lookingAtStatus, "if (status != KONG_OK) { if (kept && kept[0] == 1) abort(); kept = message.data; }")),
    ]
}
