/* A plugin as it was written when the ABI was 1.0. It is compiled against the header beside it alone, and uses every
 * function that a host had then. Its configuration says what its handler does. */
#include "kong_plugin.h"

#include <stdlib.h>
#include <string.h>

KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "", "cc of then")

static const kong_host *host;
static kong_method get_header, set_header, response_exit;

static kong_string text(const char *characters) {
    kong_string string = {characters, strlen(characters)};
    return string;
}

static kong_value of_text(const char *characters) {
    kong_value value = {.type = KONG_STRING, .string = text(characters)};
    return value;
}

static bool is(kong_string string, const char *characters) {
    return string.size == strlen(characters) && memcmp(string.data, characters, string.size) == 0;
}

static void say(const char *characters) { host->log(host, KONG_LOG_NOTICE, text(characters)); }

/* ---- Instances */

struct instance {
    char mode[32];
    kong_loop loop;
};

static void start(const kong_plugin *plugin, kong_start start, kong_loop loop, const kong_value *config) {
    if (strcmp(plugin->context, "the plugin's own") != 0 || loop >= host->loop_count || host->current_loop(host) != loop) abort();
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance) {
        host->started(host, start, KONG_FAILED, text("no memory"), NULL);
        return;
    }
    instance->loop = loop;
    for (size_t i = 0; config->type == KONG_MAP && i < config->map.count; i++) {
        const kong_entry *entry = &config->map.entries[i];
        if (is(entry->key, "mode") && entry->value.type == KONG_STRING && entry->value.string.size < sizeof instance->mode)
            memcpy(instance->mode, entry->value.string.data, entry->value.string.size);
    }
    if (strcmp(instance->mode, "do not start") == 0) {
        free(instance);
        host->started(host, start, KONG_FAILED, text("it was told not to"), NULL);
        return;
    }
    say("an instance starts");
    host->started(host, start, KONG_OK, text(""), instance);
}

static void stop(const kong_plugin *plugin, kong_stop stop, kong_loop loop, void *context) {
    struct instance *instance = context;
    (void)plugin;
    if (instance->loop != loop) abort();
    free(instance);
    say("an instance stops");
    host->stopped(host, stop);
}

/* ---- Events */

struct handled {
    kong_event event;
    kong_loop loop;
};

static void finish(struct handled *handled, kong_status status, kong_string message) {
    host->finish(host, handled->event, status, message);
    free(handled);
}

static kong_status set(struct handled *handled, const char *name, kong_string value) {
    kong_value arguments[2] = {of_text(name), {.type = KONG_STRING, .string = value}};
    kong_string message;
    kong_status status = host->call(host, handled->event, set_header, arguments, 2, NULL, NULL, &message);
    if (status != KONG_OK) host->log(host, KONG_LOG_ERROR, message);
    return status;
}

static void on_a_later_turn(void *context) {
    struct handled *handled = context;
    if (host->current_loop(host) != handled->loop) abort();
    finish(handled, set(handled, "x-later", text("1")), text("no later turn"));
}

static void has_flushed(void *context, kong_status status, const kong_value *result, kong_string message) {
    struct handled *handled = context;
    (void)result;
    if (status == KONG_OK) status = host->schedule(host, handled->loop, on_a_later_turn, handled);
    if (status != KONG_OK) finish(handled, status, message);
}

static void has_header(void *context, kong_status status, const kong_value *result, kong_string message) {
    struct handled *handled = context;
    if (status == KONG_CANCELLED) {
        say("the call was cancelled");
        return; /* `cancel` comes next, and finishes */
    }
    if (status == KONG_OK) status = set(handled, "x-host", result->type == KONG_STRING ? result->string : text("nobody"));
    if (status == KONG_OK) status = host->flush(host, handled->event, has_flushed, handled);
    if (status != KONG_OK) finish(handled, status, message);
}

static bool ask(struct handled *handled) {
    kong_value argument = of_text("host");
    kong_string message = text("");
    kong_status status = host->call(host, handled->event, get_header, &argument, 1, has_header, handled, &message);
    if (status != KONG_OK) finish(handled, status, message);
    return status == KONG_OK;
}

static void leave(struct handled *handled) {
    kong_value values[2] = {of_text("1"), of_text("2")};
    kong_entry header = {text("x-values"), {.type = KONG_ARRAY, .array = {values, 2}}};
    kong_value arguments[3] = {{.type = KONG_INTEGER, .integer = 403}, {.type = KONG_BYTES, .string = text("no")},
                               {.type = KONG_MAP, .map = {&header, 1}}};
    kong_status status = host->call(host, handled->event, response_exit, arguments, 3, NULL, NULL, NULL);
    if (status == KONG_OK && set(handled, "x-too-late", text("1")) != KONG_EVENT_OVER) abort();
    finish(handled, status, text("no exit"));
}

static void *handle(const kong_plugin *plugin, void *context, kong_phase phase, kong_event event, kong_loop loop) {
    const struct instance *instance = context;
    struct handled *handled = malloc(sizeof *handled);
    (void)plugin;
    if (!handled) {
        host->finish(host, event, KONG_FAILED, text("no memory"));
        return NULL;
    }
    *handled = (struct handled){event, loop};
    if (phase == KONG_LOG) {
        say("an event of the log phase");
        finish(handled, KONG_OK, text(""));
        if (host->finish(host, event, KONG_OK, text("")) != KONG_EVENT_OVER) abort();
        return NULL;
    }
    if (strcmp(instance->mode, "fail") == 0) {
        finish(handled, KONG_FAILED, text("it was told to fail"));
        return NULL;
    }
    if (strcmp(instance->mode, "exit") == 0) {
        leave(handled);
        return NULL;
    }
    /* From here on its completions finish it, or `cancel` does. */
    return ask(handled) ? handled : NULL;
}

static void cancel(const kong_plugin *plugin, kong_event event, void *context) {
    struct handled *handled = context;
    (void)plugin;
    if (handled->event != event) abort();
    say("the event was cancelled");
    finish(handled, KONG_CANCELLED, text("it was cancelled"));
}

/* ---- What it is */

static const kong_entry mode[] = {
    {{"type", 4}, {.type = KONG_STRING, .string = {"string", 6}}},
    {{"default", 7}, {.type = KONG_STRING, .string = {"ask", 3}}},
    {{"required", 8}, {.type = KONG_BOOLEAN, .boolean = true}},
    {{"len_max", 7}, {.type = KONG_INTEGER, .integer = 31}},
};
static const kong_entry field = {{"mode", 4}, {.type = KONG_MAP, .map = {mode, 4}}};
static const kong_value fields = {.type = KONG_MAP, .map = {&field, 1}};
static const kong_entry record[] = {
    {{"type", 4}, {.type = KONG_STRING, .string = {"record", 6}}},
    {{"fields", 6}, {.type = KONG_ARRAY, .array = {&fields, 1}}},
};
static const kong_value schema = {.type = KONG_MAP, .map = {record, 2}};

static const kong_plugin plugin = {
    .size = sizeof(kong_plugin),
    .name = {"frozen", 6},
    .version = {"1.0.0", 5},
    .priority = -10,
    .phases = KONG_PHASE_BIT(KONG_ACCESS) | KONG_PHASE_BIT(KONG_LOG),
    .config_schema = &schema,
    .context = "the plugin's own",
    .start = start,
    .stop = stop,
    .handle = handle,
    .cancel = cancel,
};

const kong_plugin *kong_plugin_open(const kong_host *it, kong_string *error) {
    host = it;
    if (host->size < sizeof *host || host->abi_major != 1 || host->version.size == 0) {
        *error = text("this is no host of ABI 1.x");
        return NULL;
    }
    get_header = host->find_method(host, text("kong.request.get_header"));
    set_header = host->find_method(host, text("kong.service.request.set_header"));
    response_exit = host->find_method(host, text("kong.response.exit"));
    if (!get_header || !set_header || !response_exit || host->find_method(host, text("kong.no.such"))) {
        *error = text("the host's methods are others");
        return NULL;
    }
    return &plugin;
}
