/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A segment is never changed in size: a new one is filled from it and takes its rows.
 * That reads slots and no keys, for a slot's tag says where it belongs: some 3 us.
 *
 *     pairs   1 2 4 8 16 20 24 28 35 42 48   ->   35 and 35
 *                      widen                 split
 *
 * Small steps keep all segments between 62 and 90 % full, 10.5 bytes of index an entry; growth by
 * splitting alone, between 43 and 87 %, was measured at 13.8.  They are paid by moving slots, which
 * is cheap; the split, which must read and hash keys for the next hash bit, comes once a doubling.
 * It looks two buckets ahead by prefetch.
 *
 * A young table is one segment of one pair, that is 304 bytes: sixteen databases of a few keys each
 * cost little.
 *
 * Removal that leaves a segment an eighth full makes it smaller, or merges it with its neighbour
 * when both together are a quarter of a full one.  Where memory is refused for that, all stays as
 * it is: removal cannot fail, and a table that hovers does not flap. */

#include "store/segment.h"

#include "base/assert.h"
#include "store/expiry.h"

enum {
    STASH_SHARE = 5,  /* pairs for each stash bucket */
    SPARSE_SHARE = 8, /* of a segment's slots in use: it is made smaller */
    MERGE_SHARE = 4,  /* of a full segment's slots in use by both: they merge */
    BUCKETS_MAX = 2 * SEGMENT_PAIRS_MAX + 14,
};

/* Chosen so that segments of 20 pairs and more nearly fill a size class of jemalloc's: 3, 3.5, 4,
 * 5, 6 and 7 KB.  The last one gets there by more stash. */
static const uint8_t steps[] = {1, 2, 4, 8, 16, 20, 24, 28, 35, 42, SEGMENT_PAIRS_MAX};
enum { STASH_OF_LAST = 14 };

static unsigned stash_of(unsigned pairs) {
    return pairs == SEGMENT_PAIRS_MAX ? STASH_OF_LAST : MAX(pairs / STASH_SHARE, 1);
}

/* For each bucket, which of its slots are meant. */
struct selection {
    uint8_t slots[BUCKETS_MAX + 2]; /* and two more, so that looking ahead needs no check */
};

static size_t taken_bytes(unsigned buckets) {
    /* The allocator aligns to 16 bytes, buckets want a cache line. */
    return sizeof(struct segment) + buckets * sizeof(struct bucket) + CACHE_LINE_BYTES - 16;
}

struct segment *segment_create(struct table *table, unsigned depth, unsigned pairs) {
    unsigned stash = stash_of(pairs);
    size_t bytes = taken_bytes(2 * pairs + stash);
    uint8_t *block = mem_alloc_zeroed(table->mem, bytes);
    if (!block) return NULL;
    size_t offset = round_up((uintptr_t)block, CACHE_LINE_BYTES) - (uintptr_t)block;
    struct segment *segment = (struct segment *)(void *)(block + offset);
    segment->offset = (uint8_t)offset;
    segment->depth = (uint8_t)depth;
    segment->pairs = (uint8_t)pairs;
    segment->stash = (uint8_t)stash;
    segment->near_due_s = segment->far_due_s = EXPIRY_NEVER_S;
    table->segments++;
    table->layouts++;
    table->segment_bytes += bytes;
    return segment;
}

void segment_destroy(struct table *table, struct segment *segment) {
    if (!segment) return;
    size_t bytes = taken_bytes((unsigned)segment_buckets(segment));
    table->segments--;
    table->segment_bytes -= bytes;
    mem_free(table->mem, (uint8_t *)segment - segment->offset, bytes);
}

static bool claim(struct segment *segment, struct bucket *bucket, uint16_t tag,
                  struct place *place) {
    uint64_t empty = bucket_match(bucket, 0);
    if (!empty) return false;
    segment->entries++;
    *place = (struct place){.segment = segment, .bucket = bucket, .slot = match_slot(empty)};
    bucket->tags[place->slot] = tag;
    return true;
}

bool segment_place(struct segment *segment, uint16_t tag, struct place *place) {
    uint32_t home = tag_bucket(tag, segment->pairs);
    if (claim(segment, &segment->buckets[home], tag, place)) return true;
    if (claim(segment, &segment->buckets[home ^ 1], tag, place)) return true;
    struct bucket *stash = segment_stash(segment);
    for (size_t i = 0; i < segment->stash; i++) {
        if (!claim(segment, &stash[i], tag, place)) continue;
        segment->stash_counts[home / 2]++;
        segment->stashed++;
        return true;
    }
    return false;
}

/* ---- filling one segment from another ---------------------------------------------------------*/

/* Copies what is selected; flip turns the selection round.  False when something does not fit. */
static bool fill(struct segment *to, const struct segment *from, const struct selection *selection,
                 uint8_t flip) {
    for (size_t i = 0; i < segment_buckets(from); i++) {
        const struct bucket *bucket = &from->buckets[i];
        uint8_t selected = selection->slots[i] ^ flip;
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            if (!bucket->tags[slot] || !(selected >> slot & 1)) continue;
            struct place place;
            if (!segment_place(to, bucket->tags[slot], &place)) return false;
            place.bucket->expiries[place.slot] = bucket->expiries[slot];
            place.bucket->refs[place.slot] = bucket->refs[slot];
        }
    }
    to->near_due_s = MIN(to->near_due_s, from->near_due_s);
    to->far_due_s = MIN(to->far_due_s, from->far_due_s);
    return true;
}

static unsigned pairs_after(unsigned pairs, unsigned pairs_full) {
    size_t step = 0;
    while (steps[step] <= pairs && step + 1 < ARRAY_LEN(steps)) step++;
    return MIN(steps[step], pairs_full);
}

/* Pairs that hold so many entries with room to spare: at 75 % of their slots at most. */
static unsigned pairs_for(const struct table *table, unsigned entries) {
    size_t step = 0;
    while (steps[step] * (unsigned)PAIR_SLOTS * 3 / 4 < entries && step + 1 < ARRAY_LEN(steps))
        step++;
    return MIN(steps[step], table->pairs_full);
}

/* What a new segment is made of: the selected part of one, or all of two. */
struct recipe {
    unsigned depth, pairs, pairs_max;
    const struct segment *from, *also; /* also may be NULL */
    const struct selection *selection;
    uint8_t flip;
};

/* A segment of recipe->pairs, or of as many more as it takes to fit.  NOT_FOUND: pairs_max is not
 * enough. */
static enum brine_status cook(struct table *table, const struct recipe *recipe,
                              struct segment **cooked) {
    for (unsigned pairs = recipe->pairs;; pairs = pairs_after(pairs, recipe->pairs_max)) {
        struct segment *to = segment_create(table, recipe->depth, pairs);
        if (!to) return BRINE_NO_MEMORY;
        if (fill(to, recipe->from, recipe->selection, recipe->flip) &&
            (!recipe->also || fill(to, recipe->also, recipe->selection, recipe->flip))) {
            *cooked = to;
            return BRINE_OK;
        }
        segment_destroy(table, to);
        if (pairs >= recipe->pairs_max) return BRINE_NOT_FOUND;
    }
}

static const struct selection nothing; /* and, flipped, everything */
enum { ALL = 0xff };

/* The rows of a segment, which this hash leads to, from now on lead to another. */
static void redirect(struct table *table, uint64_t hash, size_t span, struct segment *to) {
    size_t first = table_row_number(table, hash) & ~(span - 1);
    for (size_t row = first; row < first + span; row++) table->directory[row] = segment_row(to);
}

/* ---- growing ----------------------------------------------------------------------------------*/

/* Selects what has the hash bit at `depth`, counted behind the shard's, set. */
static void select_right(const struct table *table, struct table_keys keys,
                         const struct segment *segment, struct selection *right) {
    uint64_t bit = UINT64_C(1) << (63 - table->shard_bits - segment->depth);
    size_t buckets = segment_buckets(segment);
    for (size_t i = 0; i < buckets + 2; i++) {
        right->slots[i] = 0;
        for (uint32_t slot = 0; slot < BUCKET_SLOTS && i < buckets; slot++) {
            if (!segment->buckets[i].tags[slot]) continue;
            const struct entry *entry = heap_entry(keys.heap, segment->buckets[i].refs[slot]);
            __builtin_prefetch(entry);
            __builtin_prefetch(entry->body + 31);
        }
        if (i < 2) continue;
        const struct bucket *bucket = &segment->buckets[i - 2];
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            if (!bucket->tags[slot]) continue;
            const struct entry *entry = heap_entry(keys.heap, bucket->refs[slot]);
            if (hash_bytes(keys.secret, entry_key(entry)) & bit)
                right->slots[i - 2] |= (uint8_t)(1u << slot);
        }
    }
}

static enum brine_status directory_double(struct table *table) {
    if (table->depth >= TABLE_DEPTH_MAX) return BRINE_NO_MEMORY;
    size_t rows = (size_t)1 << table->depth;
    table_row *directory = mem_alloc(table->mem, 2 * rows * sizeof *directory);
    if (!directory) return BRINE_NO_MEMORY;
    for (size_t row = 0; row < rows; row++)
        directory[2 * row] = directory[2 * row + 1] = table->directory[row];
    if (table->directory != &table->only)
        mem_free(table->mem, table->directory, rows * sizeof *directory);
    table->directory = directory;
    table->depth++;
    table->deepest = 0;
    return BRINE_OK;
}

static enum brine_status split(struct table *table, struct table_keys keys, uint64_t hash) {
    struct segment *whole = table_segment(table, hash), *left = NULL, *right = NULL;
    struct selection selection;
    select_right(table, keys, whole, &selection);
    unsigned half = pairs_for(table, whole->entries / 2u);
    struct recipe recipe = {.depth = whole->depth + 1u,
                            .pairs = half,
                            .pairs_max = whole->pairs,
                            .from = whole,
                            .selection = &selection};
    enum brine_status status = cook(table, &recipe, &right);
    if (status != BRINE_OK) goto failed;
    recipe.flip = ALL;
    status = cook(table, &recipe, &left);
    if (status != BRINE_OK) goto failed;
    if (whole->depth == table->depth) status = directory_double(table);
    if (status != BRINE_OK) goto failed;
    size_t span = table_span(table, whole);
    uint64_t bit = UINT64_C(1) << (63 - table->shard_bits - whole->depth);
    redirect(table, hash | bit, span / 2, right);
    redirect(table, hash & ~bit, span / 2, left);
    if (left->depth == table->depth) table->deepest += 2;
    segment_destroy(table, whole);
    return BRINE_OK;
failed:
    BRINE_ASSERT(status == BRINE_NO_MEMORY, "a part fits where the whole was");
    segment_destroy(table, right);
    segment_destroy(table, left);
    return status;
}

/* The segment again, in a new one of `pairs` or more. */
static enum brine_status resize(struct table *table, uint64_t hash, unsigned pairs,
                                unsigned pairs_max) {
    struct segment *old = table_segment(table, hash), *new;
    struct recipe recipe = {.depth = old->depth,
                            .pairs = pairs,
                            .pairs_max = pairs_max,
                            .from = old,
                            .selection = &nothing,
                            .flip = ALL};
    TRY(cook(table, &recipe, &new));
    redirect(table, hash, table_span(table, old), new);
    segment_destroy(table, old);
    return BRINE_OK;
}

enum brine_status table_grow(struct table *table, struct table_keys keys, uint64_t hash) {
    unsigned pairs = table_segment(table, hash)->pairs;
    if (pairs < table->pairs_full) {
        enum brine_status status =
            resize(table, hash, pairs_after(pairs, table->pairs_full), table->pairs_full);
        if (status != BRINE_NOT_FOUND) return status;
    }
    return split(table, keys, hash);
}

/* ---- shrinking --------------------------------------------------------------------------------*/

/* False when the smaller directory is refused: then the larger one stays, until the next merge. */
static bool directory_halve(struct table *table) {
    size_t rows = (size_t)1 << table->depth;
    table_row *directory = table->directory, *smaller = &table->only;
    if (table->depth > 1) smaller = mem_alloc(table->mem, rows / 2 * sizeof *smaller);
    if (!smaller) return false;
    for (size_t row = 0; row < rows / 2; row++) smaller[row] = directory[2 * row];
    mem_free(table->mem, directory, rows * sizeof *directory);
    table->directory = smaller;
    table->depth--;
    table->deepest = 0;
    for (size_t row = 0; row < rows / 2;) {
        const struct segment *segment = row_segment(smaller[row]);
        if (segment->depth == table->depth) table->deepest++;
        row += table_span(table, segment);
    }
    return true;
}

/* Merges the segment with its neighbour, where both are of one depth and few.  False: not now. */
static bool merge(struct table *table, uint64_t hash) {
    struct segment *segment = table_segment(table, hash);
    if (segment->depth == 0) return false;
    uint64_t bit = UINT64_C(1) << (64 - table->shard_bits - segment->depth);
    struct segment *left = table_segment(table, hash & ~bit);
    struct segment *right = table_segment(table, hash | bit), *both;
    unsigned entries = (unsigned)left->entries + right->entries;
    if (left->depth != right->depth ||
        entries > table->pairs_full * (unsigned)PAIR_SLOTS / MERGE_SHARE)
        return false;
    struct recipe recipe = {.depth = left->depth - 1u,
                            .pairs = pairs_for(table, entries),
                            .pairs_max = table->pairs_full,
                            .from = left,
                            .also = right,
                            .selection = &nothing,
                            .flip = ALL};
    if (cook(table, &recipe, &both) != BRINE_OK) return false;
    if (left->depth == table->depth) table->deepest -= 2;
    redirect(table, hash, 2 * table_span(table, left), both);
    segment_destroy(table, left);
    segment_destroy(table, right);
    while (table->deepest == 0 && directory_halve(table)) {}
    return true;
}

void table_settle(struct table *table, uint64_t hash) {
    for (;;) {
        const struct segment *segment = table_segment(table, hash);
        if (segment->entries > (unsigned)segment->pairs * PAIR_SLOTS / SPARSE_SHARE) return;
        if (merge(table, hash)) continue;
        unsigned pairs = pairs_for(table, segment->entries);
        if (2 * pairs > segment->pairs) return;
        /* Refused memory leaves it as it is. */
        if (resize(table, hash, pairs, segment->pairs / 2u) != BRINE_OK) return;
    }
}
