/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A hand goes round each shard's index, bucket by bucket, which is at random as to
 * keys.  It takes a group of entries, compares them as the policy says, and the worst one goes: no
 * list, no queue, nothing to move when a key is read.  The worst of GROUP_ENTRIES is, nine times
 * out of ten, among the worst tenth of all.
 *
 * The shards take turns, a group each: were one to bear all that is to go, what is worth keeping
 * there would go while worse stays elsewhere.  Of a shard with fewer entries than a group, the
 * worst may be among the best of all; such shards make a group together (struct turns), and what
 * goes is found again under its own shard's lock, for only one is held at a time.
 *
 * One group has three of the worst and another none; so the next worst of each group are kept as
 * runners-up and compared with the worst of the groups to come.  Where sizes differ by much this is
 * worth as much as groups of twice the size.  Source: the pool of Redis's evict.c.  A runner-up is
 * a hint: before it goes it is looked up, and judged again as it is now.
 *
 * The hand has passed everything once while a GROUP_ENTRIES-th of it was evicted.  So it is also
 * what restamps entries before the clocks in their few bits come round; where nothing is evicted
 * for long, upkeep moves it (store_age). */

#include "store/evict.h"

#include "store/forecast.h"
#include "store/policy.h"

#include <math.h>

enum {
    GROUP_ENTRIES = 24,
    /* Without a single candidate (volatile-*, and few keys that expire) so many slots are looked at
     * for one. */
    GROUP_LOOKS_MAX = 4096,
    GROUP_CANDIDATES_MAX = GROUP_ENTRIES + BUCKET_SLOTS,
    BULK_BYTES = 32 * 1024, /* where so much is needed, up to so many of a group go: */
    BULK_ENTRIES = 4,
    BIRTHS_NOTED = 16, /* by a shard, before it tells the store */
    PASS_MS = 20 * 60 * 1000,
};

struct group {
    struct shard *shard;
    enum store_policy policy;
    int64_t now_ms;
    uint32_t tick;
    const struct bucket *first; /* where the hand set out */
    unsigned passes;            /* so often the hand came to the end of the shard */
    bool whole;                 /* it came round: these are all there are */
    size_t wanted;              /* candidates */
    size_t looked;              /* slots */
    size_t count;
    struct candidate {
        heap_ref ref;
        uint16_t code; /* coarse expiry */
        uint32_t db;
        double bad; /* -INFINITY: not judged */
    } candidates[GROUP_CANDIDATES_MAX];
};

/* ---- the clocks -------------------------------------------------------------------------------*/

uint16_t access_new(struct shard *shard, uint64_t hash, int64_t now_ms) {
    switch (policy_access(store_policy_now(shard->store))) {
    case ACCESS_STAMP:
        break;
    case ACCESS_COUNT:
        return count_pack(COUNT_NEW, now_ms);
    case ACCESS_BRINE:
        return brine_new(shard, hash, now_ms);
    }
    return stamp_of(now_ms);
}

uint16_t access_used(struct shard *shard, uint16_t access, int64_t now_ms) {
    const struct evict *evict = &shard->store->evict;
    switch (policy_access(store_policy_now(shard->store))) {
    case ACCESS_STAMP:
        break;
    case ACCESS_COUNT:
        return count_pack(count_more(evict, count_now(evict, access, now_ms), shard_random(shard)),
                          now_ms);
    case ACCESS_BRINE:
        return brine_used(shard, access, now_ms);
    }
    return stamp_of(now_ms);
}

uint16_t access_restamped(const struct store *store, uint16_t access, int64_t now_ms) {
    const struct evict *evict = &store->evict;
    switch (policy_access(store_policy_now(store))) {
    case ACCESS_STAMP: {
        int64_t idle_ms = stamp_idle_ms(access, now_ms);
        if (access & STAMP_COARSE)
            return idle_ms > STAMP_COARSE_MAX_MS ? stamp_coarse_of(now_ms - STAMP_COARSE_MAX_MS)
                                                 : access;
        return idle_ms > STAMP_FINE_MAX_MS ? stamp_coarse_of(now_ms - idle_ms) : access;
    }
    case ACCESS_COUNT:
        return count_pack(count_now(evict, access, now_ms), now_ms);
    case ACCESS_BRINE:
        break;
    }
    uint32_t tick = evict_tick(evict);
    if (brine_age(access, tick) <= TICK_OLDEST) return access;
    return brine_pack(brine_uses(access), tick - TICK_OLDEST);
}

int64_t access_idle_ms(const struct store *store, uint16_t access, int64_t now_ms) {
    switch (policy_access(store_policy_now(store))) {
    case ACCESS_STAMP:
        return stamp_idle_ms(access, now_ms);
    case ACCESS_COUNT:
        return 0;
    case ACCESS_BRINE:
        break;
    }
    return brine_idle_ms(&store->evict, access, now_ms);
}

static size_t entry_weight(const struct entry *entry) {
    const struct blob *blob = entry_blob(entry);
    return (size_t)entry->units * ENTRY_UNIT_BYTES + (blob ? blob_bytes(blob) : 0);
}

void store_touch(struct store *store, const struct store_key *key, const struct store_value *value,
                 int64_t now_ms) {
    struct shard *shard = store_held_shard(store, key);
    uint16_t old = value->entry->access, used = access_used(shard, old, now_ms);
    if (used != old) value->entry->access = used & ENTRY_ACCESS_MASK;
    counter_add(&shard->hits_total, 1);
    if (forecast_samples(store, key->hash))
        forecast_note_read(
            store, key->hash,
            &(struct forecast_value){entry_weight(value->entry), value->expire_at_ms}, now_ms);
}

void store_miss(struct store *store, const struct store_key *key, int64_t now_ms) {
    counter_add(&store_held_shard(store, key)->misses_total, 1);
    if (forecast_samples(store, key->hash)) forecast_note_read(store, key->hash, NULL, now_ms);
}

struct store_usage store_usage(const struct store *store, const struct store_value *value,
                               int64_t now_ms) {
    uint16_t access = value->entry->access;
    if (policy_access(store_policy_now(store)) == ACCESS_COUNT)
        return (struct store_usage){.frequency = (uint8_t)count_now(&store->evict, access, now_ms)};
    int64_t idle_s = access_idle_ms(store, access, now_ms) / 1000;
    return (struct store_usage){.idle_s = (uint32_t)MIN(idle_s, (int64_t)UINT32_MAX)};
}

uint16_t access_restored(struct shard *shard, struct store_usage usage, int64_t now_ms) {
    int64_t idle_ms = (int64_t)usage.idle_s * 1000;
    switch (policy_access(store_policy_now(shard->store))) {
    case ACCESS_STAMP:
        break;
    case ACCESS_COUNT:
        return count_pack(usage.frequency, now_ms);
    case ACCESS_BRINE:
        return brine_restored(&shard->store->evict, idle_ms, now_ms);
    }
    return idle_ms > STAMP_FINE_MAX_MS ? stamp_coarse_of(now_ms - MIN(idle_ms, STAMP_COARSE_MAX_MS))
                                       : stamp_of(now_ms - idle_ms);
}

void store_set_policy(struct store *store, const struct store_policy_options *options) {
    struct evict *evict = &store->evict;
    atomic_store_explicit(&evict->lfu_log_factor, options->lfu_log_factor, memory_order_relaxed);
    atomic_store_explicit(&evict->lfu_decay_minutes, options->lfu_decay_minutes,
                          memory_order_relaxed);
    atomic_store_explicit(&evict->policy, (int)options->policy, memory_order_relaxed);
}

void evict_count_birth(struct shard *shard, int64_t now_ms) {
    if (LIKELY(++shard->births < BIRTHS_NOTED)) return;
    brine_count_births(shard, shard->births, now_ms);
    shard->births = 0;
}

void evict_note_end(struct store *store, const struct entry *entry) {
    if (store_policy_now(store) == STORE_POLICY_BRINE) brine_note_end(&store->evict, entry->access);
}

/* ---- the hand ---------------------------------------------------------------------------------*/

static bool shard_has_expiry(struct shard *shard) {
    for (size_t db = 0; db < shard->store->databases; db++)
        if (counter_get(&shard->slices[db].keys_with_expiry) > 0) return true;
    return false;
}

/* Whoever sets an expiry forgets that there was none (shard_note_expiry).  One that is set while it
 * is being noted could be overlooked, so a shard more is looked at each time that it is asked. */
static bool something_ends(struct store *store) {
    struct evict *evict = &store->evict;
    bool ends;
    if (atomic_load_explicit(&evict->nothing_ends, memory_order_relaxed)) {
        uint32_t next = atomic_fetch_add_explicit(&evict->asked_shard, 1, memory_order_relaxed);
        ends = shard_has_expiry(store_shard(store, next & (store->shard_count - 1)));
    } else {
        ends = store_counts(store).keys_with_expiry > 0;
    }
    atomic_store_explicit(&evict->nothing_ends, !ends, memory_order_relaxed);
    return ends;
}

bool store_can_evict(struct store *store) {
    enum store_policy policy = store_policy_now(store);
    if (policy == STORE_POLICY_NOEVICTION) return false;
    return policy_is_volatile(policy) ? something_ends(store) : store_counts(store).keys > 0;
}

/* Without a look at anything. */
static bool may_evict(const struct store *store) {
    enum store_policy policy = store_policy_now(store);
    if (policy == STORE_POLICY_NOEVICTION) return false;
    return !policy_is_volatile(policy) ||
           !atomic_load_explicit(&store->evict.nothing_ends, memory_order_relaxed);
}

static void take_bucket(struct group *group, const struct bucket *bucket, bool with_expiry) {
    struct shard *shard = group->shard;
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (!bucket->tags[slot] || (with_expiry && !bucket->expiries[slot])) continue;
        __builtin_prefetch(heap_entry(shard->heap, bucket->refs[slot]), 1);
        group->candidates[group->count++] = (struct candidate){
            .ref = bucket->refs[slot],
            .code = bucket->expiries[slot],
            .db = shard->evict_db,
            .bad = -INFINITY,
        };
    }
    group->looked += BUCKET_SLOTS;
}

/* Moves the hand to the next database that has what is looked for. */
static void next_db(struct group *group) {
    struct shard *shard = group->shard;
    shard->evict_hash = 0;
    shard->evict_bucket = 0;
    if (++shard->evict_db < shard->store->databases) return;
    shard->evict_db = 0;
    group->passes++;
}

/* Takes buckets from the hand on until the group is full, the hand has come round, or it has looked
 * for long enough. */
static void gather(struct group *group) {
    struct shard *shard = group->shard;
    bool with_expiry = policy_is_volatile(group->policy);
    while (group->count < group->wanted && group->looked < GROUP_LOOKS_MAX) {
        if (group->passes > 1) {
            group->whole = true;
            return;
        }
        const struct store_slice *slice = &shard->slices[shard->evict_db];
        if (!slice->table || (with_expiry && counter_get(&slice->keys_with_expiry) == 0)) {
            next_db(group);
            continue;
        }
        struct segment *segment =
            table_segment(slice->table, shard->evict_hash >> shard->store->shard_bits);
        size_t buckets = segment_buckets(segment);
        while (shard->evict_bucket < buckets && group->count < group->wanted) {
            const struct bucket *bucket = &segment->buckets[shard->evict_bucket];
            if (bucket == group->first) {
                group->whole = true;
                return;
            }
            if (!group->first) group->first = bucket;
            take_bucket(group, bucket, with_expiry);
            shard->evict_bucket++;
        }
        if (shard->evict_bucket < buckets) return;
        uint64_t rest = UINT64_MAX >> segment->depth;
        shard->evict_bucket = 0;
        shard->evict_hash = segment->depth ? (shard->evict_hash | rest) + 1 : 0;
        if (shard->evict_hash == 0) next_db(group);
    }
}

/* The larger, the sooner it goes; what has expired goes first. */
static double badness(const struct group *group, const struct entry *entry) {
    const struct evict *evict = &group->shard->store->evict;
    switch (group->policy) {
    case STORE_POLICY_BRINE:
        return brine_badness(group->shard, entry, group->tick);
    case STORE_POLICY_ALLKEYS_LRU:
    case STORE_POLICY_VOLATILE_LRU:
        return (double)stamp_idle_ms(entry->access, group->now_ms);
    case STORE_POLICY_ALLKEYS_LFU:
    case STORE_POLICY_VOLATILE_LFU:
        return COUNT_MASK - (double)count_now(evict, entry->access, group->now_ms);
    case STORE_POLICY_VOLATILE_TTL:
        return -(double)entry_expire_at_ms(entry);
    case STORE_POLICY_ALLKEYS_RANDOM:
    case STORE_POLICY_VOLATILE_RANDOM:
    case STORE_POLICY_NOEVICTION:
        break;
    }
    return (double)shard_random(group->shard);
}

size_t store_value_bytes(const struct store_value *value) {
    return entry_weight(value->entry);
}

/* Restamps all and finds the worst; NULL when there is none. */
static struct candidate *judge(struct group *group) {
    struct shard *shard = group->shard;
    struct candidate *worst = NULL;
    for (size_t i = 0; i < group->count; i++) {
        struct candidate *candidate = &group->candidates[i];
        struct entry *entry = heap_entry(shard->heap, candidate->ref);
        uint16_t access = access_restamped(shard->store, entry->access, group->now_ms);
        if (UNLIKELY(access != entry->access)) entry->access = access & ENTRY_ACCESS_MASK;
        if (candidate->code != EXPIRY_NONE &&
            expiry_is_over(entry_expire_at_ms(entry), group->now_ms)) {
            candidate->bad = INFINITY;
            return candidate;
        }
        candidate->bad = badness(group, entry);
        if (!worst || candidate->bad > worst->bad) worst = candidate;
    }
    return worst;
}

/* ---- runners-up -------------------------------------------------------------------------------*/

static struct runner_up *least_of(struct runners_up *runners) {
    struct runner_up *least = &runners->items[0];
    for (size_t i = 1; i < runners->count; i++)
        if (runners->items[i].bad < least->bad) least = &runners->items[i];
    return least;
}

static struct runner_up *worst_of(struct runners_up *runners) {
    struct runner_up *worst = &runners->items[0];
    for (size_t i = 1; i < runners->count; i++)
        if (runners->items[i].bad > worst->bad) worst = &runners->items[i];
    return worst;
}

static struct runner_up take_out(struct runners_up *runners, struct runner_up *one) {
    struct runner_up taken = *one;
    *one = runners->items[--runners->count];
    return taken;
}

static bool is_among(const struct runners_up *runners, uint32_t shard, heap_ref ref) {
    for (size_t i = 0; i < runners->count; i++)
        if (runners->items[i].ref == ref && runners->items[i].shard == shard) return true;
    return false;
}

/* What is left of a group. */
static void keep_runners_up(const struct group *group, struct runners_up *runners) {
    const struct shard *shard = group->shard;
    struct runner_up *least = least_of(runners);
    for (size_t i = 0; i < group->count; i++) {
        const struct candidate *candidate = &group->candidates[i];
        bool full = runners->count == RUNNERS_UP;
        if (candidate->bad == -INFINITY || (full && candidate->bad <= least->bad) ||
            is_among(runners, shard->index, candidate->ref))
            continue;
        struct bytes name = entry_key(heap_entry(shard->heap, candidate->ref));
        *(full ? least : &runners->items[runners->count++]) = (struct runner_up){
            .hash = store_key(shard->store, candidate->db, name).hash,
            .bad = candidate->bad,
            .ref = candidate->ref,
            .db = candidate->db,
            .shard = shard->index,
        };
        least = least_of(runners);
    }
}

/* How bad the runner-up is by now; -INFINITY: it is none any more. */
static double judge_runner_up(const struct group *group, const struct runner_up *runner,
                              struct candidate *candidate) {
    const struct shard *shard = group->shard;
    const struct table *table = shard->slices[runner->db].table;
    struct place place;
    if (!table || !table_find_ref(table, runner->hash, runner->ref, &place)) return -INFINITY;
    const struct entry *entry = heap_entry(shard->heap, runner->ref);
    uint16_t code = place.bucket->expiries[place.slot];
    *candidate = (struct candidate){.ref = runner->ref, .code = code, .db = runner->db};
    if (code == EXPIRY_NONE)
        return policy_is_volatile(group->policy) ? -INFINITY : badness(group, entry);
    return expiry_is_over(entry_expire_at_ms(entry), group->now_ms) ? INFINITY
                                                                    : badness(group, entry);
}

/* One that is worse than all of the group; those that were, and are not any more, are dropped. */
static bool take_runner_up(struct group *group, double bad, struct candidate *taken) {
    struct runners_up *runners = &group->shard->runners;
    while (runners->count > 0) {
        struct runner_up *worst = worst_of(runners);
        if (worst->bad <= bad) return false;
        struct runner_up runner = take_out(runners, worst);
        bool in_group = false;
        for (size_t i = 0; i < group->count; i++)
            in_group |= group->candidates[i].ref == runner.ref;
        if (!in_group && judge_runner_up(group, &runner, taken) > bad) return true;
    }
    return false;
}

static void count_idle(struct shard *shard, const struct entry *entry, int64_t now_ms) {
    int64_t idle_ms = access_idle_ms(shard->store, entry->access, now_ms);
    unsigned bucket = idle_ms <= 0 ? 0 : 64 - (unsigned)__builtin_clzll((uint64_t)idle_ms);
    bucket = MIN(bucket, STORE_IDLE_BUCKETS - 1u);
    atomic_fetch_add_explicit(&shard->store->evict.idle[bucket], 1, memory_order_relaxed);
}

struct store_idle_counts store_idle_counts(const struct store *store) {
    struct store_idle_counts idle;
    for (unsigned i = 0; i < STORE_IDLE_BUCKETS; i++)
        idle.counts[i] = atomic_load_explicit(&store->evict.idle[i], memory_order_relaxed);
    return idle;
}

void shard_evict(struct shard *shard, const struct store_key *key, struct place place,
                 int64_t now_ms) {
    struct store *store = shard->store;
    const struct entry *entry = heap_entry(shard->heap, place.bucket->refs[place.slot]);
    count_idle(shard, entry, now_ms);
    evict_note_end(store, entry);
    if (store_policy_now(store) == STORE_POLICY_BRINE) brine_bury(shard, key, entry->access);
    if (store->on_removed)
        store->on_removed(store->on_removed_ctx, key->db, key->name, STORE_REMOVED_EVICTED);
    shard_remove(shard, key, place);
    counter_add(&shard->evicted_total, 1);
}

static size_t remove_candidate(struct group *group, const struct candidate *candidate) {
    struct shard *shard = group->shard;
    const struct entry *entry = heap_entry(shard->heap, candidate->ref);
    size_t bytes = entry_weight(entry);
    struct store_key key = store_key(shard->store, candidate->db, entry_key(entry));
    struct place place;
    bool found =
        table_find_ref(shard->slices[candidate->db].table, key.hash, candidate->ref, &place);
    BRINE_ASSERT(found, "a candidate is in its table");
    if (expiry_is_over(entry_expire_at_ms(entry), group->now_ms))
        shard_expire(shard, &key, place);
    else
        shard_evict(shard, &key, place, group->now_ms);
    return bytes;
}

static void begin_group(struct group *group, struct shard *shard, int64_t now_ms, size_t wanted) {
    group->shard = shard;
    group->policy = store_policy_now(shard->store);
    group->now_ms = now_ms;
    group->tick = evict_tick(&shard->store->evict);
    group->first = NULL;
    group->passes = 0;
    group->whole = false;
    group->wanted = wanted;
    group->looked = group->count = 0;
}

static void note_pass(const struct group *group) {
    if (group->passes == 0) return;
    group->shard->pass_tick = group->tick;
    group->shard->pass_ms = group->now_ms;
}

/* True while one more of the same group may go: it is the first, or much is needed, for looking at
 * entries costs most. */
static bool may_go(int gone, size_t bytes, const struct store_evicted *evicted) {
    if (gone >= BULK_ENTRIES || evicted->bytes >= bytes) return false;
    return gone == 0 || bytes - evicted->bytes >= BULK_BYTES;
}

static void evict_worst(struct group *group, size_t bytes, struct store_evicted *evicted) {
    for (int gone = 0; may_go(gone, bytes, evicted); gone++) {
        struct candidate runner, *worst = judge(group);
        if (!worst) break;
        if (take_runner_up(group, worst->bad, &runner)) {
            evicted->bytes += remove_candidate(group, &runner);
        } else {
            evicted->bytes += remove_candidate(group, worst);
            *worst = group->candidates[--group->count];
        }
        evicted->entries++;
    }
    keep_runners_up(group, &group->shard->runners);
}

/* ---- the shards in turn -----------------------------------------------------------------------*/

struct turns {
    struct store *store;
    struct store_hold *hold;
    int64_t now_ms;
    size_t bytes; /* that are wanted */
    struct store_evicted evicted;
    /* Of the group that small shards make together: */
    struct runners_up worst;
    size_t compared; /* entries */
    size_t shards;
};

/* A shard's turn: a group of its own, or its part of the group of several. */
static void take_turn(struct turns *turns) {
    struct store *store = turns->store;
    struct group group;
    size_t index = atomic_fetch_add_explicit(&store->evict.next_shard, 1, memory_order_relaxed) &
                   (store->shard_count - 1);
    struct shard *shard = store_shard(store, index);
    turns->shards++;
    turns->evicted.looked += BUCKET_SLOTS;
    shard_enter(store, turns->hold, index);
    if (shard->heap) {
        begin_group(&group, shard, turns->now_ms, GROUP_ENTRIES - turns->compared);
        gather(&group);
        note_pass(&group);
        turns->evicted.looked += group.looked;
        if (turns->compared == 0 && !group.whole) {
            evict_worst(&group, turns->bytes, &turns->evicted);
            turns->shards = 0;
        } else {
            (void)judge(&group);
            keep_runners_up(&group, &turns->worst);
            turns->compared += MIN(group.count, GROUP_ENTRIES - turns->compared);
        }
    }
    shard_leave(store, turns->hold);
}

/* How bad it is by now; if that is bad enough it has gone. */
static double remove_if_bad(struct turns *turns, const struct runner_up *runner, double enough) {
    struct shard *shard = store_shard(turns->store, runner->shard);
    struct candidate candidate;
    struct group group;
    double bad = -INFINITY;
    shard_enter(turns->store, turns->hold, runner->shard);
    begin_group(&group, shard, turns->now_ms, 0);
    if (shard->heap) bad = judge_runner_up(&group, runner, &candidate);
    if (bad > -INFINITY && bad >= enough) {
        turns->evicted.bytes += remove_candidate(&group, &candidate);
        turns->evicted.entries++;
    }
    shard_leave(turns->store, turns->hold);
    return bad;
}

/* The group of several is full, or all shards were asked. */
static void evict_worst_of_several(struct turns *turns) {
    struct runners_up *worst = &turns->worst;
    int gone = 0;
    while (worst->count > 0 && may_go(gone, turns->bytes, &turns->evicted)) {
        struct runner_up one = take_out(worst, worst_of(worst));
        double next = worst->count > 0 ? worst_of(worst)->bad : -INFINITY;
        double bad = remove_if_bad(turns, &one, next);
        if (bad > -INFINITY && bad >= next) {
            gone++;
        } else if (bad > -INFINITY) { /* it was used since */
            one.bad = bad;
            worst->items[worst->count++] = one;
        }
    }
    worst->count = turns->compared = turns->shards = 0;
}

struct store_evicted store_evict(struct store *store, struct store_hold *hold, int64_t now_ms,
                                 size_t bytes, size_t looks) {
    struct turns turns = {.store = store, .hold = hold, .now_ms = now_ms, .bytes = bytes};
    while (turns.evicted.bytes < bytes && turns.evicted.looked < looks && may_evict(store)) {
        take_turn(&turns);
        if (turns.compared >= GROUP_ENTRIES || turns.shards >= store->shard_count ||
            (turns.compared > 0 && turns.evicted.looked >= looks))
            evict_worst_of_several(&turns);
    }
    return turns.evicted;
}

bool store_age(struct store *store, struct store_hold *hold, size_t index, int64_t now_ms,
               size_t looks) {
    struct shard *shard = store_shard(store, index);
    struct group group;
    bool due = true;
    size_t looked = 0;
    shard_enter(store, hold, index);
    while (due && looked < looks) {
        uint32_t ticks = evict_tick(&store->evict) - shard->pass_tick;
        due = shard->heap && (ticks > TICK_OLDEST / 2 || now_ms - shard->pass_ms > PASS_MS);
        if (!due) break;
        begin_group(&group, shard, now_ms, GROUP_ENTRIES);
        gather(&group);
        note_pass(&group);
        (void)judge(&group);
        looked += MAX(group.looked, BUCKET_SLOTS);
    }
    shard_leave(store, hold);
    return due;
}
