/*
 * kong_plugin.h: the plugin ABI of swift-pluginserver, version 1.1.
 *
 * A plugin is a shared library that swift-pluginserver loads to handle the requests of Kong Gateway.
 * This header is all that the two share. A plugin
 *
 *   1. carries a stamp, the data symbol `kong_plugin_abi` in an ELF note, which says what it was built
 *      with; the host reads it from the file before any code of the file runs;
 *   2. exports one function, `kong_plugin_open`, which returns its descriptor, a `kong_plugin`;
 *   3. starts an instance for each configuration that Kong has for it, and handles events on instances.
 *      An event is one phase of one request.
 *
 * In C there is less to write: kong_pdk.h has typed functions for all of Kong's PDK, and a macro that makes 1 and 2 of
 * a table.
 *
 * How to read this file
 *
 *   [loop]  may be called only on the thread of the event loop that the call is about: the one on which
 *           the host called `start`, `stop`, `handle`, `cancel` or a completion. The host returns
 *           KONG_WRONG_THREAD elsewhere; `schedule` takes you there. For a plugin with KONG_PLUGIN_BLOCKING it is
 *           the thread on which the host called `start`, `stop` or `handle`, until that call returns.
 *   [any]   may be called on any thread, at any time after `kong_plugin_open` was entered.
 *   borrowed  the pointer, and all that it points to, is valid until the call that passed it returns.
 *   Nothing is ever freed by the side that did not allocate it.
 *   No exception, trap or longjmp may cross a call in either direction.
 *   A function that returns a kong_status does nothing at all when it does not return KONG_OK.
 *
 * Versions
 *
 *   A plugin is loaded when its KONG_ABI_MAJOR is the host's and its KONG_ABI_MINOR is not newer. Within
 *   a major version structs only grow at their end, and begin with their size: check `size` before you
 *   touch a member that came after 1.0. A plugin's struct is never larger than the host's.
 *   In all versions, whatever their major: the first eight bytes of a kong_stamp, the owner and the type of its note, and
 *   the name of its symbol.
 */
#ifndef KONG_PLUGIN_H
#define KONG_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KONG_ABI_MAJOR 1
#define KONG_ABI_MINOR 1

/* ------------------------------------------------------------------------------------------------
 * Values: what configurations, arguments and results are made of
 */

/* Bytes with a length. Not NUL-terminated; any byte may occur, UTF-8 is usual and not promised.
 * `data` may be NULL when `size` is 0. */
typedef struct kong_string {
    const char *data;
    size_t size;
} kong_string;

/* The kind of a kong_value: one of KONG_NIL … KONG_MAP. */
typedef uint32_t kong_type;
enum {
    KONG_NIL = 0,
    KONG_BOOLEAN = 1,
    KONG_INTEGER = 2,
    KONG_NUMBER = 3,
    KONG_STRING = 4, /* text, as Kong has it                                       -> string */
    KONG_BYTES = 5,  /* the same, but bodies and other binary data                 -> string */
    KONG_ARRAY = 6,
    KONG_MAP = 7     /* keys are strings; an integer key of a Lua table is written in decimal */
};

struct kong_value;
struct kong_entry;

typedef struct kong_array {
    const struct kong_value *items;
    size_t count;
} kong_array;

typedef struct kong_map {
    const struct kong_entry *entries;
    size_t count;
} kong_map;

typedef struct kong_value {
    kong_type type;
    uint32_t reserved; /* 0 */
    union {
        bool boolean;       /* KONG_BOOLEAN */
        int64_t integer;    /* KONG_INTEGER */
        double number;      /* KONG_NUMBER */
        kong_string string; /* KONG_STRING, KONG_BYTES */
        kong_array array;   /* KONG_ARRAY */
        kong_map map;       /* KONG_MAP */
    };
} kong_value;

typedef struct kong_entry {
    kong_string key;
    kong_value value;
} kong_entry;

/* ------------------------------------------------------------------------------------------------
 * Names for things of the host
 */

/* How a call went. 0 is success; a plugin must take a number that it does not know as a failure. */
typedef int32_t kong_status;
enum {
    KONG_OK = 0,
    KONG_FAILED = 1,          /* it went wrong; the message says how */
    KONG_REFUSED = 2,         /* Kong ran the call and answered with an error: the message is Kong's */
    KONG_CANCELLED = 3,       /* the event was cancelled, or its connection is gone */
    KONG_EVENT_OVER = 4,      /* there is no such event: finished, exited, or never begun */
    KONG_BAD_ARGUMENT = 5,    /* too few, too many, or of a wrong type: the message names it */
    KONG_UNKNOWN_METHOD = 6,  /* the host has no such PDK method */
    KONG_UNSUPPORTED = 7,     /* the protocol of this connection cannot carry the call */
    KONG_WRONG_PHASE = 8,     /* Kong does not allow the call in this phase */
    KONG_WRONG_THREAD = 9,    /* a [loop] function was called on another thread */
    KONG_LIMIT = 10           /* more is queued than the host is willing to hold */
};

/* A phase of a request, as Kong names them. */
typedef uint32_t kong_phase;
enum {
    KONG_CERTIFICATE = 0,
    KONG_REWRITE = 1,
    KONG_ACCESS = 2,
    KONG_RESPONSE = 3,
    KONG_PREREAD = 4,
    KONG_LOG = 5
};
#define KONG_PHASE_BIT(phase) (UINT32_C(1) << (phase))

/* One run of one phase on one instance. A handle, not a pointer: it stays safe to pass after the event
 * is over, and is then answered with KONG_EVENT_OVER. Never 0. */
typedef uint64_t kong_event;

/* One instance on its way up, and one on its way down; likewise handles. Never 0. */
typedef uint64_t kong_start;
typedef uint64_t kong_stop;

/* A method of Kong's PDK, such as "kong.request.get_header". 0 is none. Valid for the whole process. */
typedef uint32_t kong_method;

/* An event loop: 0 … loop_count - 1. An event stays on one loop from its beginning to its end. */
typedef uint32_t kong_loop;
#define KONG_NO_LOOP UINT32_MAX

typedef uint32_t kong_log_level;
enum { KONG_LOG_ERROR = 0, KONG_LOG_WARNING = 1, KONG_LOG_NOTICE = 2, KONG_LOG_INFO = 3, KONG_LOG_DEBUG = 4 };

/* Called exactly once for a call or flush that was accepted with a completion. [loop]
 * `result` is borrowed, and NULL unless status is KONG_OK. It is what Kong answered: of any type, nil included, whatever
 * is usual. `message` is borrowed, and empty if status is KONG_OK. It may be called before the function that it was given to
 * has returned. */
typedef void (*kong_completion)(void *context, kong_status status, const kong_value *result, kong_string message);

struct kong_pdk;
struct kong_definition;
struct kong_plugin;

/* ------------------------------------------------------------------------------------------------
 * What the host offers. One per plugin; valid from kong_plugin_open to the end of the process.
 */
typedef struct kong_host {
    uint32_t size;       /* of this struct, in the host's version of this header */
    uint16_t abi_major;  /* the host's */
    uint16_t abi_minor;
    kong_string version; /* for people, as "swift-pluginserver 0.1.0" */
    uint32_t loop_count; /* at least 1 */
    uint32_t reserved;   /* 0 */
    void *context;       /* the host's own */

    /* The handle of the PDK method with Kong's name for it, or 0 when this host does not know it.
     * Look methods up once, in kong_plugin_open. [any] */
    kong_method (*find_method)(const struct kong_host *host, kong_string name);

    /* Calls a PDK method for an event. `arguments` are borrowed. [loop]
     *
     * With a completion: everything that is queued goes to Kong, then this call; the completion gets Kong's
     * answer. Without one (NULL) the call is queued, in order, and leaves for Kong at the latest when the
     * handler waits for something or finishes. A queued call that Kong refuses fails the event.
     * kong.response.exit ends the event: what comes after it is answered with KONG_EVENT_OVER.
     *
     * `message`, which may be NULL, receives the reason when the return value is not KONG_OK; borrowed until
     * the next call of a host function on this thread. */
    kong_status (*call)(const struct kong_host *host, kong_event event, kong_method method,
                        const kong_value *arguments, size_t argument_count,
                        kong_completion completion, void *context, kong_string *message);

    /* Sends what is queued; the completion is called when Kong has answered all of it. [loop] */
    kong_status (*flush)(const struct kong_host *host, kong_event event, kong_completion completion, void *context);

    /* Ends an event: exactly once for each `handle`, in it or later. [loop]
     * status KONG_OK: the handler has done its work. Anything else: it failed with `message` (borrowed, not empty), which
     * the host logs and, where Kong still has a client to answer, turns into a response with status 500.
     * A second time is answered with KONG_EVENT_OVER, logged, and does nothing. Nothing else is to be called for the event
     * after it: what is, is answered with KONG_EVENT_OVER, and lost. */
    kong_status (*finish)(const struct kong_host *host, kong_event event, kong_status status, kong_string message);

    /* Ends a start: exactly once for each `start`, in it or later. [loop]
     * status KONG_OK: `instance`, which may be NULL, is what `handle` and `stop` will be given.
     * Anything else: it failed with `message` (borrowed, not empty), and `instance` is ignored. */
    kong_status (*started)(const struct kong_host *host, kong_start start, kong_status status,
                           kong_string message, void *instance);

    /* Ends a stop: exactly once for each `stop`, in it or later. A server that is going down waits for it. [loop] */
    kong_status (*stopped)(const struct kong_host *host, kong_stop stop);

    /* Runs task(context) once on the thread of that loop, soon, never inside this call. [any]
     * KONG_BAD_ARGUMENT: there is no such loop. KONG_FAILED: the server is going down. */
    kong_status (*schedule)(const struct kong_host *host, kong_loop loop, void (*task)(void *context), void *context);

    /* The loop whose thread this is, or KONG_NO_LOOP. [any] */
    kong_loop (*current_loop)(const struct kong_host *host);

    /* A line for the server's own log, under the plugin's name. `text` is borrowed. [any] */
    void (*log)(const struct kong_host *host, kong_log_level level, kong_string text);

    /* Since 1.1. */

    /* The typed functions of kong_pdk.h for an event: the same pointer each time, valid until the event is finished. What
     * is used after that is answered with KONG_EVENT_OVER. NULL: there is no such event, or this is not its thread. [loop] */
    const struct kong_pdk *(*pdk)(const struct kong_host *host, kong_event event);

    /* Makes the descriptor of a plugin from its definition (kong_define.h), which stays valid and unchanged to the end of
     * the process: the schema, the values of each configuration, and the calls of the handlers are then the host's work.
     * To be called in kong_plugin_open, and the result returned from there. NULL: the definition is not right; `error`,
     * which may be NULL, says how. */
    const struct kong_plugin *(*define)(const struct kong_host *host, const struct kong_definition *definition,
                                        kong_string *error);
} kong_host;

/* ------------------------------------------------------------------------------------------------
 * What a plugin is. Valid, and unchanged, from kong_plugin_open to the end of the process. It says the same in each
 * process: Kong is told by one what it is served by another.
 */

/* Flags of kong_plugin. A host refuses a plugin with a flag that it does not know.
 *
 * Without KONG_PLUGIN_BLOCKING no function of the plugin may keep its event loop waiting: what takes time goes on in a
 * completion, or on a thread of the plugin's own.
 *
 * KONG_PLUGIN_BLOCKING: `start`, `stop` and `handle` may block. The host runs them on threads that wait for nothing else,
 * one thread for one call from its beginning to its end, and there
 *
 *   - each of them does all of its work before it returns: it has called `started`, `stopped` or `finish`, or the host
 *     does so with a failure;
 *   - `call` with a completion and `flush` wait for Kong: the completion is called, on the same thread, before they
 *     return. Its result stays valid until the event is over, and so do all strings in it, each followed by a NUL;
 *   - a call without a completion is queued as ever, and does not wait;
 *   - `cancel` is not called. A call that waits when the event is cancelled is completed with KONG_CANCELLED, and so is
 *     each one after it;
 *   - tasks given to `schedule` run on the event loop all the same, and must not block. */
enum { KONG_PLUGIN_BLOCKING = 1 };

typedef struct kong_plugin {
    uint32_t size;       /* of this struct, in the plugin's version of this header */
    uint32_t flags;
    kong_string name;    /* empty: Kong knows the plugin by its file's name, NAME.so or libNAME.so; else it must be NAME */
    kong_string version; /* x.y.z, perhaps with a suffix as in 1.0.0-rc1: Kong 3.x takes nothing else */
    int32_t priority;    /* Kong runs plugins with a higher one first */
    uint32_t phases;     /* KONG_PHASE_BIT(…) of each phase that has a handler; at least one */

    /* The schema of a configuration: the map that Kong knows as the field "config", that is
     * {type: "record", fields: [{NAME: {type: …, …}}, …]} in the schema language of Kong. */
    const kong_value *config_schema;

    void *context;       /* the plugin's own */

    /* Starts an instance for one configuration: `config` is a borrowed map of the fields that Kong sent, with
     * names that begin with "__" as Kong's own. Kong has checked it, but not always against this version's schema: what does
     * not fit is answered with a failure. Answer with host->started. Called again for each configuration, so there
     * are many instances at a time. [loop] */
    void (*start)(const struct kong_plugin *plugin, kong_start start, kong_loop loop, const kong_value *config);

    /* The instance will get no more events, and all it had are over: free it. Answer with host->stopped. NULL when
     * there is nothing to free. [loop, the one that it was started on] */
    void (*stop)(const struct kong_plugin *plugin, kong_stop stop, kong_loop loop, void *instance);

    /* Handles an event: call PDK methods, then host->finish, in this call or later. Events of one instance
     * run side by side, on all loops. [loop]
     * Returns what `cancel` shall be given for this event; it must stay valid until finish. NULL: `cancel` is not called. */
    void *(*handle)(const struct kong_plugin *plugin, void *instance, kong_phase phase, kong_event event, kong_loop loop);

    /* Nobody waits for this event any more: its connection is gone, or it took too long. Calls that are under
     * way have been completed with KONG_CANCELLED. Finish soon. May be NULL. [loop] */
    void (*cancel)(const struct kong_plugin *plugin, kong_event event, void *handled);
} kong_plugin;

#if defined(__GNUC__)
#define KONG_EXPORT __attribute__((visibility("default")))
#else
#define KONG_EXPORT
#endif

/* The one function that a plugin exports. Called once for each process that loads the file, before any other
 * function of the plugin, on the main thread. On failure it returns NULL and points `error` to a message that
 * stays valid. `host` stays valid to the end of the process. */
KONG_EXPORT const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error);

/* Its type, and its name for dlsym. */
typedef const kong_plugin *(*kong_plugin_open_function)(const kong_host *host, kong_string *error);
#define KONG_PLUGIN_OPEN_SYMBOL "kong_plugin_open"

/* ------------------------------------------------------------------------------------------------
 * The stamp: read from the file before any of its code runs
 *
 * An ELF note (owner "Kong", type 1) in the section ".note.kong.plugin", with the exported data symbol
 * `kong_plugin_abi` at its first byte. Plain data: no pointers, nothing for the dynamic linker to change.
 * Strings are ASCII, end with a NUL, and are filled up with NULs.
 */
#define KONG_STAMP_SYMBOL "kong_plugin_abi"
#define KONG_STAMP_SECTION ".note.kong.plugin"
#define KONG_STAMP_OWNER "Kong"
#define KONG_STAMP_NOTE_TYPE 1

enum { KONG_LANGUAGE_OTHER = 0, KONG_LANGUAGE_C = 1, KONG_LANGUAGE_CPP = 2, KONG_LANGUAGE_SWIFT = 3, KONG_LANGUAGE_RUST = 4 };

/* Whether the file brings its own Swift runtime. The host believes the file's list of libraries rather than this. */
enum { KONG_RUNTIME_UNSTATED = 0, KONG_RUNTIME_SELF_CONTAINED = 1, KONG_RUNTIME_SHARED = 2 };

typedef struct kong_stamp {
    uint32_t size;         /* of this struct; 176 in ABI 1.0 */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint8_t language;      /* KONG_LANGUAGE_… */
    uint8_t runtime;       /* KONG_RUNTIME_… */
    uint8_t reserved[6];   /* 0 */
    char pdk_version[32];  /* of the PDK, as "0.1.0"; empty for a plugin written against this header alone */
    char toolchain[128];   /* for people, as "swift 6.3.1" */
} kong_stamp;

typedef struct kong_stamp_note {
    uint32_t name_size;    /* 5 */
    uint32_t stamp_size;   /* sizeof(kong_stamp) */
    uint32_t note_type;    /* KONG_STAMP_NOTE_TYPE */
    char name[8];          /* "Kong" */
    kong_stamp stamp;
} kong_stamp_note;

/* Places the stamp. Use it once in a plugin, outside of functions:
 *     KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "", "gcc " __VERSION__)
 */
#define KONG_PLUGIN_STAMP(language_, runtime_, pdk_version_, toolchain_)                                   \
    KONG_STAMP_LINKAGE KONG_EXPORT const kong_stamp_note kong_plugin_abi                                   \
        __attribute__((section(KONG_STAMP_SECTION), used, aligned(4))) = {                                 \
            sizeof(KONG_STAMP_OWNER), sizeof(kong_stamp), KONG_STAMP_NOTE_TYPE, KONG_STAMP_OWNER,          \
            {sizeof(kong_stamp), KONG_ABI_MAJOR, KONG_ABI_MINOR, (language_), (runtime_), {0, 0, 0, 0, 0, 0}, \
             pdk_version_, toolchain_}};
#ifdef __cplusplus
#define KONG_STAMP_LINKAGE extern "C"
#else
#define KONG_STAMP_LINKAGE
#endif

#ifdef __cplusplus
}
#endif

#endif /* KONG_PLUGIN_H */
