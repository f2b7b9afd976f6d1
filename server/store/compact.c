/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  Only the index points at an entry, so an entry can be moved by whoever holds the
 * lock: its key is hashed again and the slot that has its reference is given the new one.  The
 * sparsest chunk is emptied into the holes of the others and goes back to the allocator whole; its
 * own holes are out of the bins meanwhile, so that nothing new lands in it.  Fragmentation is
 * thereby answered by moving at most three quarters of a chunk to win one.
 *
 * What does not fit any hole ends the attempt: a new chunk for it could be won back only to be
 * needed again, and upkeep would never come to rest. */

#include "store/shard.h"

/* At least this part of the heap is free, or it is well as it is; the second where memory is short.
 */
enum { COMPACT_FREE_SHARE = 8, COMPACT_FREE_SHARE_PRESSED = 24 };

static bool find_place(const struct shard *shard, const struct entry *entry, heap_ref ref,
                       struct place *place) {
    const struct store *store = shard->store;
    uint64_t hash = hash_bytes(&store->secret, entry_key(entry));
    for (size_t db = 0; db < store->databases; db++) {
        const struct table *table = shard->slices[db].table;
        if (table && table_find_ref(table, hash, ref, place)) return true;
    }
    return false;
}

/* False when there is no hole to move it to. */
static bool move_entry(struct shard *shard, heap_ref ref) {
    struct heap *heap = shard->heap;
    const struct entry *entry = heap_entry(heap, ref);
    struct place place;
    bool found = find_place(shard, entry, ref, &place);
    BRINE_ASSERT(found, "every live entry is in a table");
    size_t body_bytes = entry_body_bytes(entry);
    heap_ref to = heap_alloc_hole(heap, body_units(body_bytes));
    if (!to) return false;
    struct entry *moved = heap_entry(heap, to);
    moved->flags = (moved->flags & F_PREV_FREE) | (entry->flags & (uint8_t)~F_PREV_FREE);
    moved->access = entry->access;
    moved->cut = entry->cut;
    moved->key_len = entry->key_len;
    entry_set_body_bytes(moved, body_bytes);
    memcpy(moved->body, entry->body, body_bytes);
    place.bucket->refs[place.slot] = to;
    heap_free(heap, ref);
    return true;
}

/* True when a chunk was emptied, or the budget ended before it was. */
static bool compact(struct shard *shard, size_t budget) {
    struct heap *heap = shard->heap;
    /* What a flush left behind is in no table any more; it goes first. */
    if (!heap || shard->dropped_tables) return false;
    bool pressed = atomic_load_explicit(&shard->store->evict.pressed, memory_order_relaxed);
    size_t share = pressed ? COMPACT_FREE_SHARE_PRESSED : COMPACT_FREE_SHARE;
    if (heap->chunk_bytes - heap->live_bytes < heap->chunk_bytes / share) {
        heap_evacuate_end(heap);
        return false;
    }
    uint32_t chunk = heap_evacuate_begin(heap);
    if (!chunk) return false;
    for (heap_ref next, ref = heap_next_live(heap, chunk, 0); ref; ref = next) {
        if (budget-- == 0) return true;
        /* Found before the block is freed and joined with what is around it. */
        next = heap_next_live(heap, chunk, heap_unit_after(heap, ref));
        if (move_entry(shard, ref)) continue;
        heap_evacuate_end(heap);
        return false;
    }
    return true;
}

void store_press(struct store *store, bool pressed) {
    atomic_store_explicit(&store->evict.pressed, pressed, memory_order_relaxed);
}

bool store_compact(struct store *store, struct store_hold *hold, size_t index, size_t budget) {
    shard_enter(store, hold, index);
    bool more = compact(store_shard(store, index), budget);
    shard_leave(store, hold);
    return more;
}
