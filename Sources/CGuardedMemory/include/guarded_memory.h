/* Memory that is lent for a time: whoever uses it later, writes to it, or reads beyond its end, ends with a signal, and what
 * he has used is noted before that. */
#ifndef GUARDED_MEMORY_H
#define GUARDED_MEMORY_H

#include <stddef.h>

/* From now on a fault on guarded memory writes one line to `descriptor` before it ends the process:
 *     {"fault":"late","what":"the configuration"}
 * `fault` is "late", "written" or "beyond". Once in a process. Returns 0, or -1 and errno. */
int guarded_memory_watch(int descriptor);

/* Room for `size` bytes that ends where nothing may be used any more, aligned to 8, to be filled in before it is sealed.
 * What is not filled in is no NUL. `what` is copied, up to 95 bytes; it is written into JSON as it is. NULL: there is no
 * more room. */
void *guarded_memory_lend(size_t size, const char *what);

/* From now on it can be read only. */
void guarded_memory_seal(const void *memory);

/* From now on it cannot be used at all. */
void guarded_memory_end(const void *memory);

#endif
