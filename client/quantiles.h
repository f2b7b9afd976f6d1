/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How long things took, for quantiles up to p99.99: log-linear cells, 32 to each doubling, so that
 * a quantile is at most 1/32 too high whatever the scale.  Zero-initialised.  One thread; merge
 * adds. Source: the layout is that of HdrHistogram. */
#ifndef BRINE_CLIENT_QUANTILES_H
#define BRINE_CLIENT_QUANTILES_H

#include "text/json.h"

enum { QUANTILES_STEPS = 32, QUANTILES_CELLS = (40 - 5 + 1) * QUANTILES_STEPS };

struct quantiles {
    uint64_t cells[QUANTILES_CELLS];
    uint64_t count, sum_us, min_us, max_us;
};

void quantiles_add(struct quantiles *quantiles, int64_t us);
void quantiles_merge(struct quantiles *into, const struct quantiles *from);
/* The least value that so many of a million are not above; 0 when there are none. */
uint64_t quantiles_us(const struct quantiles *quantiles, unsigned per_million);

/* "p50 0.041  p90 ... p99.99 ...  max ... ms" and the same as keys of an open object. */
enum brine_status quantiles_text(const struct quantiles *quantiles, struct buf *out) MUST_USE;
void quantiles_json(const struct quantiles *quantiles, struct json *json);

#endif
