/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A histogram for latencies and sizes: log-linear, 16 steps to each doubling, so that a quantile is
 * off by at most 1/16 whatever the scale.  One writer, any number of readers, like metrics.h; a
 * reader may be a few records behind.
 *
 *     histogram_record(&h, nanoseconds);
 *     uint64_t p99 = histogram_quantile(&h, 0.99);
 *
 * Values below 16 have a step each; those above HISTOGRAM_VALUE_MAX count as that.
 * Cost: 4.7 KB; a record is a count-leading-zeros and an addition.
 * Source: the layout is that of HdrHistogram. */
#ifndef BRINE_HISTOGRAM_H
#define BRINE_HISTOGRAM_H

#include "base/base.h"

#include <stdatomic.h>

enum {
    HISTOGRAM_STEP_BITS = 4,
    HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS,
    HISTOGRAM_VALUE_BITS = 40, /* in nanoseconds: 18 minutes */
    HISTOGRAM_CELLS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS
};
#define HISTOGRAM_VALUE_MAX (((uint64_t)1 << HISTOGRAM_VALUE_BITS) - 1)

/* Zero-initialised. */
struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_CELLS];
    _Atomic uint64_t total, sum, max;
};

/* The writer's thread. */
void histogram_record(struct histogram *histogram, uint64_t value);
/* Adds what `from` holds; the writer's thread of `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* What was recorded between two states of one histogram, into an empty one; a cell that fell began
 * anew in between and counts as it is now.  The largest value is known to its step. */
void histogram_subtract(const struct histogram *now, const struct histogram *before,
                        struct histogram *into);

uint64_t histogram_count(const struct histogram *histogram);
uint64_t histogram_sum(const struct histogram *histogram);
uint64_t histogram_max(const struct histogram *histogram);
/* How many values were below this power of two; exact from HISTOGRAM_STEPS on. */
uint64_t histogram_count_below(const struct histogram *histogram, uint64_t power);
/* The writer's thread: as new. */
void histogram_clear(struct histogram *histogram);
/* The smallest step's upper end such that at least `quantile` (0 to 1) of the values are not
 * above it, and never above the largest value seen; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

#endif
