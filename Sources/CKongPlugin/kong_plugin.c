// The header is all there is: see include/kong_plugin.h.
#include "kong_plugin.h"
