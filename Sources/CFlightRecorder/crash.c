/* The last moments of a process: what it was doing is written down, and whoever waits for that is answered.
 *
 * All of it runs in handlers of signals, on a stack of their own: no memory is asked for, no lock is taken, and what may be
 * damaged is read through the kernel. */
#define _GNU_SOURCE
#include "recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS, FLIGHT_HELD_SIGNAL};
enum { CRASH_SIGNALS = sizeof crash_signals / sizeof *crash_signals };
static struct sigaction previous[NSIG];
/* Threads that are answering. */
static uint32_t answering;

/* ---- Where it was */

/* What is at an address, if it can be read. */
static bool peek(uint64_t address, uint64_t words[2]) {
    if (address % 8 != 0 || write(recorder.pipe[1], (const void *)address, 16) != 16) return false;
    return read(recorder.pipe[0], words, 16) == 16;
}

/* A bit of the frame pointers of async functions. */
#define ASYNC_FRAME (UINT64_C(1) << 60)

struct place {
    uint64_t instruction, frame, stack;
};

static bool is_code(uint64_t address) {
    flight_module module;
    return flight_copy_module(recorder.page, address, &module);
}

/* Whether a frame can be there: above `low`, and on this thread's stack as far as that is known. */
static bool is_frame(uint64_t frame, uint64_t low) {
    const struct recorded_thread *thread = &recorded_thread;
    if (frame % 8 != 0 || frame < low) return false;
    return thread->stack_high == 0 || (frame >= thread->stack_low && frame <= thread->stack_high - 16);
}

/* Whether a frame is followed by others, each above the one before. */
static bool leads_on(uint64_t frame) {
    enum { FRAMES = 5 };
    uint64_t words[2];
    for (int count = 0; count < FRAMES; count++) {
        if (!peek(frame, words) || !is_code(words[1]) || !is_frame(words[0] & ~ASYNC_FRAME, frame + 16)) return false;
        frame = words[0] & ~ASYNC_FRAME;
    }
    return true;
}

/* The C library keeps no frame pointers. Finds the next of the callers' frames above `low`. 0: none. */
static uint64_t find_frame(uint64_t low) {
    enum { FARTHEST = 16 * 1024 };
    for (uint64_t frame = low + (8 - low % 8) % 8; frame < low + FARTHEST && is_frame(frame, low); frame += 8) {
        if (leads_on(frame)) return frame;
    }
    return 0;
}

/* The addresses to return to, by the frame pointers that Swift and C keep. They only lead up the stack. */
static void walk(flight_crash *crash, struct place place) {
    uint64_t words[2];
    crash->addresses[crash->address_count++] = place.instruction;
    /* A call of what is no function: only the stack knows where it came from. */
    if (!is_code(place.instruction) && peek(place.stack, words)) crash->addresses[crash->address_count++] = words[0];
    uint64_t frame = place.frame, low = place.stack;
    bool may_search = true;
    while (crash->address_count < FLIGHT_MOST_ADDRESSES) {
        frame &= ~ASYNC_FRAME;
        bool is_good = is_frame(frame, low) && peek(frame, words) && is_code(words[1]);
        if (!is_good) {
            /* Once is enough: the bottom of the stack has none either. */
            if (!may_search || (frame = find_frame(low)) == 0 || !peek(frame, words)) return;
            may_search = false;
        }
        crash->addresses[crash->address_count++] = words[1];
        low = frame + 16;
        frame = words[0];
    }
}

static struct place place_of(const ucontext_t *context) {
#if defined(__x86_64__)
    const greg_t *registers = context->uc_mcontext.gregs;
    return (struct place){(uint64_t)registers[REG_RIP], (uint64_t)registers[REG_RBP], (uint64_t)registers[REG_RSP]};
#elif defined(__aarch64__)
    const mcontext_t *machine = &context->uc_mcontext;
    return (struct place){machine->pc, machine->regs[29], machine->sp};
#else
#error "say here where this processor keeps its instruction, frame and stack pointers"
#endif
}

/* ---- The record */

/* Takes the record for this thread. False: another one is crashing too, and was first. */
static bool take_record(flight_crash *crash, uint32_t reason) {
    uint32_t unwritten = FLIGHT_UNWRITTEN;
    if (!__atomic_compare_exchange_n(
            &crash->state, &unwritten, FLIGHT_BEING_WRITTEN, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return false;
    const struct recorded_thread *thread = &recorded_thread;
    crash->reason = reason;
    crash->thread = (int32_t)syscall(SYS_gettid);
    crash->slot = thread->slot != NULL ? thread->index : UINT32_MAX;
    crash->mark = thread->slot != NULL ? thread->slot->mark : flight_no_mark();
    return true;
}

/* Another thread ends the process. */
__attribute__((noreturn)) static void wait_for_end(void) {
    for (;;) poll(NULL, 0, 1000);
}

/* Answers the event that this thread was running, waits for others that are doing the same, and ends the connections. */
static void answer(flight_crash *crash) {
    __atomic_add_fetch(&answering, 1, __ATOMIC_ACQ_REL);
    bool answered = recorded_thread.slot != NULL && flight_answer(&recorded_thread.slot->mark);
    __atomic_sub_fetch(&answering, 1, __ATOMIC_ACQ_REL);
    if (crash == NULL) wait_for_end();
    crash->answered = answered;
    for (int patience = 1000; patience > 0 && __atomic_load_n(&answering, __ATOMIC_ACQUIRE) > 0; patience--) poll(NULL, 0, 1);
    if (recorder.reports) flight_report(crash);
    flight_take_leave();
}

static bool is_fault(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

/* What would have happened without this handler, to the same instruction if it was one. */
static void go_on(int signal, const siginfo_t *info) {
    struct sigaction action = previous[signal];
    bool comes_again = is_fault(signal) && info->si_code > 0;
    /* A handler of the Swift runtime's counts on the instruction to fault again. */
    if (!comes_again && signal != SIGABRT) action = (struct sigaction){.sa_handler = SIG_DFL};
    if ((action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN) action.sa_handler = SIG_DFL;
    sigaction(signal, &action, NULL);
    if (comes_again) return;
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
}

static void crashed(int signal, siginfo_t *info, void *context) {
    flight_page *page = recorder.page;
    flight_slot *slot = recorded_thread.slot;
    /* A child that a plugin has forked is none of Kong's. */
    if (page->process != getpid()) return go_on(signal, info);
    uint32_t leaving_thread = flight_load(&recorder.leaving_thread);
    if (signal == FLIGHT_HELD_SIGNAL && leaving_thread != 0) {
        if (leaving_thread == (uint32_t)syscall(SYS_gettid)) return;
        wait_for_end();
    }
    bool is_held = signal == FLIGHT_HELD_SIGNAL && info->si_code == SI_TKILL && slot != NULL && slot->held_milliseconds > 0;
    if (is_held && slot->mark.what == FLIGHT_NOTHING) {
        /* It has let go in the meantime. */
        slot->held_milliseconds = 0;
        return;
    }
    flight_crash *crash = &page->crash;
    if (!take_record(crash, is_held ? FLIGHT_HELD : FLIGHT_SIGNAL)) answer(NULL);
    struct place place = place_of(context);
    crash->signal = signal;
    crash->code = info->si_code;
    /* Somebody else wanted the process to end: whatever runs here has not done it. */
    crash->sender = !is_held && info->si_code <= 0 && info->si_pid != getpid() ? info->si_pid : 0;
    crash->address = is_fault(signal) && info->si_code > 0 ? (uint64_t)info->si_addr : place.instruction;
    crash->instruction = place.instruction;
    crash->held_milliseconds = is_held ? slot->held_milliseconds : 0;
    walk(crash, place);
    flight_store(&crash->state, FLIGHT_WRITTEN);
    answer(crash);
    go_on(signal, info);
}

/* exit() was called: the server itself ends with _exit once plugins run, and before that on a thread with no plugin's mark. */
static void exited(int status, void *context) {
    (void)context;
    flight_page *page = recorder.page;
    const flight_slot *slot = recorded_thread.slot;
    if (page->process != getpid() || (slot != NULL && slot->mark.what == FLIGHT_NOTHING)) return;
    flight_crash *crash = &page->crash;
    if (!take_record(crash, FLIGHT_EXIT)) answer(NULL);
    const uint64_t *frame = __builtin_frame_address(0);
    crash->code = status;
    walk(crash, (struct place){(uint64_t)__builtin_return_address(0), frame[0], (uint64_t)(frame + 2)});
    flight_store(&crash->state, FLIGHT_WRITTEN);
    answer(crash);
    _exit(status);
}

void flight_install(flight_page *page, const char *report) {
    page->process = getpid();
    recorder.page = page;
    recorder.reports = report != NULL;
    if (report != NULL) strncpy(recorder.report_path, report, sizeof recorder.report_path - 1);
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL) recorder.time_offset = local.tm_gmtoff;
    if (pipe2(recorder.pipe, O_CLOEXEC | O_NONBLOCK) != 0) recorder.pipe[0] = recorder.pipe[1] = -1;

    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    /* A crash in the handler, where its signal is blocked, ends the process at once. */
    sigfillset(&action.sa_mask);
    /* A blocked signal stays blocked across exec, and then ends the process without a word. */
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int index = 0; index < CRASH_SIGNALS; index++) sigaddset(&wanted, crash_signals[index]);
    pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    for (int index = 0; index < CRASH_SIGNALS; index++) sigaction(crash_signals[index], &action, &previous[crash_signals[index]]);
    on_exit(exited, NULL);
}

int flight_end_holder(flight_page *page, uint32_t index, int32_t process, uint32_t held_milliseconds) {
    flight_slot *slot = &page->slots[index];
    flight_store(&slot->held_milliseconds, held_milliseconds);
    return (int)syscall(SYS_tgkill, process, slot->thread, FLIGHT_HELD_SIGNAL);
}
