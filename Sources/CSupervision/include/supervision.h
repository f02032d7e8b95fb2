/* The calls of Linux that supervision needs and that Swift's Glibc module does not show. */
#ifndef SUPERVISION_H
#define SUPERVISION_H

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From now on this process is killed when the thread that started it ends. Returns 0, or -1 and errno. */
int supervision_end_with_parent(void);

/* What ps and top call this process; threads that it starts are called the same. 15 bytes count. */
void supervision_name_process(const char *name);

/* The child closes all descriptors from `lowest` on. Returns 0, or an error number. */
int supervision_close_from(posix_spawn_file_actions_t *actions, int lowest);

/* Sends bytes over a unix socket, with a descriptor unless that is -1. Never raises SIGPIPE. Returns what was sent, or -1
 * and errno. */
ssize_t supervision_send(int socket, const void *bytes, size_t size, int descriptor, int flags);

/* Receives bytes, and at most `capacity` descriptors that came with them, which are closed on exec. Returns the number of
 * bytes, 0 at the end, or -1 and errno. */
ssize_t supervision_receive(int socket, void *bytes, size_t size, int *descriptors, int capacity, int *count, int flags);

/* A nameless piece of shared memory of that size, all zero, closed on exec; or -1 and errno. */
int supervision_make_memory(size_t size);

/* The next number of a counter that processes share: 1 … 2^31 - 1, over and over. */
int32_t supervision_next_number(uint32_t *counter);

#endif
