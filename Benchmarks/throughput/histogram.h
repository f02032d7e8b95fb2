/* Durations in nanoseconds, each kept to within 1 % of itself, up to centuries. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/* Each power of two has 128 steps, and what is below 128 one for each nanosecond. */
#define STEP_BITS 7
#define STEPS (1u << STEP_BITS)

typedef struct histogram {
    uint64_t count, greatest;
    uint32_t buckets[(64 - STEP_BITS + 1) * STEPS];
} histogram;

static inline void histogram_add(histogram *h, uint64_t duration) {
    unsigned shift = duration < STEPS ? 0 : 63u - (unsigned)__builtin_clzll(duration) - STEP_BITS;
    h->buckets[shift * STEPS + (duration >> shift)]++;
    h->count++;
    if (duration > h->greatest) h->greatest = duration;
}

/* The duration that this share of all, 0 to 1, does not exceed, in microseconds. */
static inline double histogram_microseconds(const histogram *h, double share) {
    uint64_t rank = (uint64_t)((double)h->count * share), seen = 0;
    for (unsigned i = 0; i < sizeof h->buckets / sizeof *h->buckets; i++) {
        seen += h->buckets[i];
        if (seen <= rank) continue;
        unsigned shift = i < 2 * STEPS ? 0 : i / STEPS - 1;
        return (double)((uint64_t)(i - shift * STEPS) << shift) / 1e3;
    }
    return (double)h->greatest / 1e3;
}

#endif
