/* What a process that runs plugins keeps for its last moments. Everything here is made before, so that a handler of
 * signals, which must not ask for memory nor for locks, only has to read it. */
#ifndef FLIGHT_RECORDER_PRIVATE_H
#define FLIGHT_RECORDER_PRIVATE_H

#include "page.h"
#include <stdbool.h>

struct recorded_answer {
    const uint8_t *bytes;
    size_t size;
};

struct recorder {
    flight_page *page;
    /* The crash is told by this process; in this file too, if it has a name. */
    bool reports;
    char report_path[4096];
    /* Local time is ahead of UTC by so many seconds. */
    long time_offset;
    /* To find out whether memory can be read: the kernel is asked to write it here. */
    int pipe[2];
    /* The thread that ends the process; others that have a slot stop. 0: none does. */
    uint32_t leaving_thread;
    struct recorded_answer answers[FLIGHT_MOST_PLUGINS][FLIGHT_PHASES][FLIGHT_PROTOCOLS];
};
extern struct recorder recorder;

/* A thread that has a slot. */
struct recorded_thread {
    flight_slot *slot;
    uint32_t index;
    bool has_alternate_stack;
    uintptr_t stack_low;
    uintptr_t stack_high;
    /* Of the start that runs. */
    const flight_connection *start_connection;
    uint32_t start_sends;
    struct recorded_answer start_answer;
};
extern _Thread_local struct recorded_thread recorded_thread;

/* Tells the event's client, if one waits and can be answered, that it failed. Safe in a handler of signals. */
bool flight_answer(const flight_mark *mark);

/* Ends the process's connections in such a way that Kong sees them closed. The kernel, which does it when the process is gone,
 * makes failures of those from which something had not been read, and of what Kong writes. The calling thread's
 * process serves nothing after this. Safe in a handler of signals. */
void flight_take_leave(void);

/* Writes a crash to standard error and the file. Safe in a handler of signals. */
void flight_report(const flight_crash *crash);

#endif
