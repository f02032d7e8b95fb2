/* Counts what a process takes from the heap: put it before the C library with LD_PRELOAD, and name a file in COUNT_ALLOCATIONS.
 * The file then has two numbers of 64 bits: how many allocations there were, and how many bytes were asked for.
 *
 *     cc -O2 -shared -fPIC -o count.so count.c
 *     COUNT_ALLOCATIONS=/tmp/counts LD_PRELOAD=./count.so PROGRAM
 *
 * A realloc counts as an allocation. It needs glibc, whose own functions it calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

typedef struct counts {
    uint64_t allocations, bytes;
} counts;

/* Until the file is there, and if it cannot be. */
static counts nobody_asks;
static counts *current = &nobody_asks;

__attribute__((constructor)) static void open_file(void) {
    const char *path = getenv("COUNT_ALLOCATIONS");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0) return;
    if (ftruncate(file, sizeof *current) == 0) {
        void *memory = mmap(NULL, sizeof *current, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory != MAP_FAILED) current = memory;
    }
    close(file);
}

static inline void count(size_t size) {
    __atomic_fetch_add(&current->allocations, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&current->bytes, size, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    count(items * size);
    return __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size) {
    count(size);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    void *result = memalign(alignment, size);
    if (!result) return ENOMEM;
    *memory = result;
    return 0;
}
