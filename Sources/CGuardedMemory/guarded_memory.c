#define _GNU_SOURCE
#include "guarded_memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Pages with a purpose, and behind them one that nobody may touch. What is lent is never lent again, so that an address
 * says for ever what it was. */
struct loan {
    uintptr_t start; /* of the first page */
    uintptr_t end;   /* of the last one, and the start of the one behind it */
    uintptr_t data;
    atomic_int is_over;
    char what[96];
};

enum { LOAN_LIMIT = 1 << 16 };
static struct loan loans[LOAN_LIMIT];
static atomic_int loan_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Addresses that are taken one after the other: neighbours of one kind are one mapping for the kernel, which has a limit of
 * them. */
static const size_t chunk_size = (size_t)64 << 20;
static uintptr_t next_address, last_address;
static size_t page_size;
static int line_descriptor = -1;

static const char filler = (char)0xa5;

static void put(const char *text) {
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t written = write(line_descriptor, text, size);
        if (written <= 0) return;
        text += written;
        size -= (size_t)written;
    }
}

static void watch(int number, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    int count = atomic_load(&loan_count);
    for (int i = 0; i < count; i++) {
        const struct loan *loan = &loans[i];
        if (address < loan->start || address >= loan->end + page_size) continue;
        put("{\"fault\":\"");
        put(address >= loan->end ? "beyond" : atomic_load(&loan->is_over) ? "late" : "written");
        put("\",\"what\":\"");
        put(loan->what);
        put("\"}\n");
        break;
    }
    /* Once more, and then it ends the process. */
    signal(number, SIG_DFL);
}

int guarded_memory_watch(int descriptor) {
    line_descriptor = descriptor;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = watch;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, NULL) != 0) return -1;
    return sigaction(SIGBUS, &action, NULL);
}

static uintptr_t take(size_t size) {
    if (last_address - next_address < size) {
        size_t room = size > chunk_size ? size : chunk_size;
        void *chunk = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (chunk == MAP_FAILED) return 0;
        next_address = (uintptr_t)chunk;
        last_address = next_address + room;
    }
    uintptr_t start = next_address;
    next_address += size;
    return start;
}

static void *lend(size_t size, const char *what) {
    if (page_size == 0) page_size = (size_t)sysconf(_SC_PAGESIZE);
    int index = atomic_load(&loan_count);
    if (index == LOAN_LIMIT || size > SIZE_MAX / 2) return NULL;
    size_t rounded = (size + 7) & ~(size_t)7;
    size_t pages = ((rounded ? rounded : 1) + page_size - 1) / page_size * page_size;
    uintptr_t start = take(pages + page_size);
    if (start == 0 || mprotect((void *)start, pages, PROT_READ | PROT_WRITE) != 0) return NULL;
    memset((void *)start, filler, pages);
    struct loan *loan = &loans[index];
    loan->start = start;
    loan->end = start + pages;
    loan->data = loan->end - rounded;
    strncpy(loan->what, what, sizeof loan->what - 1);
    atomic_store(&loan_count, index + 1);
    return (void *)loan->data;
}

void *guarded_memory_lend(size_t size, const char *what) {
    pthread_mutex_lock(&lock);
    void *memory = lend(size, what);
    pthread_mutex_unlock(&lock);
    return memory;
}

static struct loan *find(const void *memory) {
    /* The latest ones end first, as a rule. */
    for (int i = atomic_load(&loan_count) - 1; i >= 0; i--)
        if (loans[i].data == (uintptr_t)memory) return &loans[i];
    return NULL;
}

void guarded_memory_seal(const void *memory) {
    struct loan *loan = find(memory);
    if (loan) mprotect((void *)loan->start, loan->end - loan->start, PROT_READ);
}

void guarded_memory_end(const void *memory) {
    struct loan *loan = find(memory);
    if (!loan || atomic_exchange(&loan->is_over, 1)) return;
    madvise((void *)loan->start, loan->end - loan->start, MADV_DONTNEED);
    mprotect((void *)loan->start, loan->end - loan->start, PROT_NONE);
}
