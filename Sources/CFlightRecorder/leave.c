/* What the others on the process's connections are told: that it ends, and not that something has failed. */
#define _GNU_SOURCE
#include "recorder.h"
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* In milliseconds: Kong closes its end as soon as it looks, unless it is busy with something that takes time. */
enum { LONGEST_LEAVE = 100, PAUSE = 1 };

static flight_connection *connections;

void flight_add_connection(flight_connection *connection) {
    connection->next = __atomic_load_n(&connections, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(
        &connections, &connection->next, connection, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* They would accept connections, and begin events, that end with the process. */
static void stop_other_threads(void) {
    flight_page *page = recorder.page;
    int32_t self = (int32_t)syscall(SYS_gettid);
    flight_store(&recorder.leaving_thread, (uint32_t)self);
    for (uint32_t index = 0; index < page->slot_count; index++) {
        int32_t thread = page->slots[index].thread;
        if (thread > 0 && thread != self) syscall(SYS_tgkill, getpid(), thread, FLIGHT_HELD_SIGNAL);
    }
    poll(NULL, 0, PAUSE);
}

static void say_end(uint32_t is_busy) {
    flight_connection *connection = __atomic_load_n(&connections, __ATOMIC_ACQUIRE);
    for (; connection != NULL; connection = connection->next) {
        int32_t fd = connection->fd;
        if (fd < 0 || (connection->is_busy != 0) != (is_busy != 0)) continue;
        connection->has_ended = 0;
        shutdown(fd, SHUT_WR);
    }
}

/* Takes what still comes. Returns whether Kong has closed all of them. */
static bool is_over(void) {
    bool is_over = true;
    uint8_t unread[4096];
    flight_connection *connection = __atomic_load_n(&connections, __ATOMIC_ACQUIRE);
    for (; connection != NULL; connection = connection->next) {
        if (connection->fd < 0 || connection->has_ended) continue;
        ssize_t count;
        do count = recv(connection->fd, unread, sizeof unread, MSG_DONTWAIT);
        while (count > 0);
        if (count == 0) connection->has_ended = 1;
        else is_over = false;
    }
    return is_over;
}

void flight_take_leave(void) {
    stop_other_threads();
    int64_t deadline = milliseconds() + LONGEST_LEAVE;
    /* First those that Kong has in its pool, so that it does not take one of these to say it again. */
    say_end(0);
    say_end(1);
    while (!is_over() && milliseconds() < deadline) poll(NULL, 0, PAUSE);
}
