/* A header is all there is: see include/probe.h. */
#include "probe.h"
