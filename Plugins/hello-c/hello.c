/* The tutorial's plugin, in C. */
#include "kong_pdk.h"

#include <stdio.h>

struct config {
    const char *greeting;
};

static const kong_field fields[] = {
    KONG_FIELD(struct config, greeting, "default: 'hello', len_min: 1"),
};

static kong_status access(const kong_pdk *kong, const struct config *config) {
    kong_string host;
    kong_status status = kong->request->get_header(kong, "host", &host);
    if (status != KONG_OK) return status;

    char greeting[256];
    snprintf(greeting, sizeof greeting, "%s, %s", config->greeting, host.data ? host.data : "nobody");
    return kong->service_request->set_header(kong, "x-greeting", greeting);
}

static kong_status response(const kong_pdk *kong, const struct config *config) {
    (void)config;
    return kong->response->add_header(kong, "x-compiler", KONG_THIS_COMPILER);
}

KONG_PLUGIN("1.0.0", 1000, struct config, fields,
            KONG_HANDLER(KONG_ACCESS, access, struct config),
            KONG_HANDLER(KONG_RESPONSE, response, struct config))
