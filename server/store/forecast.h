/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The sample behind store_forecast.h.  Private to store/.
 *
 * Words.  A *shade* is a sampled key and in which of the caches it lies.  The *share* of keys that
 * is sampled begins with a quarter and falls as shades come near the room they have; it never
 * rises. Thread: any; a mutex of its own, taken under shards' locks and taking none. Ceiling: the
 * bytes it was created with. */
#ifndef BRINE_STORE_FORECAST_PRIVATE_H
#define BRINE_STORE_FORECAST_PRIVATE_H

#include "store/shard.h"

enum { FORECAST_BYTES_MIN = 16 * 1024 };

/* NULL when refused. */
struct forecast *forecast_create(struct allocator *mem, size_t bytes) MUST_USE;
size_t forecast_taken_bytes(const struct forecast *forecast);
void forecast_destroy(struct forecast *forecast, struct allocator *mem);

/* Any bits of the hash choose something already; a product with an odd number mixes them anew. */
static inline uint64_t forecast_mix(uint64_t hash) {
    return hash * UINT64_C(0x9E3779B97F4A7C15);
}
static inline bool forecast_samples(const struct store *store, uint64_t hash) {
    uint32_t below = atomic_load_explicit(&store->evict.sample_below, memory_order_relaxed);
    return UNLIKELY((uint32_t)(forecast_mix(hash) >> 32) < below);
}

struct forecast_value {
    size_t bytes; /* that the entry takes */
    int64_t expire_at_ms;
};
/* All for keys that are sampled.  A read that found this, or nothing: NULL. */
void forecast_note_read(struct store *store, uint64_t hash, const struct forecast_value *found,
                        int64_t now_ms);
void forecast_note_put(struct store *store, uint64_t hash, const struct forecast_value *value,
                       int64_t now_ms);
void forecast_note_expiry(struct store *store, uint64_t hash, int64_t expire_at_ms);
void forecast_note_removal(struct store *store, uint64_t hash);
/* All keys are gone. */
void forecast_clear(struct store *store);

#endif
