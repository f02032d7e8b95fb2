/* The layout of the page: both processes are the same program, so it is nobody else's. */
#ifndef FLIGHT_PAGE_H
#define FLIGHT_PAGE_H

#include "flight_recorder.h"

struct flight_page {
    uint64_t magic;
    uint32_t version;
    uint32_t slot_count;
    uint32_t loop_count; /* the first slots are the loops' */
    uint32_t plugin_count;
    uint32_t module_count;
    int32_t process;
    flight_crash crash;
    char plugins[FLIGHT_MOST_PLUGINS][FLIGHT_NAME_SIZE];
    flight_module modules[FLIGHT_MOST_MODULES];
    _Alignas(64) flight_slot slots[];
};

static inline uint32_t flight_load(const uint32_t *number) { return __atomic_load_n(number, __ATOMIC_ACQUIRE); }
static inline void flight_store(uint32_t *number, uint32_t value) { __atomic_store_n(number, value, __ATOMIC_RELEASE); }

#endif
