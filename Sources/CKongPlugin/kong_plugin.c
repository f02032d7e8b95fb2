#include "kong_plugin.h"
#include "swift_version.h"

const char *kong_swift_version(void) { return KONG_SWIFT_VERSION; }

/* What plugins in other languages, and older ones, count on. */
_Static_assert(sizeof(kong_value) == 24 && sizeof(kong_entry) == 40, "the layout of values is the ABI's");
_Static_assert(sizeof(kong_stamp) == 176 && sizeof(kong_stamp_note) == 196, "the layout of the stamp is the ABI's");
