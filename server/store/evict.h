/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What an entry's 15 bits of access say, and how they change when it is used.  Private to store/;
 * the policies are those of store.h.
 *
 *     allkeys-lru, volatile-lru, and   14      13                    0
 *     all that count nothing           +--------+---------------------+
 *                                      | coarse | when               |  quarter seconds; coarse: of
 *                                      +--------+---------------------+  64 seconds
 *     allkeys-lfu, volatile-lfu        14        8  7                 0
 *                                      +-----------+------------------+
 *                                      | minute    | count            |  Redis's logarithmic count
 *                                      +-----------+------------------+
 *     brine                            14       11  10                0
 *                                      +-----------+------------------+
 *                                      | uses      | tick             |  see policy.h
 *                                      +-----------+------------------+
 *
 * All clocks come round.  Whoever looks for a victim restamps what is too old to be told from what
 * is new (evict_restamp); an upkeep pass does so where nothing is evicted for long.
 * Changing the policy leaves the bits as they are: they are read in another way from then on, as in
 * Redis, and are right again for what is used. */
#ifndef BRINE_STORE_EVICT_H
#define BRINE_STORE_EVICT_H

#include "store/shard.h"

enum access_kind { ACCESS_STAMP, ACCESS_COUNT, ACCESS_BRINE };

enum {
    STAMP_COARSE = 1 << 14,
    STAMP_MASK = STAMP_COARSE - 1,
    STAMP_MS = 250,
    STAMP_COARSE_MS = 64 * 1000,
    STAMP_FINE_MAX_MS = STAMP_MASK / 2 * STAMP_MS, /* older stamps are made coarse: 34 minutes */
    COUNT_BITS = 8,
    COUNT_MASK = (1 << COUNT_BITS) - 1,
    COUNT_NEW = 5, /* of an entry just made.  Source: Redis server.h LFU_INIT_VAL */
    COUNT_MINUTES = 1 << (ENTRY_ACCESS_BITS - COUNT_BITS),
    TICK_BITS = 11,
    TICK_MASK = (1 << TICK_BITS) - 1,
    TICK_OLDEST = TICK_MASK / 2, /* older ticks are made so old */
    USES_MAX = (1 << (ENTRY_ACCESS_BITS - TICK_BITS)) - 1,
};
/* Coarse stamps older than these six days are made so old. */
#define STAMP_COARSE_MAX_MS ((int64_t)(STAMP_MASK / 2) * STAMP_COARSE_MS)

static inline enum access_kind policy_access(enum store_policy policy) {
    if (policy == STORE_POLICY_BRINE) return ACCESS_BRINE;
    bool counts = policy == STORE_POLICY_ALLKEYS_LFU || policy == STORE_POLICY_VOLATILE_LFU;
    return counts ? ACCESS_COUNT : ACCESS_STAMP;
}

static inline enum store_policy store_policy_now(const struct store *store) {
    return (enum store_policy)atomic_load_explicit(&store->evict.policy, memory_order_relaxed);
}
static inline bool policy_is_volatile(enum store_policy policy) {
    return policy == STORE_POLICY_VOLATILE_LRU || policy == STORE_POLICY_VOLATILE_LFU ||
           policy == STORE_POLICY_VOLATILE_RANDOM || policy == STORE_POLICY_VOLATILE_TTL;
}
static inline uint32_t evict_tick(const struct evict *evict) {
    return atomic_load_explicit(&evict->tick, memory_order_relaxed);
}

/* xorshift: good enough to choose by, and nobody's secret.  Under the shard's lock. */
static inline uint32_t shard_random(struct shard *shard) {
    uint32_t x = shard->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return shard->random = x;
}

/* ---- when --------------------------------------------------------------------------------------
 */

static inline uint16_t stamp_of(int64_t now_ms) {
    return (uint16_t)(now_ms / STAMP_MS & STAMP_MASK);
}
static inline uint16_t stamp_coarse_of(int64_t at_ms) {
    return (uint16_t)(STAMP_COARSE | (at_ms / STAMP_COARSE_MS & STAMP_MASK));
}
static inline int64_t stamp_idle_ms(uint16_t access, int64_t now_ms) {
    int64_t unit_ms = access & STAMP_COARSE ? STAMP_COARSE_MS : STAMP_MS;
    return ((now_ms / unit_ms - access) & STAMP_MASK) * unit_ms;
}

/* ---- how often: Redis's LFU -------------------------------------------------------------------*/

/* What is left of the count when nobody used the entry since.  Source: Redis evict.c
 * LFUDecrAndReturn. */
static inline uint32_t count_now(const struct evict *evict, uint16_t access, int64_t now_ms) {
    uint32_t count = access & COUNT_MASK;
    uint32_t decay = atomic_load_explicit(&evict->lfu_decay_minutes, memory_order_relaxed);
    uint32_t minutes =
        (uint32_t)(now_ms / 60000 - (access >> COUNT_BITS)) & (uint32_t)(COUNT_MINUTES - 1);
    uint32_t lost = decay ? minutes / decay : 0;
    return lost > count ? 0 : count - lost;
}
static inline uint16_t count_pack(uint32_t count, int64_t now_ms) {
    return (uint16_t)((now_ms / 60000 & (COUNT_MINUTES - 1)) << COUNT_BITS | count);
}
/* Source: Redis evict.c LFULogIncr. */
static inline uint32_t count_more(const struct evict *evict, uint32_t count, uint32_t random) {
    if (count == COUNT_MASK) return count;
    uint64_t factor = atomic_load_explicit(&evict->lfu_log_factor, memory_order_relaxed);
    uint64_t base = count > COUNT_NEW ? count - COUNT_NEW : 0;
    return count + ((uint64_t)random * (base * factor + 1) <= UINT32_MAX);
}

/* ---- brine ------------------------------------------------------------------------------------*/

static inline uint32_t brine_uses(uint16_t access) {
    return (uint32_t)access >> TICK_BITS;
}
static inline uint32_t brine_age(uint16_t access, uint32_t tick) {
    return (tick - access) & TICK_MASK;
}
static inline uint16_t brine_pack(uint32_t uses, uint32_t tick) {
    return (uint16_t)(uses << TICK_BITS | (tick & TICK_MASK));
}

/* ---- all --------------------------------------------------------------------------------------*/

/* Of an entry that is stored for the first time. */
uint16_t access_new(struct shard *shard, uint64_t hash, int64_t now_ms);
/* Of one that is used. */
uint16_t access_used(struct shard *shard, uint16_t access, int64_t now_ms);
/* The same as far as it can be said, before the clock comes round. */
uint16_t access_restamped(const struct store *store, uint16_t access, int64_t now_ms);
int64_t access_idle_ms(const struct store *store, uint16_t access, int64_t now_ms);

/* Of one that comes back from a snapshot. */
uint16_t access_restored(struct shard *shard, struct store_usage usage, int64_t now_ms);

/* An entry gave way, or its time was over. */
void evict_note_end(struct store *store, const struct entry *entry);

/* An entry was born: the shard's share of brine's clock. */
void evict_count_birth(struct shard *shard, int64_t now_ms);

/* What is not used of the shard's chunks, told to the store when it changed by much. */
static inline void shard_note_holes(struct shard *shard) {
    const struct heap *heap = shard->heap;
    size_t holes = heap ? heap->chunk_bytes - heap->live_bytes : 0;
    size_t change = holes - shard->holes_noted;
    if (LIKELY(change + HOLES_NOTED_BYTES < 2 * HOLES_NOTED_BYTES)) return;
    atomic_fetch_add_explicit(&shard->store->evict.holes, change, memory_order_relaxed);
    shard->holes_noted = holes;
}

#endif
