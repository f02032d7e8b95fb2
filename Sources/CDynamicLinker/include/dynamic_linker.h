/* What the dynamic linker has loaded into this process: Swift's Glibc module does not show <link.h>. */
#ifndef DYNAMIC_LINKER_H
#define DYNAMIC_LINKER_H

/* Calls `visit` for each library of this process, in the order in which they were loaded, until it returns something
 * else than 0. The strings are borrowed for the call. No library is loaded or unloaded meanwhile: `visit` must not do
 * that itself.
 *   path      by which it was loaded; empty for the program itself
 *   soname    its DT_SONAME, or NULL
 *   address   one in its first segment */
void dynamic_linker_visit(int (*visit)(void *context, const char *path, const char *soname, const void *address),
                          void *context);

#endif
