/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A flush takes tables off their slices under all locks, and nothing else; what they
 * held is freed later, a bounded piece at a time, by store_reclaim.  Where the flushed database was
 * the shard's only one, its heap goes whole: chunks are freed without a look at what is in them,
 * unless something boxed is.  Else its entries lie among others' and go one by one, as they do when
 * a cut has not seen them all yet, which must be before. */

#include "store/forecast.h"
#include "store/segment.h"

enum { CHUNK_COST = 16 }; /* what freeing a chunk or a segment unread takes from the budget */

static void drop_table(struct store_slice *slice, struct shard *shard) {
    struct table *table = slice->table;
    if (!table) return;
    counter_add(&shard->changes_total, counter_get(&slice->keys));
    table->next = shard->dropped_tables;
    shard->dropped_tables = table;
    slice->table = NULL;
    slice_count_none(shard, slice);
}

/* Every key of the heap is gone: so may the heap be. */
static void drop_heap(struct shard *shard) {
    for (struct table *table = shard->dropped_tables; table; table = table->next)
        table->entries_gone = true;
    if (!shard->heap) return;
    shard->heap->next = shard->dropped_heaps;
    shard->dropped_heaps = shard->heap;
    shard->heap = NULL;
}

/* After anything was dropped or freed: the store counts the shards that have something left. */
static void note_leftovers(struct shard *shard) {
    bool has = shard->dropped_tables || shard->dropped_heaps;
    if (has == shard->has_leftovers) return;
    shard->has_leftovers = has;
    atomic_fetch_add(&shard->store->evict.leftovers, has ? 1 : UINT32_MAX);
}

bool store_leftovers(const struct store *store) {
    return atomic_load_explicit(&store->evict.leftovers, memory_order_relaxed) > 0;
}

static void flush(struct store *store, struct store_hold *hold, uint32_t from_db, uint32_t to_db) {
    store_lock_all(store, hold);
    for (size_t i = 0; i < store->shard_count; i++) {
        struct shard *shard = store_shard(store, i);
        for (uint32_t db = from_db; db < to_db; db++) drop_table(&shard->slices[db], shard);
        bool empty = true;
        for (size_t db = 0; db < store->databases; db++) empty &= !shard->slices[db].table;
        /* What a cut has not seen goes one by one, when it has. */
        if (empty && !shard_cut_pending(shard)) drop_heap(shard);
        note_leftovers(shard);
    }
    forecast_clear(store);
    store_unlock(store, hold);
}

void store_flush_db(struct store *store, struct store_hold *hold, uint32_t db) {
    BRINE_ASSERT(db < store->databases, "a database exists");
    flush(store, hold, db, db + 1);
}

void store_flush_all(struct store *store, struct store_hold *hold) {
    flush(store, hold, 0, (uint32_t)store->databases);
}

static void swap_counters(store_counter *a, store_counter *b) {
    uint64_t kept = counter_get(a);
    atomic_store_explicit(a, counter_get(b), memory_order_relaxed);
    atomic_store_explicit(b, kept, memory_order_relaxed);
}

static void swap_slices(struct store_slice *a, struct store_slice *b) {
    struct table *table = a->table;
    struct store_label_count *labels = a->labels;
    uint32_t labels_cap = a->labels_cap;
    a->table = b->table;
    a->labels = b->labels;
    a->labels_cap = b->labels_cap;
    b->table = table;
    b->labels = labels;
    b->labels_cap = labels_cap;
    swap_counters(&a->keys, &b->keys);
    swap_counters(&a->keys_with_expiry, &b->keys_with_expiry);
    swap_counters(&a->expire_at_sum_s, &b->expire_at_sum_s);
}

/* A sweep in the middle of a table knows when the rest of it is due by where it stands, so it
 * begins anew: all is due, until it has looked. */
static void restart_sweep(struct shard *shard, uint32_t db) {
    struct table *table = shard->slices[db].table;
    if (table) table->next_due_ms = 0;
    shard->sweeping = false;
    shard->sweep_hash = 0;
    shard->next_due_ms = 0;
}

void store_swap_dbs(struct store *store, struct store_hold *hold, uint32_t a, uint32_t b) {
    BRINE_ASSERT(a < store->databases && b < store->databases, "a database exists");
    store_lock_all(store, hold);
    for (size_t i = 0; i < store->shard_count; i++) {
        struct shard *shard = store_shard(store, i);
        swap_slices(&shard->slices[a], &shard->slices[b]);
        restart_sweep(shard, a);
        restart_sweep(shard, b);
        counter_add(&shard->changes_total, i == 0); /* one change in all */
    }
    store_unlock(store, hold);
}

/* Frees the entries of one segment that lie in the shard's living heap. */
static size_t free_entries(struct shard *shard, const struct segment *segment) {
    size_t freed = 0;
    for (size_t i = 0; i < segment_buckets(segment); i++) {
        const struct bucket *bucket = &segment->buckets[i];
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            if (!bucket->tags[slot]) continue;
            shard_free_entry(shard->heap, bucket->refs[slot]);
            freed++;
        }
    }
    return freed;
}

/* Frees segments of the first dropped table, under the lock.  Returns what it cost. */
static size_t reclaim_table(struct shard *shard, size_t budget) {
    struct table *table = shard->dropped_tables;
    size_t rows = (size_t)1 << table->depth, spent = 0;
    while (table->reclaimed < rows && spent < budget) {
        struct segment *segment = row_segment(table->directory[table->reclaimed]);
        table->reclaimed += (uint32_t)table_span(table, segment);
        if (!table->entries_gone) spent += free_entries(shard, segment);
        segment_destroy(table, segment);
        spent += CHUNK_COST;
    }
    if (table->reclaimed == rows) {
        shard->dropped_tables = table->next;
        table_destroy(table);
        shard_tidy_heap(shard);
    }
    return spent;
}

/* Frees chunks of a heap that nobody else sees.  True when it is gone. */
static bool reclaim_heap(struct heap *heap, size_t budget) {
    for (size_t spent = 0; heap->chunks_len > 1; spent += CHUNK_COST) {
        if (spent >= budget) return false;
        size_t boxed = heap->boxed_entries;
        heap_drop_blobs(heap, heap->chunks_len - 1);
        heap_drop_last_chunk(heap);
        spent += boxed - heap->boxed_entries;
    }
    heap_destroy(heap);
    return true;
}

bool store_reclaim(struct store *store, struct store_hold *hold, size_t index, size_t budget) {
    struct shard *shard = store_shard(store, index);
    shard_enter(store, hold, index);
    size_t spent = 0;
    while (shard->dropped_tables && !shard->dropped_tables->cut_pending && spent < budget)
        spent += reclaim_table(shard, budget - spent);
    struct heap *heap = spent < budget ? shard->dropped_heaps : NULL;
    if (heap) shard->dropped_heaps = heap->next;
    /* A table that a cut has yet to walk is nothing that could be done now. */
    bool more =
        (shard->dropped_tables && !shard->dropped_tables->cut_pending) || shard->dropped_heaps;
    if (!heap) note_leftovers(shard);
    shard_leave(store, hold);
    if (!heap || reclaim_heap(heap, budget - spent)) return more;
    shard_enter(store, hold, index);
    heap->next = shard->dropped_heaps;
    shard->dropped_heaps = heap;
    shard_leave(store, hold);
    return true;
}
