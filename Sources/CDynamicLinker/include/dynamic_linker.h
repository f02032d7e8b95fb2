/* What the dynamic linker has loaded into this process, and files in memory that it can load: Swift's Glibc module does not
 * show <link.h>, nor memfd_create. */
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

/* A file in memory that nothing else leads to, of no bytes yet, for its user alone, from which libraries can be loaded; closed
 * on exec. `name` is what the kernel shows of it, at most 249 bytes. Returns a descriptor, or -1 and errno. */
int dynamic_linker_make_file(const char *name);

/* From now on nobody can write to a file that was made so. Returns 0, or -1 and errno. */
int dynamic_linker_seal(int file);

/* Whether a file can be written to by nobody. */
int dynamic_linker_is_sealed(int file);

#endif
