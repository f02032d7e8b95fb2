/* The plugins of the benchmark, as floor and client know them: which calls of the PDK each makes in an event. What floor
 * sends and what client expects is made from these tables, byte for byte. */
#ifndef PLUGINS_H
#define PLUGINS_H

#include "wire.h"

#define GET_HEADER "kong.request.get_header"
#define GET_RAW_BODY "kong.request.get_raw_body"
#define SET_HEADER "kong.service.request.set_header"

/* What get_header answers. */
#define HOST "localhost:8000"

/* A call with up to two strings for arguments. */
typedef struct call {
    const char *method;
    const char *arguments[2];
    buffer name_frame, arguments_frame; /* ProtoBuf:1: the method's name and its arguments, without their lengths */
    buffer data;                        /* MessagePack: the value of Data */
} call;

/* Its calls are `calls`, in turn, until there were `count`. */
typedef struct plugin {
    const char *name;
    unsigned count;
    call calls[2];
} plugin;

static char body_size_text[24];

#define CALL(METHOD, ...) {.method = METHOD, .arguments = {__VA_ARGS__}}
#define TEN_HEADERS CALL(SET_HEADER, "x-header-1", "a value of some length")

static plugin plugins[] = {
    {.name = "noop"},
    {.name = "goplug", .count = 1, .calls = {CALL(SET_HEADER, "x-goplug", "Set by custom Swift plugin")}},
    {.name = "tencalls", .count = 10, .calls = {CALL(GET_HEADER, "host"), CALL(SET_HEADER, "x-i", HOST)}},
    {.name = "tenheaders", .count = 10, .calls = {TEN_HEADERS, TEN_HEADERS}},
    {.name = "rawbody", .count = 2, .calls = {CALL(GET_RAW_BODY, NULL), CALL(SET_HEADER, "x-body-size", body_size_text)}},
};

enum { PLUGIN_COUNT = sizeof plugins / sizeof *plugins };

static inline const plugin *plugin_named(const void *name, size_t size) {
    for (size_t i = 0; i < PLUGIN_COUNT; i++)
        if (strlen(plugins[i].name) == size && memcmp(plugins[i].name, name, size) == 0) return &plugins[i];
    return NULL;
}

static inline const call *plugin_call(const plugin *p, unsigned step) { return &p->calls[step % 2]; }

static inline unsigned argument_count(const call *c) { return !c->arguments[0] ? 0 : c->arguments[1] ? 2 : 1; }

static inline void encode_call(call *c) {
    unsigned count = argument_count(c);
    put(&c->name_frame, c->method, strlen(c->method));
    if (count == 1) { /* String {v} */
        put_field(&c->arguments_frame, 1, c->arguments[0], strlen(c->arguments[0]));
    } else if (count == 2) { /* KV {k, v: Value {string_value}} */
        size_t size = strlen(c->arguments[1]);
        put_field(&c->arguments_frame, 1, c->arguments[0], strlen(c->arguments[0]));
        put_varint(&c->arguments_frame, 2 << 3 | 2);
        put_varint(&c->arguments_frame, field_size(3, size));
        put_field(&c->arguments_frame, 3, c->arguments[1], size);
    }
    put_byte(&c->data, 0x82);
    put_text(&c->data, "Method");
    put_text(&c->data, c->method);
    put_text(&c->data, "Args");
    put_byte(&c->data, (uint8_t)(0x90 | count));
    for (unsigned i = 0; i < count; i++) put_text(&c->data, c->arguments[i]);
}

/* Call it once, before any other function here. */
static inline void prepare_plugins(size_t body_size) {
    snprintf(body_size_text, sizeof body_size_text, "%zu", body_size);
    for (size_t i = 0; i < PLUGIN_COUNT; i++)
        for (size_t j = 0; j < 2; j++)
            if (plugins[i].calls[j].method) encode_call(&plugins[i].calls[j]);
}

#endif
