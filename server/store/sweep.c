/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A segment's head says when something in it is due, a table and a shard when anything
 * in them is; a put makes these earlier, only a sweep makes them later.  A sweep walks the segments
 * of a shard in order of hash, reads of those that are due the expiries in their slots, and touches
 * an entry only to remove it, or, once in an hour, to see whether what was far has come near.
 *
 * A sweep that is to be prompt looks a second ahead: a slot that is due within the second may be of
 * an entry that is over already, since codes are rounded up, and only the entry tells.  So a key
 * that ends is looked at in each prompt sweep of its last second; those that wait for nobody's
 * message are left until their code is due, and looked at once.
 *
 * Shard and table begin a sweep with next_due_ms at "never" and lower it by each segment passed, so
 * that what a put adds meanwhile, before or behind the sweep, is not lost. */

#include "store/evict.h"

enum { SEGMENT_COST = 8 }; /* what looking at a segment takes from the budget, in entries */

struct sweep {
    struct shard *shard;
    uint32_t db;
    struct segment *segment;
    int64_t now_ms, now_s;
    int64_t due_s;    /* codes up to this second are due */
    bool look_at_far; /* FAR slots are due for a look */
    bool distrust;    /* near codes may have come round: entries decide */
};

static bool slot_is_due(const struct sweep *sweep, uint16_t code) {
    if (code == EXPIRY_NONE) return false;
    if (code == EXPIRY_FAR) return sweep->look_at_far;
    return sweep->distrust || expiry_decode_s(code, sweep->now_s) <= sweep->due_s;
}

/* One bit for each slot that is due; their entries are on their way to the cache. */
static uint32_t bucket_due(const struct sweep *sweep, const struct bucket *bucket) {
    uint32_t due = 0;
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (!slot_is_due(sweep, bucket->expiries[slot])) continue;
        __builtin_prefetch(heap_entry(sweep->shard->heap, bucket->refs[slot]), 1);
        due |= 1u << slot;
    }
    return due;
}

/* Removes the slots' entries that are over, and tells those that are not. */
static size_t expire_bucket(const struct sweep *sweep, struct bucket *bucket, uint32_t due) {
    struct shard *shard = sweep->shard;
    struct store *store = shard->store;
    size_t expired = 0;
    for (; due; due &= due - 1) {
        struct place place = {sweep->segment, bucket, (uint32_t)__builtin_ctz(due)};
        heap_ref ref = bucket->refs[place.slot];
        const struct entry *entry = heap_entry(shard->heap, ref);
        int64_t at_ms = entry_expire_at_ms(entry);
        if (!expiry_is_over(at_ms, sweep->now_ms)) {
            bucket->expiries[place.slot] = expiry_encode(at_ms, sweep->now_ms);
            continue;
        }
        if (store->on_removed)
            store->on_removed(store->on_removed_ctx, sweep->db, entry_key(entry),
                              STORE_REMOVED_EXPIRED);
        evict_note_end(store, entry);
        table_vacate(place);
        shard_discard(shard, sweep->db, ref);
        expired++;
    }
    counter_add(&shard->expired_total, expired);
    return expired;
}

/* Reads the slots again to say when the segment is due next. */
static void set_due(const struct sweep *sweep, size_t buckets) {
    struct segment *segment = sweep->segment;
    int64_t near_s = EXPIRY_NEVER_S;
    bool far = false;
    for (size_t i = 0; i < buckets; i++) {
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            uint16_t code = segment->buckets[i].expiries[slot];
            if (code == EXPIRY_NONE) continue;
            if (code == EXPIRY_FAR)
                far = true;
            else
                near_s = MIN(near_s, expiry_decode_s(code, sweep->now_s));
        }
    }
    /* A key that ends in this very second may have some of it left. */
    near_s = MAX(near_s, sweep->now_s + 1);
    segment->near_due_s = near_s == EXPIRY_NEVER_S ? EXPIRY_NEVER_S : expiry_head_s(near_s);
    /* A clock that was set back may have made FAR what was near. */
    if (!far)
        segment->far_due_s = EXPIRY_NEVER_S;
    else if (sweep->look_at_far || segment->far_due_s == EXPIRY_NEVER_S)
        segment->far_due_s = expiry_head_s(sweep->now_s + EXPIRY_FAR_CHECK_S);
}

/* Returns how many entries went. */
static size_t sweep_segment(struct sweep *sweep) {
    struct segment *segment = sweep->segment;
    size_t buckets = segment_buckets(segment), expired = 0;
    uint32_t due = bucket_due(sweep, &segment->buckets[0]);
    for (size_t i = 0; i < buckets; i++) {
        uint32_t next_due = i + 1 < buckets ? bucket_due(sweep, &segment->buckets[i + 1]) : 0;
        expired += expire_bucket(sweep, &segment->buckets[i], due);
        due = next_due;
    }
    set_due(sweep, buckets);
    return expired;
}

static int64_t segment_due_ms(const struct segment *segment) {
    uint32_t due_s = MIN(segment->near_due_s, segment->far_due_s);
    return due_s == EXPIRY_NEVER_S ? EXPIRY_NEVER_MS : (int64_t)due_s * 1000;
}

/* What is over by now_ms goes; what is due by due_ms is looked at. */
struct sweep_times {
    int64_t now_ms, due_ms;
};

/* Sweeps the segment at the shard's sweep_hash, and moves on.  Returns what it cost. */
static size_t step(struct shard *shard, struct table *table, struct sweep_times times) {
    uint64_t hash = shard->sweep_hash >> shard->store->shard_bits;
    struct segment *segment = table_segment(table, hash);
    uint64_t rest = UINT64_MAX >> segment->depth;
    shard->sweep_hash = segment->depth ? (shard->sweep_hash | rest) + 1 : 0;
    size_t expired = 0;
    if (segment_due_ms(segment) <= times.due_ms) {
        int64_t now_s = expiry_floor_s(times.now_ms);
        struct sweep sweep = {
            .shard = shard,
            .db = shard->sweep_db,
            .segment = segment,
            .now_ms = times.now_ms,
            .now_s = now_s,
            .due_s = expiry_floor_s(times.due_ms),
            .look_at_far = segment->far_due_s <= now_s,
            .distrust = now_s - segment->near_due_s > EXPIRY_DISTRUST_S,
        };
        expired = sweep_segment(&sweep);
    }
    table->next_due_ms = MIN(table->next_due_ms, segment_due_ms(segment));
    if (expired) table_settle(table, hash);
    return expired + SEGMENT_COST;
}

/* Goes on with the database at hand until it is done or the budget is spent. */
static size_t sweep_db(struct shard *shard, struct sweep_times times, size_t budget) {
    struct store_slice *slice = &shard->slices[shard->sweep_db];
    size_t spent = 0;
    if (slice->table && shard->sweep_hash == 0) {
        if (slice->table->next_due_ms > times.due_ms) goto done;
        slice->table->next_due_ms = EXPIRY_NEVER_MS;
    }
    while (slice->table) {
        if (spent >= budget) return spent;
        spent += step(shard, slice->table, times);
        if (counter_get(&slice->keys) == 0) shard_tidy(shard, shard->sweep_db);
        if (shard->sweep_hash == 0) break;
    }
done:
    if (slice->table) shard->next_due_ms = MIN(shard->next_due_ms, slice->table->next_due_ms);
    shard->sweep_hash = 0;
    shard->sweep_db++;
    return spent;
}

static bool sweep_shard(struct store *store, struct store_hold *hold, size_t index,
                        struct sweep_times times, size_t budget) {
    struct shard *shard = store_shard(store, index);
    shard_enter(store, hold, index);
    if (!shard->sweeping && shard->next_due_ms <= times.due_ms) {
        shard->sweeping = true;
        shard->sweep_db = 0;
        shard->sweep_hash = 0;
        shard->next_due_ms = EXPIRY_NEVER_MS;
    }
    size_t spent = 0;
    while (shard->sweeping && spent < budget) {
        spent += sweep_db(shard, times, budget - spent);
        if (shard->sweep_db == store->databases) shard->sweeping = false;
    }
    /* What was only looked at ahead of its time waits for the next call. */
    bool more = shard->sweeping || shard->next_due_ms <= times.now_ms;
    shard_leave(store, hold);
    return more;
}

bool store_sweep(struct store *store, struct store_hold *hold, size_t shard, int64_t now_ms,
                 size_t budget) {
    return sweep_shard(store, hold, shard, (struct sweep_times){now_ms, now_ms}, budget);
}

bool store_sweep_promptly(struct store *store, struct store_hold *hold, size_t shard,
                          int64_t now_ms, size_t budget) {
    enum { ROUNDED_UP_MS = 999 }; /* at most: how far a code is behind its entry */
    struct sweep_times times = {now_ms, now_ms + MIN(ROUNDED_UP_MS, INT64_MAX - now_ms)};
    return sweep_shard(store, hold, shard, times, budget);
}
