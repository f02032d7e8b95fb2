#define _GNU_SOURCE
#include "event_loop.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>

_Thread_local void *event_loop_current_loop;
_Thread_local void *event_loop_current_context;

int event_loop_poll(int epoll, struct epoll_event *events, int capacity, uint64_t limit, uint64_t *waited) {
    /* What is there already costs no look at the clock. */
    int count = event_loop_wait(epoll, events, capacity, 0);
    *waited = 0;
    if (count != 0) return count;
    uint64_t start = event_loop_nanoseconds();
    do {
        /* No sched_yield here: where somebody else computes on this processor, it gives away a whole time slice. */
        count = event_loop_wait(epoll, events, capacity, 0);
        *waited = event_loop_nanoseconds() - start;
    } while (count == 0 && *waited < limit);
    return count;
}

int event_loop_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

/* One eventfd for each signal number; a handler may do no more than write to it. */
static volatile int signal_fds[NSIG];

static void forward(int signal) {
    int saved = errno;
    uint64_t one = 1;
    if (write(signal_fds[signal], &one, sizeof one) < 0) { /* full: the reader knows already */ }
    errno = saved;
}

int event_loop_forward_signal(int signal, int fd) {
    if (signal <= 0 || signal >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    signal_fds[signal] = fd;
    struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, NULL) != 0) return -1;
    /* A blocked signal stays blocked across exec: whoever started this process may have had it so. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    int error = pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    if (error != 0) errno = error;
    return error == 0 ? 0 : -1;
}

int event_loop_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}
