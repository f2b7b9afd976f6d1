/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  What an entry is worth is the hits that are to be expected of it for each byte and
 * tick that it stays.  What is to be expected is learned (lessons.h): of entries that were used so
 * often, so long ago, how many are used again, and how soon.  So a scan, whose keys are never read
 * again, passes through without pushing anything out; where what was popular stays so, uses come to
 * count for much, and where it does not, the last one does.  A key that comes back after it gave
 * way goes on from its ghost's uses (ghost.h): else a small cache would hold strangers alone. */

#include "store/policy.h"

enum {
    TICKS_A_TURNOVER = 64,
    TICKS_BY_TIME = 256,                    /* in a turnover, at most */
    TICK_MS_MIN = 1000,                     /* of one that ends by time */
    TIMES_MS = 32,                          /* what tick_times count: 4 years of them */
    USES_LOST_TICKS = 2 * TICKS_A_TURNOVER, /* one of them */
    GHOSTS_A_KEY = 2,
    USES_EXACT = 4,   /* counted one by one; beyond it each step is twice as rare */
    LESSON_TICKS = 8, /* from one drawing to the next */
    /* Ticks that are over when a store begins, for entries that come back from a snapshot: each is
     * a PAST_GROWTH-th longer ago than the next one and a second more, the first 81 days. */
    PAST_TICKS = 400,
    PAST_GROWTH = 32,
};

/* ---- the clock --------------------------------------------------------------------------------*/

static int64_t load_ms(const _Atomic int64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}
static void save_ms(_Atomic int64_t *target, int64_t value) {
    atomic_store_explicit(target, value, memory_order_relaxed);
}

void brine_init(struct evict *evict) {
    uint32_t ago_s[PAST_TICKS + 1] = {0};
    for (uint32_t i = 1; i <= PAST_TICKS; i++)
        ago_s[i] = ago_s[i - 1] + ago_s[i - 1] / PAST_GROWTH + 1;
    for (uint32_t tick = 0; tick <= PAST_TICKS; tick++)
        atomic_store_explicit(&evict->tick_times[tick],
                              (ago_s[PAST_TICKS] - ago_s[PAST_TICKS - tick]) * 1000 / TIMES_MS,
                              memory_order_relaxed);
    atomic_store_explicit(&evict->tick, PAST_TICKS, memory_order_relaxed);
    evict->past_ms = (int64_t)ago_s[PAST_TICKS] * 1000;
    save_ms(&evict->tick_due_ms, INT64_MIN);
    lessons_init(&evict->lessons);
}

/* The past's begin, which is known when somebody says what time it is. */
static int64_t begin_clock(struct evict *evict, int64_t now_ms) {
    int64_t begun_ms = load_ms(&evict->begun_ms);
    if (begun_ms == 0) save_ms(&evict->begun_ms, begun_ms = now_ms - evict->past_ms);
    return begun_ms;
}

/* Ends the tick, if nobody else has meanwhile. */
static void next_tick(struct store *store, uint32_t tick, int64_t now_ms) {
    struct evict *evict = &store->evict;
    if (!atomic_compare_exchange_strong_explicit(&evict->tick, &tick, tick + 1,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    uint64_t keys = store_counts(store).keys;
    uint64_t births = atomic_load_explicit(&evict->births, memory_order_relaxed);
    int64_t begun_ms = begin_clock(evict, now_ms), before_ms = load_ms(&evict->tick_began_ms);
    uint64_t before = atomic_load_explicit(&evict->tick_began_births, memory_order_relaxed);
    /* How long a turnover takes at the rate of this tick. */
    int64_t span_ms = now_ms - begun_ms - evict->past_ms;
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
                          (uint32_t)((now_ms - begun_ms) / TIMES_MS), memory_order_relaxed);
    if (tick % LESSON_TICKS == 0) lessons_draw(&evict->lessons);
}

void brine_count_births(struct shard *shard, uint32_t births, int64_t now_ms) {
    struct store *store = shard->store;
    struct evict *evict = &store->evict;
    uint32_t tick = evict_tick(evict);
    uint64_t total =
        births + atomic_fetch_add_explicit(&evict->births, births, memory_order_relaxed);
    if (total >= atomic_load_explicit(&evict->tick_due_births, memory_order_relaxed))
        next_tick(store, tick, now_ms);
}

int64_t brine_idle_ms(const struct evict *evict, uint16_t access, int64_t now_ms) {
    uint32_t began =
        atomic_load_explicit(&evict->tick_times[access & TICK_MASK], memory_order_relaxed);
    int64_t begun_ms = load_ms(&evict->begun_ms);
    return begun_ms == 0 ? 0 : MAX(now_ms - begun_ms - (int64_t)began * TIMES_MS, 0);
}

/* The last tick that began so long ago. */
uint16_t brine_restored(struct evict *evict, int64_t idle_ms, int64_t now_ms) {
    int64_t began = (now_ms - begin_clock(evict, now_ms) - idle_ms) / TIMES_MS;
    uint32_t last = evict_tick(evict), first = last - MIN(last, (uint32_t)TICK_OLDEST);
    while (first < last) {
        uint32_t middle = first + (last - first + 1) / 2;
        if (atomic_load_explicit(&evict->tick_times[middle & TICK_MASK], memory_order_relaxed) <=
            began)
            first = middle;
        else
            last = middle - 1;
    }
    return brine_pack(0, first);
}

/* ---- uses -------------------------------------------------------------------------------------*/

uint32_t brine_uses_more(uint32_t uses, uint32_t age, uint32_t random) {
    uses -= MIN(age / USES_LOST_TICKS, uses);
    uint32_t rare = uses < USES_EXACT ? 0 : uses - USES_EXACT + 1;
    return uses + (uses < USES_MAX && (random & ((1u << rare) - 1)) == 0);
}

uint16_t brine_used(struct shard *shard, uint16_t access, int64_t now_ms) {
    struct evict *evict = &shard->store->evict;
    uint32_t tick = evict_tick(evict);
    if (UNLIKELY(now_ms >= load_ms(&evict->tick_due_ms))) {
        next_tick(shard->store, tick, now_ms);
        tick = evict_tick(evict);
    }
    uint32_t uses = brine_uses(access), age = brine_age(access, tick);
    lessons_note_hit(&evict->lessons, uses, age);
    return brine_pack(brine_uses_more(uses, age, shard_random(shard)), tick);
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

void brine_note_end(struct evict *evict, uint16_t access) {
    lessons_note_end(&evict->lessons, brine_uses(access), brine_age(access, evict_tick(evict)));
}

double brine_badness(const struct shard *shard, const struct entry *entry, uint32_t tick) {
    const struct blob *blob = entry_blob(entry);
    double bytes = (double)entry->units * ENTRY_UNIT_BYTES + (blob ? (double)blob->len : 0);
    uint32_t uses = brine_uses(entry->access), age = brine_age(entry->access, tick);
    return bytes / (double)lessons_worth(&shard->store->evict.lessons, uses, age);
}
