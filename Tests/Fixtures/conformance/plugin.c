/* A plugin that keeps the contract. The tests of the conformance kit change it in one place at a time. */
#include "kong_plugin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "", "cc")

static const kong_host *the_host;
static kong_method get_header, set_header;

struct instance {
    char *greeting;
    size_t size;
};

struct work {
    kong_event event;
    kong_loop loop;
    struct instance *instance;
};

static kong_string text(const char *s) { return (kong_string){s, strlen(s)}; }

static kong_value value(const char *data, size_t size) {
    kong_value value = {0};
    value.type = KONG_STRING;
    value.string = (kong_string){data, size};
    return value;
}

static kong_status set(kong_event event, const char *name, const char *data, size_t size) {
    kong_value arguments[2] = {value(name, strlen(name)), value(data, size)};
    return the_host->call(the_host, event, set_header, arguments, 2, NULL, NULL, NULL);
}

static void finish(struct work *work, kong_status status, const char *message) {
    the_host->finish(the_host, work->event, status, text(message));
    free(work);
}

static void answered(void *context, kong_status status, const kong_value *result, kong_string message) {
    struct work *work = context;
    if (status != KONG_OK) return finish(work, KONG_FAILED, "there is no host");
    if (result->type != KONG_STRING) return finish(work, KONG_FAILED, "the host is no text");
    status = set(work->event, "x-host", result->string.data, result->string.size);
    finish(work, status, status == KONG_OK ? "" : "x-host cannot be set");
}

static void *handle(const kong_plugin *plugin, void *instance, kong_phase phase, kong_event event, kong_loop loop) {
    struct work *work = calloc(1, sizeof *work);
    *work = (struct work){event, loop, instance};
    if (phase == KONG_LOG) {
        finish(work, KONG_OK, "");
        return NULL;
    }
    kong_status status = set(event, "x-greeting", work->instance->greeting, work->instance->size);
    kong_value name = value("host", 4);
    if (status == KONG_OK) status = the_host->call(the_host, event, get_header, &name, 1, answered, work, NULL);
    if (status != KONG_OK) finish(work, status, "the host cannot be asked for");
    return NULL;
}

static void start(const kong_plugin *plugin, kong_start start, kong_loop loop, const kong_value *config) {
    const kong_value *greeting = NULL;
    for (size_t i = 0; i < config->map.count; i++) {
        kong_string key = config->map.entries[i].key;
        if (key.size == 8 && memcmp(key.data, "greeting", 8) == 0) greeting = &config->map.entries[i].value;
    }
    if (!greeting || greeting->type != KONG_STRING) {
        the_host->started(the_host, start, KONG_FAILED, text("greeting is no text"), NULL);
        return;
    }
    struct instance *instance = calloc(1, sizeof *instance);
    instance->size = greeting->string.size;
    instance->greeting = malloc(instance->size + 1);
    memcpy(instance->greeting, greeting->string.data, instance->size);
    the_host->started(the_host, start, KONG_OK, text(""), instance);
}

static void stop(const kong_plugin *plugin, kong_stop stop, kong_loop loop, void *context) {
    struct instance *instance = context;
    free(instance->greeting);
    free(instance);
    the_host->stopped(the_host, stop);
}

#define TEXT(text_) {.type = KONG_STRING, .string = {text_, sizeof(text_) - 1}}
static const kong_entry greeting_field[] = {{{"type", 4}, TEXT("string")}, {{"default", 7}, TEXT("hello")}};
static const kong_entry greeting_entry[] = {{{"greeting", 8}, {.type = KONG_MAP, .map = {greeting_field, 2}}}};
static const kong_value fields[] = {{.type = KONG_MAP, .map = {greeting_entry, 1}}};
static const kong_entry schema_entries[] = {
    {{"type", 4}, TEXT("record")}, {{"fields", 6}, {.type = KONG_ARRAY, .array = {fields, 1}}}};
static const kong_value schema = {.type = KONG_MAP, .map = {schema_entries, 2}};

static kong_plugin plugin = {
    .size = sizeof(kong_plugin),
    .flags = 0,
    .version = {"1.0.0", 5},
    .priority = 10,
    .phases = KONG_PHASE_BIT(KONG_ACCESS) | KONG_PHASE_BIT(KONG_LOG),
    .config_schema = &schema,
    .start = start,
    .stop = stop,
    .handle = handle,
    .cancel = NULL,
};

const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
    the_host = host;
    get_header = host->find_method(host, text("kong.request.get_header"));
    set_header = host->find_method(host, text("kong.service.request.set_header"));
    if (get_header == 0 || set_header == 0) {
        *error = text("the host does not know what is needed");
        return NULL;
    }
    return &plugin;
}
