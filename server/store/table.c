/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  Look-up, insertion and removal touch one segment; what makes and unmakes segments is
 * in segment.c.
 *
 *     segment:  head | pair 0: bucket, bucket | pair 1 | ... | stash bucket | ...
 *
 * An entry goes to its home bucket, else to the other one of its pair (the next line, which the
 * processor fetches along), else to the stash.  The head counts for each pair what it has in the
 * stash, so that a miss looks there only when there is something to find. */

#include "store/table.h"

#include "base/assert.h"
#include "store/segment.h"

struct table *table_create(struct allocator *mem, unsigned shard_bits, unsigned pairs_full) {
    BRINE_ASSERT(pairs_full >= 1 && pairs_full <= SEGMENT_PAIRS_MAX, "the head counts every pair");
    struct table *table = mem_alloc_zeroed(mem, sizeof *table);
    if (!table) return NULL;
    table->mem = mem;
    table->pairs_full = (uint8_t)pairs_full;
    table->shard_bits = (uint8_t)shard_bits;
    table->directory = &table->only;
    table->next_due_ms = INT64_MAX;
    struct segment *segment = segment_create(table, 0, 1);
    if (!segment) {
        mem_free(mem, table, sizeof *table);
        return NULL;
    }
    table->only = segment_row(segment);
    table->deepest = 1;
    return table;
}

void table_destroy(struct table *table) {
    if (!table) return;
    size_t rows = (size_t)1 << table->depth;
    for (size_t row = table->reclaimed; row < rows;) {
        struct segment *segment = row_segment(table->directory[row]);
        row += table_span(table, segment);
        segment_destroy(table, segment);
    }
    if (table->directory != &table->only)
        mem_free(table->mem, table->directory, rows * sizeof *table->directory);
    mem_free(table->mem, table, sizeof *table);
}

size_t table_taken_bytes(const struct table *table) {
    size_t directory =
        table->directory == &table->only ? 0 : sizeof *table->directory << table->depth;
    return sizeof *table + directory + table->segment_bytes;
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
    table_row row = table_row_of(table, hash);
    struct segment *segment = row_segment(row);
    uint16_t tag = table_tag(hash);
    uint32_t home = tag_bucket(tag, row_pairs(row));
    place->segment = segment;
    if (find_in_bucket(heap, &segment->buckets[home], tag, name, place)) return true;
    if (find_in_bucket(heap, &segment->buckets[home ^ 1], tag, name, place)) return true;
    if (LIKELY(!segment->stash_counts[home / 2])) return false;
    struct bucket *stash = segment_stash(segment);
    for (size_t i = 0; i < segment->stash; i++)
        if (find_in_bucket(heap, &stash[i], tag, name, place)) return true;
    return false;
}

static bool find_ref_in_bucket(struct bucket *bucket, heap_ref ref, struct place *place) {
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (bucket->refs[slot] != ref) continue;
        place->bucket = bucket;
        place->slot = slot;
        return true;
    }
    return false;
}

bool table_find_ref(const struct table *table, uint64_t hash, heap_ref ref, struct place *place) {
    struct segment *segment = table_segment(table, hash);
    uint32_t home = tag_bucket(table_tag(hash), segment->pairs);
    place->segment = segment;
    if (find_ref_in_bucket(&segment->buckets[home], ref, place)) return true;
    if (find_ref_in_bucket(&segment->buckets[home ^ 1], ref, place)) return true;
    struct bucket *stash = segment_stash(segment);
    for (size_t i = 0; i < segment->stash; i++)
        if (find_ref_in_bucket(&stash[i], ref, place)) return true;
    return false;
}

enum brine_status table_insert(struct table *table, struct table_keys keys, uint64_t hash,
                               heap_ref ref, struct place *place) {
    while (!segment_place(table_segment(table, hash), table_tag(hash), place))
        TRY(table_grow(table, keys, hash));
    place->bucket->refs[place->slot] = ref;
    return BRINE_OK;
}

void table_vacate(struct place place) {
    struct segment *segment = place.segment;
    if (UNLIKELY(place.bucket >= segment_stash(segment))) {
        uint16_t tag = place.bucket->tags[place.slot];
        segment->stash_counts[tag_pair(tag, segment->pairs)]--;
        segment->stashed--;
    }
    segment->entries--;
    place.bucket->tags[place.slot] = 0;
    place.bucket->expiries[place.slot] = 0;
    place.bucket->refs[place.slot] = 0;
}
