/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How fast counters rise: the mean of the last RATES_SAMPLES samples, as Redis's INFO shows it.
 *
 *     rates_sample(&rates, clock_mono_ms(), &set);     // by one thread, ten times a second
 *     rates_read(&rates, RATE_commands);               // any thread
 *
 * Cost: the sum of three counters over all threads, a sample.  Source: Redis 7.0 server.c
 * trackInstantaneousMetric. */
#ifndef BRINE_RATES_H
#define BRINE_RATES_H

#include "observe/metrics.h"

enum rate { RATE_commands, RATE_input_bytes, RATE_output_bytes, RATE_COUNT };
enum { RATES_SAMPLES = 16 };

/* Zero-initialised. */
struct rates {
    int64_t sampled_mono_ms; /* 0: never */
    uint64_t seen[RATE_COUNT];
    uint64_t samples[RATE_COUNT][RATES_SAMPLES]; /* a second */
    size_t next;
    _Atomic uint64_t means[RATE_COUNT];
};

/* Its one thread's. */
void rates_sample(struct rates *rates, int64_t mono_ms, const struct metrics_set *set);

static inline uint64_t rates_read(const struct rates *rates, enum rate rate) {
    return atomic_load_explicit(&rates->means[rate], memory_order_relaxed);
}

#endif
