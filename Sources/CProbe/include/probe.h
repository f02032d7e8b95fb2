/* The calls of Linux that a probe needs and that Swift's Glibc module does not show. */
#ifndef PROBE_H
#define PROBE_H

#include <spawn.h>

/* From now on this process is killed when the thread that started it ends. Returns 0, or -1 and errno. */
int probe_end_with_parent(void);

/* The child closes all descriptors from `lowest` on. Returns 0, or an error number. */
int probe_close_from(posix_spawn_file_actions_t *actions, int lowest);

/* A descriptor that can be read when the process has ended, closed on exec; or -1 and errno: Linux before 5.3 has none. */
int probe_open_process(pid_t pid);

#endif
