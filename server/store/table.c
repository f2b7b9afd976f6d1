/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  Look-up, insertion and removal touch one segment; what makes and unmakes segments is
 * in split.c.
 *
 *     segment:  head | pair 0: bucket, bucket | pair 1 | ... | stash bucket | ...
 *
 * An entry goes to its home bucket, else to the other one of its pair (the next line, which the
 * processor fetches along), else to the stash.  The head counts for each pair what it has in the
 * stash, so that a miss looks there only when there is something to find.  With pairs of 16 and a
 * stash of an eighth of the pairs a segment is some 88 % full when it splits, 44 % after it; shards
 * have segments of different sizes (store.c), so the mean over all stays near 62 % at any number of
 * keys: 13 bytes of index an entry. */

#include "store/table.h"

#include "base/assert.h"
#include "store/split.h"

struct table *table_create(struct allocator *mem, unsigned shard_bits, unsigned pairs_full) {
    BRINE_ASSERT(pairs_full >= 1 && pairs_full <= SEGMENT_PAIRS_MAX, "the head counts every pair");
    struct table *table = mem_alloc_zeroed(mem, sizeof *table);
    if (!table) return NULL;
    table->mem = mem;
    table->pairs = table->stash = 1;
    table->pairs_full = (uint8_t)pairs_full;
    table->shard_bits = (uint8_t)shard_bits;
    table->directory = &table->only;
    table->next_due_ms = INT64_MAX;
    table->only = segment_create(table, 0);
    if (!table->only) {
        mem_free(mem, table, sizeof *table);
        return NULL;
    }
    table->segments = table->deepest = 1;
    return table;
}

void table_destroy(struct table *table) {
    if (!table) return;
    size_t rows = (size_t)1 << table->depth;
    for (size_t row = table->reclaimed; row < rows;) {
        struct segment *segment = table->directory[row];
        row += table_span(table, segment);
        table_free_segment(table, segment);
    }
    if (table->directory != &table->only)
        mem_free(table->mem, table->directory, rows * sizeof *table->directory);
    mem_free(table->mem, table, sizeof *table);
}

size_t table_taken_bytes(const struct table *table) {
    size_t directory =
        table->directory == &table->only ? 0 : sizeof *table->directory << table->depth;
    return sizeof *table + directory + table->segments * table_segment_bytes(table);
}

static bool find_in_bucket(const struct heap *heap, struct bucket *bucket, uint16_t tag,
                           struct bytes name, struct place *place) {
    for (uint64_t match = bucket_match(bucket, tag); match; match &= match - 1) {
        uint32_t slot = match_slot(match);
        if (!entry_has_key(heap_entry(heap, bucket->refs[slot]), name)) continue;
        place->bucket = bucket;
        place->slot = slot;
        return true;
    }
    return false;
}

bool table_find(const struct table *table, const struct heap *heap, uint64_t hash,
                struct bytes name, struct place *place) {
    struct segment *segment = table_segment(table, hash);
    uint32_t home = table_bucket_of(table, hash);
    uint16_t tag = table_tag(hash);
    place->segment = segment;
    if (find_in_bucket(heap, &segment->buckets[home], tag, name, place)) return true;
    if (find_in_bucket(heap, &segment->buckets[home ^ 1], tag, name, place)) return true;
    if (LIKELY(!segment->stash_counts[home / 2])) return false;
    struct bucket *stash = table_stash(table, segment);
    for (size_t i = 0; i < table->stash; i++)
        if (find_in_bucket(heap, &stash[i], tag, name, place)) return true;
    return false;
}

static bool find_ref_in_bucket(struct bucket *bucket, heap_ref ref, struct place *place) {
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (bucket->refs[slot] != ref || !bucket->tags[slot]) continue;
        place->bucket = bucket;
        place->slot = slot;
        return true;
    }
    return false;
}

bool table_find_ref(const struct table *table, uint64_t hash, heap_ref ref, struct place *place) {
    struct segment *segment = table_segment(table, hash);
    uint32_t home = table_bucket_of(table, hash);
    place->segment = segment;
    if (find_ref_in_bucket(&segment->buckets[home], ref, place)) return true;
    if (find_ref_in_bucket(&segment->buckets[home ^ 1], ref, place)) return true;
    struct bucket *stash = table_stash(table, segment);
    for (size_t i = 0; i < table->stash; i++)
        if (find_ref_in_bucket(&stash[i], ref, place)) return true;
    return false;
}

enum brine_status table_insert(struct table *table, struct table_keys keys, uint64_t hash,
                               heap_ref ref, struct place *place) {
    for (;;) {
        struct segment *segment = table_segment(table, hash);
        if (segment_place(table, segment, hash, place)) break;
        TRY(table_grow(table, keys, hash));
    }
    place->bucket->tags[place->slot] = table_tag(hash);
    place->bucket->expiries[place->slot] = 0;
    place->bucket->refs[place->slot] = ref;
    return BRINE_OK;
}

void table_vacate(struct table *table, struct table_keys keys, struct place place) {
    struct segment *segment = place.segment;
    struct bucket *stash = table_stash(table, segment);
    if (UNLIKELY(place.bucket >= stash)) {
        const struct entry *entry = heap_entry(keys.heap, place.bucket->refs[place.slot]);
        uint64_t hash = hash_bytes(keys.secret, entry_key(entry));
        segment->stash_counts[table_bucket_of(table, hash) / 2]--;
        segment->stashed--;
    }
    segment->entries--;
    place.bucket->tags[place.slot] = 0;
    place.bucket->expiries[place.slot] = 0;
    place.bucket->refs[place.slot] = 0;
}

void table_remove(struct table *table, struct table_keys keys, struct place place) {
    struct segment *segment = place.segment;
    if (LIKELY(!segment_is_sparse(table, segment))) {
        table_vacate(table, keys, place);
        return;
    }
    const struct entry *entry = heap_entry(keys.heap, place.bucket->refs[place.slot]);
    uint64_t hash = hash_bytes(keys.secret, entry_key(entry));
    table_vacate(table, keys, place);
    table_settle(table, hash);
}
