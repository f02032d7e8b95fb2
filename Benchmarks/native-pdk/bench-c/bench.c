/* Calls of the PDK from C, timed by the caller: see ../README.md. */
#define _POSIX_C_SOURCE 200809L
#include "kong_pdk.h"

#include <stdio.h>
#include <time.h>

struct config {
    const char *mode;
    int64_t count;
};

static const kong_field fields[] = {
    KONG_FIELD(struct config, mode, "required: true"),
    KONG_FIELD(struct config, count, "required: true"),
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The same call as set_header, by the host's function for all methods. */
static void set_header_plainly(const kong_pdk *kong) {
    static kong_method method;
    if (!method) method = kong->host->find_method(kong->host, kong_string_of("kong.service.request.set_header"));
    kong_value arguments[2] = {kong_value_of_text("x-a"), kong_value_of_text("b")};
    kong->host->call(kong->host, kong->event, method, arguments, 2, NULL, NULL, NULL);
}

static kong_status handle(const kong_pdk *kong, const struct config *config) {
    kong_string host;
    char text[32];
    int64_t begin = now();
    for (int64_t i = 0; i < config->count; i++) {
        switch (config->mode[0]) {
        case 'v': kong->service_request->set_header(kong, "x-a", "b"); break;
        case 'p': set_header_plainly(kong); break;
        case 'w': kong->request->get_header(kong, "host", &host); break;
        }
    }
    snprintf(text, sizeof text, "%lld", (long long)(now() - begin));
    return kong->service_request->set_header(kong, "x-nanoseconds", text);
}

KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config))
