/* Which plugin is running on which thread, written down where it outlives the process; and what is left of a crash.
 *
 * A page of memory, shared with whoever watches the process or private to it. Each event loop and each thread for
 * blocking plugins has a slot, which only that thread writes, with plain stores: a mark when it enters a plugin's code,
 * and the mark before when it leaves. There is no clock in it: whoever looks again and finds the same sequence knows that
 * the thread has been in there ever since. */
#ifndef FLIGHT_RECORDER_H
#define FLIGHT_RECORDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    FLIGHT_VERSION = 1,
    FLIGHT_MOST_ADDRESSES = 64,
    FLIGHT_MOST_PLUGINS = 1024,
    FLIGHT_MOST_MODULES = 1280,
    FLIGHT_MOST_SLOTS = 8192,
    FLIGHT_NAME_SIZE = 128,
    FLIGHT_PATH_SIZE = 256,
    FLIGHT_LONGEST_ANSWER = 4096,
    FLIGHT_NO_PLUGIN = UINT16_MAX
};
#define FLIGHT_MAGIC UINT64_C(0x4b4f4e47464c5431)

/* What a plugin is being called for. */
enum {
    FLIGHT_NOTHING = 0,
    FLIGHT_OPEN = 1,
    FLIGHT_START = 2,
    FLIGHT_STOP = 3,
    FLIGHT_HANDLE = 4,
    FLIGHT_COMPLETION = 5,
    FLIGHT_TASK = 6,
    FLIGHT_CANCEL = 7
};

/* Who has a slot. */
enum { FLIGHT_LOOP = 1, FLIGHT_BLOCKING_THREAD = 2 };

/* A connection from Kong. Never freed, but used again for another, so that it can always be read. Private to the process. */
typedef struct flight_connection {
    int32_t fd;     /* -1: it is closed */
    uint32_t sends; /* changes with each write to it, and with its end */
    uint32_t is_cut; /* whether the last write has ended anywhere in what was to be sent */
    uint32_t is_busy;   /* whether one side owes the other something */
    uint32_t has_ended; /* the recorder's own */
    struct flight_connection *next; /* the recorder's own, once it has been added */
} flight_connection;

/* How an event's waiting client could be answered by a process that cannot go on. Private to the process. */
typedef struct flight_reply {
    const flight_connection *connection; /* on which Kong waits; NULL: nobody does, or it cannot be answered */
    int64_t number;    /* the sequence of the RpcCall, or the id of the request */
    uint32_t protocol; /* FLIGHT_PROTOBUF or FLIGHT_MESSAGEPACK */
    uint32_t sends;    /* MessagePack: what has been answered already has not left if the connection's are still these */
} flight_reply;
enum { FLIGHT_PROTOBUF = 0, FLIGHT_MESSAGEPACK = 1, FLIGHT_PROTOCOLS = 2, FLIGHT_PHASES = 6 };

/* What runs. */
typedef struct flight_mark {
    uint64_t event;            /* 0: none */
    int32_t instance;          /* 0: none */
    uint16_t plugin;           /* its place in the table of plugins, or FLIGHT_NO_PLUGIN */
    uint8_t phase;             /* kong_phase; of no meaning without an event */
    uint8_t what;              /* FLIGHT_NOTHING … FLIGHT_CANCEL */
    const flight_reply *reply; /* NULL: there is nobody to answer. Means something in the process itself only */
} flight_mark;

typedef struct flight_slot {
    uint64_t sequence;          /* changes whenever the mark does */
    flight_mark mark;
    int32_t thread;             /* the kernel's id of it; 0: there is none yet */
    uint32_t kind;              /* FLIGHT_LOOP or FLIGHT_BLOCKING_THREAD */
    uint32_t held_milliseconds; /* written by who sends FLIGHT_HELD_SIGNAL, before it does */
    uint32_t reserved;
    uint64_t timed_out;         /* events of this loop that took too long */
} flight_slot;

/* Why a process ended. */
enum { FLIGHT_ALIVE = 0, FLIGHT_SIGNAL = 1, FLIGHT_EXIT = 2, FLIGHT_HELD = 3 };

typedef struct flight_crash {
    uint32_t state;             /* FLIGHT_UNWRITTEN, then FLIGHT_BEING_WRITTEN, then FLIGHT_WRITTEN */
    uint32_t reason;
    int32_t signal;             /* FLIGHT_SIGNAL and FLIGHT_HELD */
    int32_t code;               /* si_code; or of FLIGHT_EXIT the status */
    uint64_t address;           /* that could not be accessed; or of the instruction that trapped */
    uint64_t instruction;
    flight_mark mark;
    int32_t thread;
    uint32_t slot;              /* UINT32_MAX: a thread that has none, such as one that a plugin has started */
    uint32_t held_milliseconds;
    uint32_t answered;          /* whether the event's client has been sent an answer */
    uint32_t address_count;
    int32_t sender;             /* the process that has sent the signal; 0: none, or this one itself */
    uint64_t addresses[FLIGHT_MOST_ADDRESSES]; /* of the instruction, and those to return to, innermost first */
} flight_crash;
enum { FLIGHT_UNWRITTEN = 0, FLIGHT_BEING_WRITTEN = 1, FLIGHT_WRITTEN = 2 };

/* A file that is mapped to run. */
typedef struct flight_module {
    uint64_t base;  /* what its addresses count from */
    uint64_t begin; /* the memory that is its own */
    uint64_t end;
    char path[FLIGHT_PATH_SIZE];
} flight_module;

typedef struct flight_page flight_page;

/* Sent to a thread that has held its loop for too long. Its own meaning, that the process has used up its processor time
 * (RLIMIT_CPU), is told apart by who sent it. */
#define FLIGHT_HELD_SIGNAL SIGXCPU

/* ---- The page */

/* A page in memory of its own. With `fd` it is shared by that descriptor, which is closed on exec, and whose memory cannot be
 * taken away. NULL and errno if there is no memory. */
flight_page *flight_page_create(uint32_t loop_count, uint32_t slot_count, int *fd);

/* The page behind a descriptor that `flight_page_create` has made in another process. NULL and errno: it is none. */
flight_page *flight_page_map(int fd);

void flight_page_unmap(flight_page *page, uint32_t slot_count);

/* As the page says when it has been made or mapped. Whoever does not trust the other process asks then, and never again. */
uint32_t flight_slot_count(const flight_page *page);
uint32_t flight_loop_count(const flight_page *page);

/* A slot below that count. */
void flight_copy_slot(const flight_page *page, uint32_t index, flight_slot *slot);

/* Copies a plugin's name, with a NUL at its end; empty if there is no such plugin. */
void flight_copy_plugin_name(const flight_page *page, uint16_t plugin, char name[FLIGHT_NAME_SIZE]);

/* Copies what is mapped at an address. 0: nothing that has been written down. */
int flight_copy_module(const flight_page *page, uint64_t address, flight_module *module);

/* Copies what is left of a crash. 0: there has been none. */
int flight_copy_crash(const flight_page *page, flight_crash *crash);

/* ---- Marks, on the slot's own thread */

static inline void flight_set(flight_slot *slot, flight_mark mark) {
    slot->mark = mark;
    /* A crash in the next instruction must find it written. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&slot->sequence, slot->sequence + 1, __ATOMIC_RELAXED);
}

/* Enters a plugin's code. Returns what `flight_end` is to be given. */
static inline flight_mark flight_begin(flight_slot *slot, flight_mark mark, uint8_t what) {
    flight_mark outer = slot->mark;
    mark.what = what;
    flight_set(slot, mark);
    return outer;
}

/* Leaves it. */
static inline void flight_end(flight_slot *slot, flight_mark outer) { flight_set(slot, outer); }

static inline flight_mark flight_no_mark(void) { return (flight_mark){.plugin = FLIGHT_NO_PLUGIN}; }

/* An event of this slot's loop has taken too long. */
static inline void flight_count_timeout(flight_slot *slot) {
    __atomic_store_n(&slot->timed_out, slot->timed_out + 1, __ATOMIC_RELAXED);
}

/* ---- The process that runs plugins */

/* This process is what the page is about from now on: its crashes are written there. Once.
 * `report`: NULL, if whoever shares the page tells of them; else they are told on standard error, and in the file of this
 * name if it is not empty. */
void flight_install(flight_page *page, const char *report);

/* A slot of that page, which its thread has not taken yet; NULL: there is no such slot. */
flight_slot *flight_installed_slot(uint32_t index);

/* Gives a slot to the calling thread, and a stack that a handler can run on when the thread's own is used up. NULL: there is
 * no such slot. */
flight_slot *flight_enter_thread(uint32_t index, uint32_t kind);

/* The slot of the calling thread, or NULL. */
flight_slot *flight_current_slot(void);

/* Names a plugin, and returns its place in the table; FLIGHT_NO_PLUGIN when that is full. On one thread at a time. */
uint16_t flight_add_plugin(const char *name, size_t size);

/* What Kong is sent when an event of this plugin crashes in this phase: over ProtoBuf:1 frames before the event's end, over
 * MessagePack the response's Data. At most FLIGHT_LONGEST_ANSWER bytes, which
 * are copied. Before any event of the plugin. */
void flight_set_answer(uint16_t plugin, uint8_t phase, uint32_t protocol, const void *bytes, size_t size);

/* Lets whoever is on this connection know when the process has to end. Once for each. */
void flight_add_connection(flight_connection *connection);

/* What Kong is sent if the start of an instance that this thread is about to enter crashes: the whole answer, on a connection where
 * nothing else is sent meanwhile. The bytes must stay until the next call; NULL: there is nobody to answer any more. */
void flight_set_start_answer(const flight_connection *connection, const void *bytes, size_t size);

/* Writes down what is mapped now: libraries that a crash's addresses may be in. */
void flight_note_modules(void);

/* Ends a process by a signal to a thread of its, as the crash of what that thread is running. Returns 0, or -1 and errno. */
int flight_end_holder(flight_page *page, uint32_t index, int32_t process, uint32_t held_milliseconds);

/* ---- Reading */

/* A name of Swift's as people write it; NULL if it is none. To be freed. */
char *flight_demangle(const char *name);

/* What an activity is called, as "handler". */
const char *flight_activity_name(uint8_t what);

/* What a phase is called; NULL: there is none such. */
const char *flight_phase_name(uint8_t phase);

/* What a signal is called, as SIGSEGV; NULL: no name. */
const char *flight_signal_name(int signal);

#endif
