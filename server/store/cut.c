/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  store->cut_bit is what an entry that was shown has.  Invariant: while there is no
 * cut, every entry in a table has it.  A table that existed at the cut remembers its database of
 * then, and how far it was walked, by the hash behind the shard's bits as a sweep does: what is
 * inserted into the part that was walked has the bit already, and segments that split, merge or
 * widen only change how much the next step takes.
 *
 * A large segment is shown in several steps, which begin where the last one ended as long as no
 * segment was made since: entries change their buckets only when a new segment is filled. */

#include "store/cut.h"

#include "store/shard.h"

enum {
    LOOKS_MAX = 8192, /* slots that a step looks at: some 50 us */
    ENTRY_COST = 64,  /* bytes that an entry counts as beside its own */
    BUCKETS_AHEAD = 2,
    BLOB_SHARE = 4, /* of a boxed value's bytes, which is not copied but held until it is written */
};

struct cut_step {
    struct shard *shard;
    struct table *table;
    size_t bytes; /* that may still be shown */
    size_t looks;
};

void shard_hand_over(struct shard *shard, const struct table *table, struct entry *entry,
                     bool by_writer) {
    struct store *store = shard->store;
    entry->cut = store->cut_bit;
    if (atomic_load_explicit(&store->cut_abandoned, memory_order_relaxed)) return;
    struct store_value value;
    entry_view_value(entry, &value);
    struct store_cut_entry shown = {
        .db = table->cut_db,
        .shard = shard->index,
        .name = entry_key(entry),
        .value = &value,
        .by_writer = by_writer,
    };
    if (!store->cut.show(store->cut.ctx, &shown))
        atomic_store_explicit(&store->cut_abandoned, true, memory_order_relaxed);
}

/* ---- begin and end ----------------------------------------------------------------------------*/

bool store_cut_begin(struct store *store, struct store_hold *hold, const struct store_cut *cut,
                     struct store_cut_counts *counts) {
    *counts = (struct store_cut_counts){0};
    store_lock_all(store, hold);
    bool begins = !store->cut_running;
    for (size_t i = 0; begins && i < store->shard_count; i++) {
        struct shard *shard = store_shard(store, i);
        counts->changes_total += counter_get(&shard->changes_total);
        for (uint32_t db = 0; db < store->databases; db++) {
            struct table *table = shard->slices[db].table;
            if (!table) continue;
            counts->keys += counter_get(&shard->slices[db].keys);
            table->cut_db = db;
            table->cut_pending = true;
            table->cut_hash = 0;
            table->cut_bucket = 0;
        }
    }
    if (begins) {
        store->cut = *cut;
        store->cut_bit ^= 1;
        store->cut_running = true;
        atomic_store_explicit(&store->cut_abandoned, false, memory_order_relaxed);
    }
    store_unlock(store, hold);
    return begins;
}

void store_cut_abandon(struct store *store) {
    atomic_store_explicit(&store->cut_abandoned, true, memory_order_relaxed);
}

void store_cut_end(struct store *store, struct store_hold *hold) {
    store_lock_all(store, hold);
    BRINE_ASSERT(store->cut_running, "a cut that ends was begun");
    for (size_t i = 0; i < store->shard_count; i++)
        BRINE_ASSERT(!shard_cut_pending(store_shard(store, i)),
                     "a cut ends when every table was walked");
    store->cut_running = false;
    store_unlock(store, hold);
}

/* ---- walking ----------------------------------------------------------------------------------*/

static struct table *pending_table(const struct shard *shard) {
    for (size_t db = 0; db < shard->store->databases; db++) {
        struct table *table = shard->slices[db].table;
        if (table && table->cut_pending) return table;
    }
    for (struct table *table = shard->dropped_tables; table; table = table->next)
        if (table->cut_pending) return table;
    return NULL;
}

bool shard_cut_pending(const struct shard *shard) {
    return pending_table(shard) != NULL;
}

static void prefetch_bucket(const struct shard *shard, const struct bucket *bucket) {
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (!bucket->tags[slot]) continue;
        const struct entry *entry = heap_entry(shard->heap, bucket->refs[slot]);
        __builtin_prefetch(entry);
        __builtin_prefetch((const uint8_t *)entry + CACHE_LINE_BYTES);
    }
}

static void take_from(size_t *left, size_t amount) {
    *left -= MIN(*left, amount);
}

/* Shows what the bucket has; more than the budget, rather than half of it. */
static void show_bucket(struct cut_step *step, const struct bucket *bucket) {
    struct shard *shard = step->shard;
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (!bucket->tags[slot]) continue;
        struct entry *entry = heap_entry(shard->heap, bucket->refs[slot]);
        if (entry->cut == shard->store->cut_bit) continue;
        const struct blob *blob = entry_blob(entry);
        take_from(&step->bytes, ENTRY_COST + entry_body_bytes(entry));
        if (blob) take_from(&step->bytes, blob->len / BLOB_SHARE);
        shard_hand_over(shard, step->table, entry, false);
    }
}

/* Goes on in the table; false when it has come to its end. */
static bool step_table(struct cut_step *step) {
    struct table *table = step->table;
    while (step->bytes > 0 && step->looks > 0) {
        struct segment *segment =
            table_segment(table, table->cut_hash >> step->shard->store->shard_bits);
        size_t buckets = segment_buckets(segment);
        size_t at = table->cut_layout == table->layouts ? table->cut_bucket : 0;
        for (size_t ahead = at; ahead < MIN(at + BUCKETS_AHEAD, buckets); ahead++)
            prefetch_bucket(step->shard, &segment->buckets[ahead]);
        for (; at < buckets && step->bytes > 0 && step->looks > 0; at++) {
            if (at + BUCKETS_AHEAD < buckets)
                prefetch_bucket(step->shard, &segment->buckets[at + BUCKETS_AHEAD]);
            show_bucket(step, &segment->buckets[at]);
            take_from(&step->looks, BUCKET_SLOTS);
        }
        table->cut_layout = table->layouts;
        table->cut_bucket = (uint32_t)at;
        if (at < buckets) return true;
        uint64_t rest = UINT64_MAX >> segment->depth;
        table->cut_bucket = 0;
        table->cut_hash = segment->depth ? (table->cut_hash | rest) + 1 : 0;
        if (table->cut_hash == 0) return false;
    }
    return true;
}

bool store_cut_step(struct store *store, struct store_hold *hold, size_t index, size_t bytes) {
    struct cut_step step = {
        .shard = store_shard(store, index), .bytes = MAX(bytes, 1), .looks = LOOKS_MAX};
    shard_enter(store, hold, index);
    BRINE_ASSERT(store->cut_running, "a step belongs to a cut");
    while (step.bytes > 0 && step.looks > 0 && (step.table = pending_table(step.shard)) != NULL)
        step.table->cut_pending = step_table(&step);
    bool more = shard_cut_pending(step.shard);
    shard_leave(store, hold);
    return more;
}
