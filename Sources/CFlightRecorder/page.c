#define _GNU_SOURCE
#include "page.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t page_size(uint32_t slot_count) { return sizeof(flight_page) + slot_count * sizeof(flight_slot); }

flight_page *flight_page_create(uint32_t loop_count, uint32_t slot_count, int *fd) {
    if (slot_count > FLIGHT_MOST_SLOTS || loop_count > slot_count) {
        errno = EINVAL;
        return NULL;
    }
    size_t size = page_size(slot_count);
    int memory = -1;
    if (fd != NULL) {
        memory = memfd_create("flight recorder", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (memory < 0) return NULL;
        /* A process that made it smaller would end the other at its next look. */
        if (ftruncate(memory, (off_t)size) != 0 || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
            int error = errno;
            close(memory);
            errno = error;
            return NULL;
        }
    }
    flight_page *page =
        mmap(NULL, size, PROT_READ | PROT_WRITE, fd != NULL ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, memory, 0);
    if (page == MAP_FAILED) {
        int error = errno;
        if (memory >= 0) close(memory);
        errno = error;
        return NULL;
    }
    page->magic = FLIGHT_MAGIC;
    page->version = FLIGHT_VERSION;
    page->slot_count = slot_count;
    page->loop_count = loop_count;
    for (uint32_t index = 0; index < slot_count; index++) page->slots[index].mark = flight_no_mark();
    if (fd != NULL) *fd = memory;
    return page;
}

flight_page *flight_page_map(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0) return NULL;
    if (status.st_size < (off_t)sizeof(flight_page)) {
        errno = EINVAL;
        return NULL;
    }
    flight_page *page = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) return NULL;
    if (page->magic == FLIGHT_MAGIC && page->version == FLIGHT_VERSION && page->slot_count <= FLIGHT_MOST_SLOTS
        && page_size(page->slot_count) == (size_t)status.st_size && page->loop_count <= page->slot_count)
        return page;
    munmap(page, (size_t)status.st_size);
    errno = EINVAL;
    return NULL;
}

void flight_page_unmap(flight_page *page, uint32_t slot_count) { munmap(page, page_size(slot_count)); }

static uint32_t bounded(const uint32_t *count, uint32_t most) {
    uint32_t value = flight_load(count);
    return value < most ? value : most;
}

uint32_t flight_slot_count(const flight_page *page) { return page->slot_count; }
uint32_t flight_loop_count(const flight_page *page) { return page->loop_count; }

void flight_copy_slot(const flight_page *page, uint32_t index, flight_slot *slot) {
    memcpy(slot, &page->slots[index], sizeof *slot);
}

void flight_copy_plugin_name(const flight_page *page, uint16_t plugin, char name[FLIGHT_NAME_SIZE]) {
    name[0] = 0;
    if (plugin >= bounded(&page->plugin_count, FLIGHT_MOST_PLUGINS)) return;
    memcpy(name, page->plugins[plugin], FLIGHT_NAME_SIZE);
    name[FLIGHT_NAME_SIZE - 1] = 0;
}

int flight_copy_crash(const flight_page *page, flight_crash *crash) {
    if (flight_load(&page->crash.state) == FLIGHT_UNWRITTEN) return 0;
    memcpy(crash, &page->crash, sizeof *crash);
    if (crash->address_count > FLIGHT_MOST_ADDRESSES) crash->address_count = FLIGHT_MOST_ADDRESSES;
    return 1;
}


int flight_copy_module(const flight_page *page, uint64_t address, flight_module *module) {
    uint32_t count = bounded(&page->module_count, FLIGHT_MOST_MODULES);
    for (uint32_t index = 0; index < count; index++) {
        memcpy(module, &page->modules[index], sizeof *module);
        if (address < module->begin || address >= module->end) continue;
        module->path[FLIGHT_PATH_SIZE - 1] = 0;
        return 1;
    }
    return 0;
}
