/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  What an entry is worth is the hits that are to be expected of it for each byte and
 * tick that it stays: its uses, by weight, over its age and size.  A key that was never read again
 * ages fastest, so a scan passes through without pushing anything out; what was read often stays
 * longer, and goes when it is read no more.  A key that comes back after it gave way goes on from
 * its ghost's uses (ghost.h): else a small cache would hold strangers alone.
 *
 * How much more a use should count than the one before depends on whether what was popular stays
 * so. So shards duel: of every sixteen one weighs uses steeply and one flatly, and the others do as
 * that one does which has fewer births, that is misses.  Shards hold keys at random, so nothing
 * else tells them apart. */

#include "store/policy.h"

enum {
    TICKS_A_TURNOVER = 64,
    TICKS_BY_TIME = 256, /* in a turnover, at most */
    TICK_MS_MIN = 1000,  /* of one that ends by time */
    USES_HALVED_TICKS = 2 * TICKS_A_TURNOVER,
    GHOSTS_A_KEY = 2,
    DUEL_SHARDS = 16,   /* of so many shards one weighs steeply and one flatly, whatever comes */
    DUEL_BIRTHS = 4096, /* in both, before they are compared */
    USES_EXACT = 4,     /* counted one by one; beyond it each step is twice as rare */

};

/* ---- the duel
 * ----------------------------------------------------------------------------------- */

static enum duelist duelist_of(const struct shard *shard) {
    switch (shard->index % DUEL_SHARDS) {
    case 0:
        return DUEL_FLAT;
    case DUEL_SHARDS / 2:
        return DUEL_STEEP;
    default:
        return DUEL_NONE;
    }
}

static bool duel_says_steep(const struct shard *shard) {
    enum duelist duelist = duelist_of(shard);
    if (duelist != DUEL_NONE) return duelist == DUEL_STEEP;
    return atomic_load_explicit(&shard->store->evict.steep, memory_order_relaxed);
}

/* So many births in a shard of the one or the other.  What is long ago counts less and less. */
static void duel_count(struct shard *shard, uint32_t births) {
    struct evict *evict = &shard->store->evict;
    enum duelist duelist = duelist_of(shard);
    if (duelist == DUEL_NONE) return;
    uint64_t own = births + atomic_fetch_add(&evict->duel_births[duelist], births);
    uint64_t other = atomic_load(&evict->duel_births[1 - duelist]);
    if (own + other < DUEL_BIRTHS) return;
    uint64_t steep = duelist == DUEL_STEEP ? own : other;
    atomic_store_explicit(&evict->steep, steep < own + other - steep, memory_order_relaxed);
    atomic_fetch_sub(&evict->duel_births[duelist], own / 2);
    atomic_fetch_sub(&evict->duel_births[1 - duelist], other / 2);
}

/* ---- the clock
 * ---------------------------------------------------------------------------------- */

static int64_t load_ms(const _Atomic int64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}
static void save_ms(_Atomic int64_t *target, int64_t value) {
    atomic_store_explicit(target, value, memory_order_relaxed);
}

void brine_init(struct evict *evict) {
    save_ms(&evict->tick_due_ms, INT64_MIN);
    atomic_init(&evict->steep, true);
}

/* Ends the tick, if nobody else has meanwhile. */
static void next_tick(struct store *store, uint32_t tick, int64_t now_ms) {
    struct evict *evict = &store->evict;
    if (!atomic_compare_exchange_strong_explicit(&evict->tick, &tick, tick + 1,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    uint64_t keys = store_counts(store).keys;
    uint64_t births = atomic_load_explicit(&evict->births, memory_order_relaxed);
    int64_t begun_ms = load_ms(&evict->begun_ms), before_ms = load_ms(&evict->tick_began_ms);
    if (begun_ms == 0) save_ms(&evict->begun_ms, begun_ms = now_ms);
    uint64_t before = atomic_load_explicit(&evict->tick_began_births, memory_order_relaxed);
    /* How long a turnover takes at the rate of this tick. */
    int64_t span_ms = now_ms - begun_ms;
    if (births > before && keys > 0) {
        double turnover_ms =
            (double)(now_ms - before_ms) * (double)keys / (double)(births - before);
        span_ms = (int64_t)MIN((double)span_ms, turnover_ms);
    }
    save_ms(&evict->tick_began_ms, now_ms);
    save_ms(&evict->tick_due_ms, now_ms + MAX(span_ms / TICKS_BY_TIME, (int64_t)TICK_MS_MIN));
    atomic_store_explicit(&evict->tick_began_births, births, memory_order_relaxed);
    atomic_store_explicit(&evict->tick_due_births, births + keys / TICKS_A_TURNOVER + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&evict->tick_times[(tick + 1) & TICK_MASK],
                          (uint32_t)((now_ms - begun_ms) / 1000), memory_order_relaxed);
}

void brine_count_births(struct shard *shard, uint32_t births, int64_t now_ms) {
    struct store *store = shard->store;
    struct evict *evict = &store->evict;
    duel_count(shard, births);
    uint32_t tick = evict_tick(evict);
    uint64_t total =
        births + atomic_fetch_add_explicit(&evict->births, births, memory_order_relaxed);
    if (total >= atomic_load_explicit(&evict->tick_due_births, memory_order_relaxed))
        next_tick(store, tick, now_ms);
}

int64_t brine_idle_ms(const struct evict *evict, uint16_t access, int64_t now_ms) {
    uint32_t second =
        atomic_load_explicit(&evict->tick_times[access & TICK_MASK], memory_order_relaxed);
    return MAX(now_ms - load_ms(&evict->begun_ms) - (int64_t)second * 1000, 0);
}

/* ---- uses
 * --------------------------------------------------------------------------------------- */

uint16_t brine_used(struct shard *shard, uint16_t access, int64_t now_ms) {
    struct evict *evict = &shard->store->evict;
    uint32_t tick = evict_tick(evict);
    if (UNLIKELY(now_ms >= load_ms(&evict->tick_due_ms))) {
        next_tick(shard->store, tick, now_ms);
        tick = evict_tick(evict);
    }
    uint32_t uses = brine_uses(access), lost = brine_age(access, tick) / USES_HALVED_TICKS;
    uses -= MIN(lost, uses);
    uint32_t rare = uses < USES_EXACT ? 0 : uses - USES_EXACT + 1;
    if (uses < USES_MAX && (shard_random(shard) & ((1u << rare) - 1)) == 0) uses++;
    return brine_pack(uses, tick);
}

uint16_t brine_new(struct shard *shard, uint64_t hash, int64_t now_ms) {
    const struct evict *evict = &shard->store->evict;
    uint32_t uses = 0;
    if (UNLIKELY(now_ms >= load_ms(&evict->tick_due_ms)))
        next_tick(shard->store, evict_tick(evict), now_ms);
    if (ghosts_take(&shard->ghosts, hash, &uses)) uses = MIN(uses + 1, (uint32_t)USES_MAX);
    return brine_pack(uses, evict_tick(evict));
}

void brine_bury(struct shard *shard, const struct store_key *key, uint16_t access) {
    uint64_t keys = counter_get(&shard->slices[key->db].keys);
    ghosts_fit(&shard->ghosts, &shard->store->account.allocator, keys * GHOSTS_A_KEY);
    ghosts_add(&shard->ghosts, key->hash, brine_uses(access));
}

double brine_badness(const struct shard *shard, const struct entry *entry, uint32_t tick) {
    /* What is popular stays popular, and the other way round. */
    static const double steep[USES_MAX + 1] = {
        1, 9, 25, 64, 144, 324, 729, 1640, 3690, 8303, 18681, 42032, 94573, 212789, 478774, 1e6};
    static const double flat[USES_MAX + 1] = {1, 3, 5, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8};
    const double *weights = duel_says_steep(shard) ? steep : flat;
    const struct blob *blob = entry_blob(entry);
    double bytes = (double)entry->units * ENTRY_UNIT_BYTES + (blob ? (double)blob->len : 0);
    double age = (double)brine_age(entry->access, tick) + 1;
    return age * bytes / weights[brine_uses(entry->access)];
}
