/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Cells, with 4 step bits (16 steps):
 *
 *     cells 0..15    values 0..15, one each
 *     cells 16..31   values 16..31, one each
 *     cells 32..47   values 32..63, two each
 *     cells 48..63   values 64..127, four each ...
 *
 * A value's highest bit gives the row, the four bits below it the step in the row. */

#include "observe/histogram.h"

static unsigned highest_bit(uint64_t value) {
    return 63 - (unsigned)__builtin_clzll(value);
}

static size_t cell_of(uint64_t value) {
    if (value < HISTOGRAM_STEPS) return (size_t)value;
    unsigned shift = highest_bit(value) - HISTOGRAM_STEP_BITS;
    return (size_t)shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
}

/* The largest value that the cell holds. */
static uint64_t cell_upper_end(size_t cell) {
    if (cell < HISTOGRAM_STEPS) return cell;
    unsigned shift = (unsigned)(cell / HISTOGRAM_STEPS) - 1;
    uint64_t step = cell % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
    return ((step + 1) << shift) - 1;
}

static uint64_t look(const _Atomic uint64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}
static void add(_Atomic uint64_t *value, uint64_t more) {
    atomic_store_explicit(value, look(value) + more, memory_order_relaxed);
}

void histogram_record(struct histogram *histogram, uint64_t value) {
    value = MIN(value, HISTOGRAM_VALUE_MAX);
    add(&histogram->counts[cell_of(value)], 1);
    add(&histogram->total, 1);
    add(&histogram->sum, value);
    if (value > look(&histogram->max))
        atomic_store_explicit(&histogram->max, value, memory_order_relaxed);
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    for (size_t i = 0; i < HISTOGRAM_CELLS; i++) add(&into->counts[i], look(&from->counts[i]));
    add(&into->total, look(&from->total));
    add(&into->sum, look(&from->sum));
    if (look(&from->max) > look(&into->max))
        atomic_store_explicit(&into->max, look(&from->max), memory_order_relaxed);
}

static uint64_t rise(const _Atomic uint64_t *now, const _Atomic uint64_t *before) {
    return look(now) >= look(before) ? look(now) - look(before) : look(now);
}

void histogram_subtract(const struct histogram *now, const struct histogram *before,
                        struct histogram *into) {
    uint64_t max = 0;
    for (size_t i = 0; i < HISTOGRAM_CELLS; i++) {
        uint64_t more = rise(&now->counts[i], &before->counts[i]);
        add(&into->counts[i], more);
        add(&into->total, more);
        if (more > 0) max = cell_upper_end(i);
    }
    add(&into->sum, rise(&now->sum, &before->sum));
    atomic_store_explicit(&into->max, MIN(max, look(&now->max)), memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram *histogram) {
    return look(&histogram->total);
}

uint64_t histogram_sum(const struct histogram *histogram) {
    return look(&histogram->sum);
}

uint64_t histogram_max(const struct histogram *histogram) {
    return look(&histogram->max);
}

uint64_t histogram_count_below(const struct histogram *histogram, uint64_t power) {
    uint64_t below = 0;
    size_t end = power > HISTOGRAM_VALUE_MAX ? (size_t)HISTOGRAM_CELLS : cell_of(power);
    for (size_t i = 0; i < end; i++) below += look(&histogram->counts[i]);
    return below;
}

void histogram_clear(struct histogram *histogram) {
    for (size_t i = 0; i < HISTOGRAM_CELLS; i++)
        atomic_store_explicit(&histogram->counts[i], 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->total, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->sum, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->max, 0, memory_order_relaxed);
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile) {
    uint64_t max = look(&histogram->max);
    double wanted = quantile * (double)look(&histogram->total);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_CELLS; i++) {
        seen += look(&histogram->counts[i]);
        if (seen > 0 && (double)seen >= wanted) return MIN(cell_upper_end(i), max);
    }
    return max;
}
