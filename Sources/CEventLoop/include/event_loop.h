/* The Linux calls that EventLoop needs and that Swift's Glibc module does not show, without magic numbers. */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The C library's own functions for these let the thread be cancelled meanwhile, which nobody wants here, and which costs
 * two locked instructions a call. They return what the C library's do. */
static inline ssize_t event_loop_receive(int fd, void *bytes, size_t size) {
    return syscall(SYS_recvfrom, fd, bytes, size, 0, NULL, NULL);
}
static inline ssize_t event_loop_send(int fd, const void *bytes, size_t size) {
    return syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, NULL, 0);
}
static inline int event_loop_wait(int epoll, struct epoll_event *events, int capacity, int timeout) {
    return (int)syscall(SYS_epoll_pwait, epoll, events, capacity, timeout, NULL, (size_t)0);
}

/* epoll_event is packed and holds a union; these two keep that out of Swift. */
static inline int event_loop_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}
static inline uint64_t event_loop_token(const struct epoll_event *event) { return event->data.u64; }

/* epoll_wait that polls for at most so many nanoseconds and never sleeps. `*waited`: how long it took. Returns what
 * epoll_wait does. */
int event_loop_poll(int epoll, struct epoll_event *events, int capacity, uint64_t limit, uint64_t *waited);

/* Nanoseconds since some time. */
static inline uint64_t event_loop_nanoseconds(void) {
    struct timespec now;
    /* It cannot fail for this clock. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Of this thread: the event loop that runs on it, and what that loop's owner keeps beside it; or NULL. */
extern _Thread_local void *event_loop_current_loop;
extern _Thread_local void *event_loop_current_context;

static inline void *event_loop_current(void) { return event_loop_current_loop; }
static inline void *event_loop_context(void) { return event_loop_current_context; }
static inline void event_loop_set_current(void *loop, void *context) {
    event_loop_current_loop = loop;
    event_loop_current_context = context;
}

/* Accepts a connection that does not block and is closed on exec. Returns the descriptor, or -1 and errno. */
int event_loop_accept(int listener);

/* From now on the signal is counted in the eventfd `fd` and does nothing else; the calling thread takes it, even if it
 * was blocked. Returns 0, or -1 and errno. */
int event_loop_forward_signal(int signal, int fd);

/* A descriptor that becomes readable when the process ends; -1 and errno where the kernel has none (before 5.3). */
static inline int event_loop_pidfd_open(pid_t pid) {
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

/* The processors that this process may use; at least 1. */
int event_loop_processor_count(void);

#endif
