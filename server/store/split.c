/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A split makes one new segment, the right half, and moves there what has the next
 * hash bit set.  An entry keeps its pair, even its bucket, so nothing overflows that did not
 * before: splitting cannot fail once the memory is there.  Keys are read and hashed for that bit,
 * one pair ahead by prefetch: some 20 us for 450 entries, the longest pause that growth makes.
 *
 * A merge is the reverse and reads no key at all: pair by pair, slots are copied to the left half,
 * if they fit.  It needs no memory, so that removal cannot fail.  Segments merge at an eighth of
 * their slots each and split when full: a table that hovers does not flap.
 *
 * A young table is one segment of one pair, that is 256 bytes, doubled until it has the shard's
 * full number of pairs: sixteen databases of a few keys each cost little. */

#include "store/split.h"

#include "base/assert.h"
#include "store/expiry.h"

enum { STASH_SHARE = 8 }; /* pairs for each stash bucket */

size_t table_segment_bytes(const struct table *table) {
    /* The allocator aligns to 16 bytes, buckets want a cache line. */
    return sizeof(struct segment) + table_buckets(table) * sizeof(struct bucket) +
           CACHE_LINE_BYTES - 16;
}

struct segment *segment_create(const struct table *table, unsigned depth) {
    uint8_t *block = mem_alloc_zeroed(table->mem, table_segment_bytes(table));
    if (!block) return NULL;
    size_t offset = round_up((uintptr_t)block, CACHE_LINE_BYTES) - (uintptr_t)block;
    struct segment *segment = (struct segment *)(void *)(block + offset);
    segment->offset = (uint8_t)offset;
    segment->depth = (uint8_t)depth;
    segment->near_due_s = segment->far_due_s = EXPIRY_NEVER_S;
    return segment;
}

/* Makes `to` due no later than `from`, whose entries it takes. */
static void segment_copy_due(struct segment *to, const struct segment *from) {
    to->near_due_s = MIN(to->near_due_s, from->near_due_s);
    to->far_due_s = MIN(to->far_due_s, from->far_due_s);
}

void table_free_segment(struct table *table, struct segment *segment) {
    mem_free(table->mem, (uint8_t *)segment - segment->offset, table_segment_bytes(table));
}

static bool claim(struct segment *segment, struct bucket *bucket, struct place *place) {
    uint64_t empty = bucket_match(bucket, 0);
    if (!empty) return false;
    segment->entries++;
    *place = (struct place){.segment = segment, .bucket = bucket, .slot = match_slot(empty)};
    return true;
}

bool segment_place(const struct table *table, struct segment *segment, uint64_t hash,
                   struct place *place) {
    uint32_t home = table_bucket_of(table, hash);
    if (claim(segment, &segment->buckets[home], place)) return true;
    if (claim(segment, &segment->buckets[home ^ 1], place)) return true;
    struct bucket *stash = table_stash(table, segment);
    for (size_t i = 0; i < table->stash; i++) {
        if (!claim(segment, &stash[i], place)) continue;
        segment->stash_counts[home / 2]++;
        segment->stashed++;
        return true;
    }
    return false;
}

static void slot_copy(const struct place *to, const struct bucket *bucket, uint32_t slot) {
    to->bucket->tags[to->slot] = bucket->tags[slot];
    to->bucket->expiries[to->slot] = bucket->expiries[slot];
    to->bucket->refs[to->slot] = bucket->refs[slot];
}

static void slot_clear(struct bucket *bucket, uint32_t slot) {
    bucket->tags[slot] = 0;
    bucket->expiries[slot] = 0;
    bucket->refs[slot] = 0;
}

static void prefetch_entries(const struct heap *heap, const struct bucket *bucket) {
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++)
        if (bucket->tags[slot]) __builtin_prefetch(heap_entry(heap, bucket->refs[slot]));
}

static uint64_t slot_hash(struct table_keys keys, const struct bucket *bucket, uint32_t slot) {
    return hash_bytes(keys.secret, entry_key(heap_entry(keys.heap, bucket->refs[slot])));
}

/* Moves to `right` what has the hash bit at `depth` (counted behind the shard's) set. */
static void move_right_half(struct table *table, struct table_keys keys, struct segment *left,
                            struct segment *right, unsigned depth) {
    uint64_t bit = UINT64_C(1) << (63 - table->shard_bits - depth);
    size_t buckets = 2 * (size_t)table->pairs;
    prefetch_entries(keys.heap, &left->buckets[0]);
    for (size_t i = 0; i < buckets; i++) {
        struct bucket *bucket = &left->buckets[i];
        /* After the last bucket comes the stash, read next. */
        prefetch_entries(keys.heap, bucket + 1);
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            if (!bucket->tags[slot] || !(slot_hash(keys, bucket, slot) & bit)) continue;
            struct place place;
            bool placed = claim(right, &right->buckets[i], &place);
            BRINE_ASSERT(placed, "a half fits where the whole was");
            slot_copy(&place, bucket, slot);
            slot_clear(bucket, slot);
            left->entries--;
        }
    }
}

/* What is in the stash finds its pair with room now, in one half or the other. */
static void settle_stash(struct table *table, struct table_keys keys, struct segment *left,
                         struct segment *right, unsigned depth) {
    uint64_t bit = UINT64_C(1) << (63 - table->shard_bits - depth);
    struct bucket *stash = table_stash(table, left);
    for (size_t i = 0; i < table->stash; i++) {
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            if (!stash[i].tags[slot]) continue;
            uint64_t hash = slot_hash(keys, &stash[i], slot);
            struct bucket moved = stash[i];
            slot_clear(&stash[i], slot);
            left->entries--;
            left->stashed--;
            left->stash_counts[table_bucket_of(table, hash) / 2]--;
            struct place place;
            bool placed = segment_place(table, hash & bit ? right : left, hash, &place);
            BRINE_ASSERT(placed, "a half fits where the whole was");
            slot_copy(&place, &moved, slot);
        }
    }
}

static enum brine_status directory_double(struct table *table) {
    if (table->depth >= TABLE_DEPTH_MAX) return BRINE_NO_MEMORY;
    size_t rows = (size_t)1 << table->depth;
    struct segment **directory = mem_alloc(table->mem, 2 * rows * sizeof *directory);
    if (!directory) return BRINE_NO_MEMORY;
    for (size_t row = 0; row < rows; row++)
        directory[2 * row] = directory[2 * row + 1] = table->directory[row];
    if (table->directory != &table->only)
        mem_free(table->mem, table->directory, rows * sizeof *directory);
    table->directory = directory;
    table->only = NULL;
    table->depth++;
    table->deepest = 0;
    return BRINE_OK;
}

static enum brine_status split(struct table *table, struct table_keys keys, uint64_t hash) {
    struct segment *left = table_segment(table, hash);
    struct segment *right = segment_create(table, left->depth + 1u);
    if (!right) return BRINE_NO_MEMORY;
    if (left->depth == table->depth) {
        enum brine_status status = directory_double(table);
        if (status != BRINE_OK) {
            table_free_segment(table, right);
            return status;
        }
    }
    size_t span = table_span(table, left);
    size_t first = table_row(table, hash) & ~(span - 1);
    segment_copy_due(right, left);
    move_right_half(table, keys, left, right, left->depth);
    settle_stash(table, keys, left, right, left->depth);
    left->depth++;
    for (size_t row = first + span / 2; row < first + span; row++) table->directory[row] = right;
    table->segments++;
    if (left->depth == table->depth) table->deepest += 2;
    return BRINE_OK;
}

/* Fills `to` with all of `from`, which has other pairs.  False when something does not fit. */
static bool refill(const struct table *to_table, struct segment *to, const struct table *from_table,
                   const struct segment *from, struct table_keys keys) {
    for (size_t i = 0; i < table_buckets(from_table); i++) {
        const struct bucket *bucket = &from->buckets[i];
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            if (!bucket->tags[slot]) continue;
            struct place place;
            if (!segment_place(to_table, to, slot_hash(keys, bucket, slot), &place)) return false;
            slot_copy(&place, bucket, slot);
        }
    }
    return true;
}

/* Gives a table of one small segment a larger one.  NOT_FOUND: there was none that holds all. */
static enum brine_status widen(struct table *table, struct table_keys keys) {
    struct table wider = *table;
    while (wider.pairs < table->pairs_full) {
        wider.pairs = (uint8_t)MIN(2u * wider.pairs, table->pairs_full);
        wider.stash = (uint8_t)MAX(wider.pairs / STASH_SHARE, 1);
        struct segment *segment = segment_create(&wider, 0);
        if (!segment) return BRINE_NO_MEMORY;
        segment_copy_due(segment, table->only);
        if (refill(&wider, segment, table, table->only, keys)) {
            table_free_segment(table, table->only);
            table->only = segment;
            table->pairs = wider.pairs;
            table->stash = wider.stash;
            return BRINE_OK;
        }
        table_free_segment(&wider, segment);
    }
    return BRINE_NOT_FOUND;
}

enum brine_status table_grow(struct table *table, struct table_keys keys, uint64_t hash) {
    if (table->depth == 0) {
        enum brine_status status = widen(table, keys);
        if (status != BRINE_NOT_FOUND) return status;
    }
    return split(table, keys, hash);
}

static uint32_t bucket_empty(const struct bucket *bucket) {
    return (uint32_t)__builtin_popcountll(bucket_match(bucket, 0));
}

/* True when every pair of `left` has room for the same pair of `right`, and the stash for its
 * stash. */
static bool merge_fits(const struct table *table, struct segment *left, struct segment *right) {
    if (left->stashed + right->stashed > (uint32_t)table->stash * BUCKET_SLOTS) return false;
    for (size_t i = 0; i < 2 * (size_t)table->pairs; i += 2) {
        uint32_t room = bucket_empty(&left->buckets[i]) + bucket_empty(&left->buckets[i + 1]);
        uint32_t used =
            PAIR_SLOTS - bucket_empty(&right->buckets[i]) - bucket_empty(&right->buckets[i + 1]);
        if (used > room) return false;
    }
    return true;
}

/* Copies a bucket's entries into the first of `count` buckets of `left` that have room. */
static void merge_bucket(struct segment *left, struct bucket *targets, size_t count,
                         const struct bucket *bucket) {
    for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (!bucket->tags[slot]) continue;
        struct place place;
        bool placed = false;
        for (size_t i = 0; i < count && !placed; i++) placed = claim(left, &targets[i], &place);
        BRINE_ASSERT(placed, "merge_fits counted the room");
        slot_copy(&place, bucket, slot);
    }
}

static void merge(struct table *table, struct segment *left, struct segment *right) {
    size_t buckets = 2 * (size_t)table->pairs;
    for (size_t i = 0; i < buckets; i++)
        merge_bucket(left, &left->buckets[i & ~(size_t)1], 2, &right->buckets[i]);
    for (size_t i = 0; i < table->stash; i++)
        merge_bucket(left, table_stash(table, left), table->stash, &table_stash(table, right)[i]);
    left->stashed += right->stashed;
    for (size_t pair = 0; pair < table->pairs; pair++)
        left->stash_counts[pair] += right->stash_counts[pair];
    segment_copy_due(left, right);
    if (left->depth == table->depth) table->deepest -= 2;
    left->depth--;
    table->segments--;
}

/* False when the smaller directory is refused: then the larger one stays, until the next merge. */
static bool directory_halve(struct table *table) {
    size_t rows = (size_t)1 << table->depth;
    struct segment **directory = table->directory, **smaller = &table->only;
    if (table->depth > 1) smaller = mem_alloc(table->mem, rows / 2 * sizeof *smaller);
    if (!smaller) return false;
    for (size_t row = 0; row < rows / 2; row++) smaller[row] = directory[2 * row];
    mem_free(table->mem, directory, rows * sizeof *directory);
    table->directory = smaller;
    table->depth--;
    table->deepest = 0;
    for (size_t row = 0; row < rows / 2; row += table_span(table, smaller[row]))
        if (smaller[row]->depth == table->depth) table->deepest++;
    return true;
}

void table_settle(struct table *table, uint64_t hash) {
    for (;;) {
        struct segment *segment = table_segment(table, hash);
        if (!segment_is_sparse(table, segment)) return;
        size_t span = table_span(table, segment);
        size_t first = table_row(table, hash) & ~(2 * span - 1);
        struct segment *left = table->directory[first], *right = table->directory[first + span];
        if (left->depth != right->depth || !segment_is_sparse(table, left) ||
            !segment_is_sparse(table, right) || !merge_fits(table, left, right))
            return;
        merge(table, left, right);
        for (size_t row = first + span; row < first + 2 * span; row++) table->directory[row] = left;
        table_free_segment(table, right);
        while (table->deepest == 0 && directory_halve(table)) {}
    }
}
