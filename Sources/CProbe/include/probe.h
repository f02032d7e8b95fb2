/* The Linux call that a probe needs and that Swift's Glibc module does not show. */
#ifndef PROBE_H
#define PROBE_H

#include <signal.h>
#include <sys/prctl.h>

/* From now on this process is killed when the thread that started it ends. Returns 0, or -1 and errno. */
static inline int probe_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

#endif
