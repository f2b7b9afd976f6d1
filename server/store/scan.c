/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  A cursor is a place in the order of hashes: first by the hash's top bits, which
 * choose shard and segment, then, within a segment, by its low bits, which choose the pair.
 *
 *     63     57                                    21                5       0
 *     +------+-------------------------------------+-----------------+-------+
 *     |  0   | prefix: the hash's top 36 bits      | position (tag)  | depth |
 *     +------+-------------------------------------+-----------------+-------+
 *
 * A step shows one pair: its two buckets and what they have in the stash.  Position is the
 * least tag of the pair and not its number, so it holds when the segment gets more pairs or fewer.
 *
 * Why nothing is missed.  An entry's prefix and tag never change, and a segment's pairs are
 * passed in order of position, segments in order of prefix.  When the segment under the cursor
 * splits, the walk goes on at the same position in the left half and takes the right half whole.
 * When it merged with a neighbour, of which the walk may have seen nothing, or everything, the
 * segment found is of less depth than the cursor says, and the walk begins that segment again.  So
 * some entries are shown twice, none is left out.
 * Source: the guarantee is that of Redis's SCAN
 * (dict.c, dictScan). */

#include "store/shard.h"

enum {
    CURSOR_DEPTH_BITS = 5,
    CURSOR_PREFIX_BITS = 36,
    /* Segments passed in a step while nothing is found in them: some 20 us under the lock. */
    SCAN_SEGMENTS_MAX = 16,
};
_Static_assert(TABLE_DEPTH_MAX < 1 << CURSOR_DEPTH_BITS, "a segment's depth fits the cursor");
#define CURSOR_PREFIX_END (UINT64_C(1) << CURSOR_PREFIX_BITS)

struct cursor {
    uint64_t prefix; /* CURSOR_PREFIX_END: the walk is over */
    uint32_t position;
    uint32_t depth; /* of the segment, when position is not 0 */
};

static struct cursor cursor_decode(uint64_t number) {
    return (struct cursor){
        .prefix = number >> (TABLE_TAG_BITS + CURSOR_DEPTH_BITS) & (CURSOR_PREFIX_END - 1),
        .position = number >> CURSOR_DEPTH_BITS & ((1u << TABLE_TAG_BITS) - 1),
        .depth = number & ((1u << CURSOR_DEPTH_BITS) - 1),
    };
}

static uint64_t cursor_encode(struct cursor at) {
    return at.prefix << (TABLE_TAG_BITS + CURSOR_DEPTH_BITS) |
           (uint64_t)at.position << CURSOR_DEPTH_BITS | at.depth;
}

static void show(const struct shard *shard, const struct store_scan *scan, heap_ref ref) {
    struct entry *entry = heap_entry(shard->heap, ref);
    struct store_value value;
    entry_view_value(entry, &value);
    if (!expiry_is_over(value.expire_at_ms, scan->now_ms))
        scan->visit(scan->ctx, entry_key(entry), &value);
}

/* Shows a pair.  False when there is nothing in it. */
static bool show_pair(const struct shard *shard, const struct store_scan *scan,
                      struct segment *segment, uint32_t pair) {
    size_t shown = 0;
    for (uint32_t slot = 0; slot < PAIR_SLOTS; slot++) {
        const struct bucket *bucket = &segment->buckets[2 * pair + slot / BUCKET_SLOTS];
        if (!bucket->tags[slot % BUCKET_SLOTS]) continue;
        show(shard, scan, bucket->refs[slot % BUCKET_SLOTS]);
        shown++;
    }
    const struct bucket *stash = segment_stash(segment);
    size_t stashed = segment->stash_counts[pair];
    for (uint32_t slot = 0; stashed && slot < segment->stash * (uint32_t)BUCKET_SLOTS; slot++) {
        const struct bucket *bucket = &stash[slot / BUCKET_SLOTS];
        if (!bucket->tags[slot % BUCKET_SLOTS]) continue;
        if (tag_pair(bucket->tags[slot % BUCKET_SLOTS], segment->pairs) != pair) continue;
        show(shard, scan, bucket->refs[slot % BUCKET_SLOTS]);
        shown++;
        stashed--;
    }
    return shown > 0;
}

/* Shows the next pair that has something, in the segment at the cursor.  Moves the cursor behind
 * it, or to the next segment, where it says true when nothing was shown. */
static bool step_segment(const struct shard *shard, const struct store_scan *scan,
                         struct cursor *at) {
    const struct table *table = shard->slices[scan->db].table;
    unsigned shard_bits = shard->store->shard_bits;
    struct segment *segment = table_segment(table, at->prefix << (64 - CURSOR_PREFIX_BITS));
    uint64_t prefixes = CURSOR_PREFIX_END >> shard_bits >> segment->depth;
    uint64_t first = at->prefix & ~(prefixes - 1);
    if (segment->depth < at->depth) at->position = 0;
    uint32_t pairs = segment->pairs, pair = at->position * pairs >> TABLE_TAG_BITS;
    bool shown = false;
    while (pair < pairs && !shown) shown = show_pair(shard, scan, segment, pair++);
    if (pair < pairs) {
        /* The least position that leads to the pair. */
        uint32_t position = ((pair << TABLE_TAG_BITS) + pairs - 1) / pairs;
        *at = (struct cursor){.prefix = first, .position = position, .depth = segment->depth};
    } else {
        *at = (struct cursor){.prefix = first + prefixes};
    }
    return !shown;
}

/* Moves a cursor over shards where the database is empty. */
static void skip_empty_shards(const struct store *store, uint32_t db, struct cursor *at) {
    uint64_t prefixes = CURSOR_PREFIX_END >> store->shard_bits;
    while (at->prefix < CURSOR_PREFIX_END) {
        const struct shard *shard = store_shard(store, at->prefix / prefixes);
        if (counter_get(&shard->slices[db].keys) > 0) return;
        *at = (struct cursor){.prefix = (at->prefix / prefixes + 1) * prefixes};
    }
}

uint64_t store_scan(struct store *store, struct store_hold *hold, const struct store_scan *scan,
                    uint64_t cursor) {
    BRINE_ASSERT(scan->db < store->databases, "a database exists");
    struct cursor at = cursor_decode(cursor);
    skip_empty_shards(store, scan->db, &at);
    if (at.prefix == CURSOR_PREFIX_END) return 0;
    uint64_t prefixes = CURSOR_PREFIX_END >> store->shard_bits;
    size_t index = at.prefix / prefixes;
    const struct shard *shard = store_shard(store, index);
    shard_enter(store, hold, index);
    for (size_t tries = 0; tries < SCAN_SEGMENTS_MAX; tries++) {
        if (!shard->slices[scan->db].table) break; /* emptied since it was counted */
        if (!step_segment(shard, scan, &at) || at.prefix / prefixes != index) break;
    }
    shard_leave(store, hold);
    skip_empty_shards(store, scan->db, &at);
    return at.prefix == CURSOR_PREFIX_END ? 0 : cursor_encode(at);
}
