#include "kong_plugin_entry.h"
#include "swift_version.h"

/* build.sh says which runtime it links. */
#ifndef KONG_SWIFT_RUNTIME
#define KONG_SWIFT_RUNTIME KONG_RUNTIME_UNSTATED
#endif

KONG_PLUGIN_STAMP(KONG_LANGUAGE_SWIFT, KONG_SWIFT_RUNTIME, KONG_PDK_VERSION, "swift " KONG_SWIFT_VERSION)

/* The linker makes these two for a section whose name is a C identifier; weak, so that a library without an entry
 * still links, and is refused with a message when it is opened. */
extern const kong_plugin_entry __start_kong_plugins[] __attribute__((weak, visibility("hidden")));
extern const kong_plugin_entry __stop_kong_plugins[] __attribute__((weak, visibility("hidden")));

static const kong_plugin *fail(kong_string *error, const char *message) {
    error->data = message;
    error->size = __builtin_strlen(message);
    return NULL;
}

const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
    long count = __stop_kong_plugins - __start_kong_plugins;
    if (count == 0) {
        return fail(error, "the library has no plugin entry; add to it:  @section(\"kong_plugins\") @used "
                           "let entry: PluginEntry = { MyPlugin.open($0, $1) }");
    }
    if (count > 1) {
        return fail(error, "the library has more than one plugin entry; build one library for each plugin");
    }
    return __start_kong_plugins[0](host, error);
}
