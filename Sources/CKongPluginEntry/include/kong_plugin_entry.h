/*
 * The part of a Swift plugin that has to be C: the stamp, and the exported `kong_plugin_open`, which finds the
 * plugin's own entry in the section `kong_plugins`. So plugins export no symbol of their own, and any number of
 * them can be linked into one test bundle.
 */
#ifndef KONG_PLUGIN_ENTRY_H
#define KONG_PLUGIN_ENTRY_H

#include "kong_plugin.h"

/* What stands in the section `kong_plugins`: one of these for each plugin in the image. The error is as in
 * kong_plugin_open. */
typedef const kong_plugin *(*kong_plugin_entry)(const kong_host *host, kong_string *error);

/* The version of KongPDK, as "0.1.0". */
#define KONG_PDK_VERSION "0.1.0"

#endif
