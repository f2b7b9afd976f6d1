/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A table: the index of one database in one shard, by extendible hashing.  Private to store/.
 *
 * Words.  A *directory* of 2^depth rows, chosen by the hash bits behind the shard's, leads to
 * *segments*; a segment of depth d is shared by 2^(depth-d) rows.  A segment is up to 48 *pairs* of
 * 64-byte *buckets* of 8 *slots*, and a few *stash* buckets for what a pair has no room for.
 * A full segment gets more pairs, or splits in two: growth touches one segment, some 600 entries.
 *
 *     hash  63      63-s             27            15      0
 *           +--------+----------------+-------------+-------+
 *           | shard  |   directory    |     ...     |  tag  |
 *           +--------+----------------+-------------+-------+
 *
 * The tag, as a fraction of 2^16, gives the pair and which of its buckets is home; a slot keeps it,
 * so entries change pairs without a look at their keys, and what a bucket's tags have not in
 * common, some ten bits, tells its entries apart. Thread: whoever holds the shard's lock. */
#ifndef BRINE_STORE_TABLE_H
#define BRINE_STORE_TABLE_H

#include "store/heap.h"

enum {
    BUCKET_SLOTS = 8,
    PAIR_SLOTS = 2 * BUCKET_SLOTS,
    SEGMENT_PAIRS_MAX = 48,
    TABLE_DEPTH_MAX = 24,
    TABLE_TAG_BITS = 16,
};

/* Three arrays and not eight structs: the tags are compared in one instruction, and a sweep reads
 * nothing but expiries. */
struct bucket {
    uint16_t tags[BUCKET_SLOTS];     /* 0: the slot is empty */
    uint16_t expiries[BUCKET_SLOTS]; /* coarse, see expiry.h; 0: none */
    heap_ref refs[BUCKET_SLOTS];
};
_Static_assert(sizeof(struct bucket) == CACHE_LINE_BYTES, "a bucket is one cache line");

struct segment {
    uint8_t depth;
    uint8_t offset; /* of this struct in its allocation, for its alignment */
    uint8_t pairs;
    uint8_t stash;    /* buckets */
    uint16_t entries; /* stashed ones included */
    uint16_t stashed;
    uint32_t near_due_s;                     /* no slot with a near code is due before (expiry.h) */
    uint32_t far_due_s;                      /* when to look at the FAR ones again */
    uint8_t stash_counts[SEGMENT_PAIRS_MAX]; /* of each pair's entries that are in the stash */
    struct bucket buckets[] CACHE_ALIGNED;   /* 2 * pairs, then stash */
};
_Static_assert(sizeof(struct segment) == CACHE_LINE_BYTES, "the segment's head is one cache line");

/* A segment's address with its number of pairs in the low six bits, which are free as segments lie
 * on cache lines: the bucket to look in is known before anything of the segment is read. */
typedef uintptr_t table_row;
_Static_assert(SEGMENT_PAIRS_MAX < CACHE_LINE_BYTES, "a row has room for the number of pairs");

struct table {
    table_row *directory; /* == &only at depth 0 */
    table_row only;
    struct allocator *mem;
    uint8_t depth;
    uint8_t pairs_full; /* a segment that is full with so many pairs splits */
    uint8_t shard_bits;
    bool entries_gone; /* when dropped: their heap was dropped as a whole */
    uint32_t segments;
    uint32_t deepest; /* segments of the table's own depth: at 0 the directory halves */
    size_t segment_bytes;
    int64_t next_due_ms; /* no segment is due before */
    struct table *next;  /* in the shard's list of dropped tables */
    uint32_t reclaimed;  /* directory rows already freed, when dropped */
    uint32_t layouts;    /* segments ever made: the same number, the same segments */
    /* Of a cut (cut.h) that is under way: */
    bool cut_pending; /* the walk is not through: */
    uint32_t cut_db;  /* of which database it was then */
    uint32_t cut_layout, cut_bucket;
    uint64_t cut_hash; /* behind the shard's bits, left-aligned */
};

/* Where a slot is. */
struct place {
    struct segment *segment;
    struct bucket *bucket;
    uint32_t slot;
};

/* What a split must know: how to hash an entry's key. */
struct table_keys {
    const struct heap *heap;
    const struct hash_secret *secret;
};

struct table *table_create(struct allocator *mem, unsigned shard_bits,
                           unsigned pairs_full) MUST_USE;
/* Frees the index; entries are the caller's. */
void table_destroy(struct table *table);

static inline struct segment *row_segment(table_row row) {
    return (struct segment *)(row & ~(table_row)(CACHE_LINE_BYTES - 1));
}
static inline uint32_t row_pairs(table_row row) {
    return row & (CACHE_LINE_BYTES - 1);
}
static inline size_t table_row_number(const struct table *table, uint64_t hash) {
    return (size_t)((hash << table->shard_bits) >> 1 >> (63 - table->depth));
}
static inline table_row table_row_of(const struct table *table, uint64_t hash) {
    return table->directory[table_row_number(table, hash)];
}
static inline struct segment *table_segment(const struct table *table, uint64_t hash) {
    return row_segment(table_row_of(table, hash));
}
static inline uint16_t table_tag(uint64_t hash) {
    uint16_t tag = (uint16_t)hash;
    return tag ? tag : 1;
}
static inline uint32_t tag_bucket(uint16_t tag, uint32_t pairs) {
    return tag * 2 * pairs >> TABLE_TAG_BITS;
}
static inline uint32_t tag_pair(uint16_t tag, uint32_t pairs) {
    return tag * pairs >> TABLE_TAG_BITS;
}
/* Rows that lead to the same segment. */
static inline size_t table_span(const struct table *table, const struct segment *segment) {
    return (size_t)1 << (table->depth - segment->depth);
}
static inline struct bucket *segment_stash(struct segment *segment) {
    return segment->buckets + 2 * (size_t)segment->pairs;
}
static inline size_t segment_buckets(const struct segment *segment) {
    return 2 * (size_t)segment->pairs + segment->stash;
}

/* One byte for each slot, bit 0 set where the tag is equal; tag 0 finds the empty slots. */
static inline uint64_t bucket_match(const struct bucket *bucket, uint16_t tag) {
    typedef uint16_t tag_vector VECTOR_OF(sizeof bucket->tags);
    typedef uint8_t mask_vector VECTOR_OF(BUCKET_SLOTS);
    tag_vector tags;
    memcpy(&tags, bucket->tags, sizeof tags);
    mask_vector equal = __builtin_convertvector(tags == tag, mask_vector);
    uint64_t mask;
    memcpy(&mask, &equal, sizeof mask);
    return mask & UINT64_C(0x0101010101010101);
}
static inline uint32_t match_slot(uint64_t match) {
    return (uint32_t)__builtin_ctzll(match) / 8;
}

/* Finds the slot whose entry has this name. */
bool table_find(const struct table *table, const struct heap *heap, uint64_t hash,
                struct bytes name, struct place *place);
/* Finds the slot that holds this very reference. */
bool table_find_ref(const struct table *table, uint64_t hash, heap_ref ref, struct place *place);
/* Fills an empty slot for a name that is not there, growing as needed.  NO_MEMORY changes nothing
 * that can be seen. */
enum brine_status table_insert(struct table *table, struct table_keys keys, uint64_t hash,
                               heap_ref ref, struct place *place) MUST_USE;
/* Empties the slot. */
void table_vacate(struct place place);
/* Makes the segment at this hash smaller, or merges it with its neighbour, where it is nearly
 * empty. Places are not valid afterwards. */
void table_settle(struct table *table, uint64_t hash);

size_t table_taken_bytes(const struct table *table);

#endif
