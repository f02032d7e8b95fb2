#define _GNU_SOURCE
#include "recorder.h"
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct recorder recorder = {.pipe = {-1, -1}};
_Thread_local struct recorded_thread recorded_thread;

/* Enough for the handler, and for a backtracer that the Swift runtime may have been asked for. */
enum { ALTERNATE_STACK_SIZE = 64 * 1024 };

flight_slot *flight_current_slot(void) { return recorded_thread.slot; }

flight_slot *flight_installed_slot(uint32_t index) {
    flight_page *page = recorder.page;
    return page != NULL && index < page->slot_count ? &page->slots[index] : NULL;
}

flight_slot *flight_enter_thread(uint32_t index, uint32_t kind) {
    flight_slot *slot = flight_installed_slot(index);
    if (slot == NULL) return NULL;
    struct recorded_thread *thread = &recorded_thread;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        void *low;
        size_t size;
        if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
            thread->stack_low = (uintptr_t)low;
            thread->stack_high = (uintptr_t)low + size;
        }
        pthread_attr_destroy(&attributes);
    }
    /* Once for each thread; the memory is never given back, since these threads stay. */
    if (!thread->has_alternate_stack) {
        void *memory = mmap(NULL, ALTERNATE_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory != MAP_FAILED) {
            stack_t stack = {.ss_sp = memory, .ss_size = ALTERNATE_STACK_SIZE};
            thread->has_alternate_stack = sigaltstack(&stack, NULL) == 0;
        }
    }
    slot->kind = kind;
    slot->thread = (int32_t)syscall(SYS_gettid);
    thread->index = index;
    thread->slot = slot;
    return slot;
}

uint16_t flight_add_plugin(const char *name, size_t size) {
    flight_page *page = recorder.page;
    if (page == NULL || page->plugin_count >= FLIGHT_MOST_PLUGINS) return FLIGHT_NO_PLUGIN;
    uint16_t plugin = (uint16_t)page->plugin_count;
    if (size > FLIGHT_NAME_SIZE - 1) size = FLIGHT_NAME_SIZE - 1;
    memcpy(page->plugins[plugin], name, size);
    flight_store(&page->plugin_count, plugin + 1u);
    return plugin;
}

void flight_set_answer(uint16_t plugin, uint8_t phase, uint32_t protocol, const void *bytes, size_t size) {
    if (plugin >= FLIGHT_MOST_PLUGINS || phase >= FLIGHT_PHASES || protocol >= FLIGHT_PROTOCOLS || size > FLIGHT_LONGEST_ANSWER)
        return;
    void *copy = malloc(size);
    if (copy == NULL) return;
    memcpy(copy, bytes, size);
    recorder.answers[plugin][phase][protocol] = (struct recorded_answer){copy, size};
}

void flight_set_start_answer(const flight_connection *connection, const void *bytes, size_t size) {
    struct recorded_thread *thread = &recorded_thread;
    thread->start_answer = (struct recorded_answer){connection != NULL ? bytes : NULL, size};
    thread->start_connection = connection;
    if (connection != NULL) thread->start_sends = connection->sends;
}

/* ---- What is mapped */

static int note_module(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    flight_page *page = context;
    if (page->module_count >= FLIGHT_MOST_MODULES) return 1;
    uint64_t begin = UINT64_MAX, end = 0;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD) continue;
        uint64_t start = info->dlpi_addr + segment->p_vaddr;
        if (start < begin) begin = start;
        if (start + segment->p_memsz > end) end = start + segment->p_memsz;
    }
    if (begin >= end) return 0;
    flight_module *module = &page->modules[page->module_count];
    memset(module, 0, sizeof *module);
    module->base = info->dlpi_addr;
    module->begin = begin;
    module->end = end;
    /* The program itself has no name here. */
    if (info->dlpi_name == NULL || info->dlpi_name[0] == 0) {
        ssize_t length = readlink("/proc/self/exe", module->path, sizeof module->path - 1);
        if (length < 0) module->path[0] = 0;
    } else {
        strncpy(module->path, info->dlpi_name, sizeof module->path - 1);
    }
    flight_store(&page->module_count, page->module_count + 1);
    return 0;
}

/* Plugins are loaded by their descriptors, which are closed afterwards: only the kernel knows the files. A line of its
 * table is "BEGIN-END rwxp OFFSET DEVICE INODE PATH". */
static void note_paths(flight_page *page) {
    FILE *table = fopen("/proc/self/maps", "re");
    if (table == NULL) return;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, table) > 0) {
        uint64_t begin = strtoull(line, NULL, 16);
        const char *path = strchr(line, '/');
        if (path == NULL) continue;
        for (uint32_t index = 0; index < page->module_count; index++) {
            flight_module *module = &page->modules[index];
            if (begin < module->begin || begin >= module->end || strncmp(module->path, "/proc/self/fd/", 14) != 0) continue;
            size_t size = strcspn(path, "\n");
            if (size > sizeof module->path - 1) size = sizeof module->path - 1;
            memcpy(module->path, path, size);
            module->path[size] = 0;
        }
    }
    free(line);
    fclose(table);
}

void flight_note_modules(void) {
    flight_page *page = recorder.page;
    if (page == NULL) return;
    flight_store(&page->module_count, 0);
    dl_iterate_phdr(note_module, page);
    note_paths(page);
}
