/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the hit ratio would be with another amount of memory: part of store.h, which includes it.
 *
 * A store that was created with forecast_bytes follows a sample of the keys through caches of half,
 * the same, twice and four times the room, each in miniature and under the policy in force.  What
 * the other sizes get more or less than the one of the same size is added to what the store got, of
 * late: of some hundred thousand reads of the sample.  Until a larger cache would have filled, what
 * it has not seen before is a miss in it, too.
 * Error: the test allows 0.04, in caches of 4 to 32 MB with work by Zipf, of mixed sizes and times.
 * Source: Waldspurger, Saemundsson, Ahmad, Park, "Cache modeling and optimization using miniature
 * simulations", ATC'17; the correction for popular keys is that of SHARDS_adj, FAST'15.
 *
 * Thread: any.  Cost: nothing for a key that is not in the sample; a sampled read or write takes a
 * mutex and some us. */
#ifndef BRINE_STORE_FORECAST_H
#define BRINE_STORE_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_forecast_size {
    FORECAST_HALF,
    FORECAST_SAME,
    FORECAST_DOUBLE,
    FORECAST_QUADRUPLE,
    FORECAST_SIZES
};

/* How much room entries have in each of them; now and then, for whatever else takes of a limit
 * changes. */
void store_forecast_fit(struct store *store, const size_t room_bytes[FORECAST_SIZES]);

struct store_forecast {
    bool known;     /* enough was read, and the policy evicts */
    size_t keys;    /* in the sample now */
    double share;   /* of all keys that the sample takes */
    uint64_t reads; /* of the sample that the ratios are of */
    double hit_ratios[FORECAST_SIZES];
};
struct store_forecast store_forecast(const struct store *store);

#endif
