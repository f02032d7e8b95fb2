#include "flight_recorder.h"
#include <string.h>

/* Of the Swift runtime, which every program with Swift in it has. */
char *swift_demangle(const char *name, size_t size, char *output, size_t *output_size, uint32_t flags);

char *flight_demangle(const char *name) { return swift_demangle(name, strlen(name), NULL, NULL, 0); }
