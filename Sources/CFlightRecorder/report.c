/* A crash in words, where there is no supervisor that would find them. */
#define _GNU_SOURCE
#include "recorder.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const phases[FLIGHT_PHASES] = {"certificate", "rewrite", "access", "response", "preread", "log"};
static const char *const activities[] = {"", "opening", "start", "stop", "handler", "completion", "task", "cancel"};

const char *flight_signal_name(int signal) {
    switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGABRT: return "SIGABRT";
    case SIGFPE: return "SIGFPE";
    case SIGSYS: return "SIGSYS";
    case SIGXCPU: return "SIGXCPU";
    case SIGKILL: return "SIGKILL";
    case SIGTERM: return "SIGTERM";
    default: return NULL;
    }
}

const char *flight_activity_name(uint8_t what) {
    return what < sizeof activities / sizeof *activities ? activities[what] : "";
}

const char *flight_phase_name(uint8_t phase) { return phase < FLIGHT_PHASES ? phases[phase] : NULL; }

/* Only the first thread that crashes writes a report. */
static struct {
    char bytes[24 * 1024];
    size_t size;
} text;

static void put(const char *string) {
    size_t size = strlen(string);
    if (size > sizeof text.bytes - text.size) size = sizeof text.bytes - text.size;
    memcpy(text.bytes + text.size, string, size);
    text.size += size;
}

static void put_number(uint64_t number, unsigned base, unsigned width) {
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0 || sizeof digits - 1 - at < width);
    put(digits + at);
}

static void put_signed(int64_t number) {
    if (number < 0) put("-");
    put_number(number < 0 ? -(uint64_t)number : (uint64_t)number, 10, 1);
}

static void put_address(uint64_t address) {
    put("0x");
    put_number(address, 16, 1);
}

/* As the server's log has it: 2026/11/23 05:04:03. The C library's own functions may wait for a lock. */
static void put_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t seconds = now.tv_sec + recorder.time_offset, days = seconds / 86400, rest = seconds % 86400;
    /* Years that begin in March, in eras of 400 of them: days from 0000-03-01. */
    int64_t day = days + 719468, era = day / 146097, of_era = day % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    put_number((uint64_t)(year_of_era + era * 400 + (month <= 2)), 10, 4);
    put("/");
    put_number((uint64_t)month, 10, 2);
    put("/");
    put_number((uint64_t)(of_year - (153 * from_march + 2) / 5 + 1), 10, 2);
    put(" ");
    put_number((uint64_t)(rest / 3600), 10, 2);
    put(":");
    put_number((uint64_t)(rest / 60 % 60), 10, 2);
    put(":");
    put_number((uint64_t)(rest % 60), 10, 2);
}

static void put_culprit(const flight_crash *crash) {
    char name[FLIGHT_NAME_SIZE];
    flight_copy_plugin_name(recorder.page, crash->mark.plugin, name);
    if (crash->sender != 0 || name[0] == 0) {
        put("the server");
        return;
    }
    put(name);
    put(": ");
    const char *phase = flight_phase_name(crash->mark.phase);
    if (crash->mark.event != 0 && phase != NULL) {
        put(phase);
        put(" ");
    }
    put(flight_activity_name(crash->mark.what));
}

static void put_cause(const flight_crash *crash) {
    switch (crash->reason) {
    case FLIGHT_EXIT:
        put(" called exit(");
        put_signed(crash->code);
        put(")");
        return;
    case FLIGHT_HELD:
        put(" held its loop for ");
        put_number(crash->held_milliseconds / 1000, 10, 1);
        put(".");
        put_number(crash->held_milliseconds / 100 % 10, 10, 1);
        put(" s");
        return;
    default: break;
    }
    const char *signal = flight_signal_name(crash->signal);
    put(crash->sender != 0 ? " was sent " : " crashed: ");
    if (signal != NULL) {
        put(signal);
    } else {
        put("signal ");
        put_signed(crash->signal);
    }
    if (crash->sender != 0) {
        put(" by process ");
        put_signed(crash->sender);
    } else {
        put(" at ");
        put_address(crash->address);
    }
}

static void put_circumstances(const flight_crash *crash) {
    if (crash->mark.instance != 0) {
        put(", instance ");
        put_signed(crash->mark.instance);
    }
    if (crash->mark.event != 0) {
        put(", event ");
        put_number(crash->mark.event, 10, 1);
        put(crash->answered ? ", answered" : ", not answered");
    }
    put(", thread ");
    put_signed(crash->thread);
}

static void put_frames(const flight_crash *crash) {
    for (uint32_t index = 0; index < crash->address_count; index++) {
        put("\n  at ");
        put_address(crash->addresses[index]);
        flight_module module;
        if (!flight_copy_module(recorder.page, crash->addresses[index], &module)) continue;
        put(" in ");
        put(module.path);
        put(" + ");
        put_address(crash->addresses[index] - module.base);
    }
    put("\n");
}

/* Whoever does not read is not waited for for long. */
static void write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        if (poll(&room, 1, 100) != 1 || (room.revents & POLLOUT) == 0) return;
        ssize_t count = write(fd, bytes, size < 4096 ? size : 4096);
        if (count <= 0) return;
        bytes += count;
        size -= (size_t)count;
    }
}

static void compose(const flight_crash *crash, bool with_process) {
    text.size = 0;
    put_time();
    put(" [critical] ");
    if (with_process) {
        put_signed(getpid());
        put(": ");
    }
    put_culprit(crash);
    put_cause(crash);
    put_circumstances(crash);
    put_frames(crash);
}

void flight_report(const flight_crash *crash) {
    compose(crash, false);
    write_all(STDERR_FILENO, text.bytes, text.size);
    if (recorder.report_path[0] == 0) return;
    int fd = open(recorder.report_path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return;
    compose(crash, true);
    write_all(fd, text.bytes, text.size);
    close(fd);
}
