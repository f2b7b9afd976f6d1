/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/quantiles.h"

enum { MILLION = 1000000 };

static const struct {
    const char *name, *key;
    unsigned per_million;
} shown[] = {{"p50", "p50_us", 500000},
             {"p90", "p90_us", 900000},
             {"p99", "p99_us", 990000},
             {"p99.9", "p99_9_us", 999000},
             {"p99.99", "p99_99_us", 999900}};

/* Values below 32 have a cell each; then each doubling has 32. */
static size_t cell_of(uint64_t value) {
    if (value < QUANTILES_STEPS) return (size_t)value;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(value) - 5;
    size_t cell =
        (size_t)(doubling + 1) * QUANTILES_STEPS + (size_t)((value >> doubling) - QUANTILES_STEPS);
    return MIN(cell, (size_t)QUANTILES_CELLS - 1);
}

/* The highest value of a cell. */
static uint64_t top_of(size_t cell) {
    if (cell < QUANTILES_STEPS) return cell;
    unsigned doubling = (unsigned)(cell / QUANTILES_STEPS) - 1;
    uint64_t step = cell % QUANTILES_STEPS + QUANTILES_STEPS;
    return ((step + 1) << doubling) - 1;
}

void quantiles_add(struct quantiles *quantiles, int64_t us) {
    uint64_t value = us > 0 ? (uint64_t)us : 0;
    quantiles->cells[cell_of(value)]++;
    quantiles->min_us = quantiles->count ? MIN(quantiles->min_us, value) : value;
    quantiles->max_us = MAX(quantiles->max_us, value);
    quantiles->sum_us += value;
    quantiles->count++;
}

void quantiles_merge(struct quantiles *into, const struct quantiles *from) {
    if (from->count == 0) return;
    for (size_t i = 0; i < QUANTILES_CELLS; i++) into->cells[i] += from->cells[i];
    into->min_us = into->count ? MIN(into->min_us, from->min_us) : from->min_us;
    into->max_us = MAX(into->max_us, from->max_us);
    into->sum_us += from->sum_us;
    into->count += from->count;
}

uint64_t quantiles_us(const struct quantiles *quantiles, unsigned per_million) {
    uint64_t wanted = (quantiles->count * per_million + MILLION - 1) / MILLION, seen = 0;
    for (size_t i = 0; i < QUANTILES_CELLS; i++) {
        seen += quantiles->cells[i];
        if (seen >= wanted && seen) return MIN(top_of(i), quantiles->max_us);
    }
    return 0;
}

enum brine_status quantiles_text(const struct quantiles *quantiles, struct buf *out) {
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        TRY(buf_printf(out, "%s %.3f  ", shown[i].name,
                       (double)quantiles_us(quantiles, shown[i].per_million) / 1000));
    return buf_printf(out, "max %.3f ms", (double)quantiles->max_us / 1000);
}

void quantiles_json(const struct quantiles *quantiles, struct json *json) {
    json_key(json, "count");
    json_uint(json, quantiles->count);
    json_key(json, "min_us");
    json_uint(json, quantiles->min_us);
    json_key(json, "mean_us");
    json_double(json, quantiles->count ? (double)quantiles->sum_us / (double)quantiles->count : 0);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        json_key(json, shown[i].key);
        json_uint(json, quantiles_us(quantiles, shown[i].per_million));
    }
    json_key(json, "max_us");
    json_uint(json, quantiles->max_us);
}
