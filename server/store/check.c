/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/check.h"

#include "store/forecast.h"
#include "store/segment.h"

/* What is found in one table. */
struct census {
    uint64_t keys, keys_with_expiry;
    uint64_t label_weight; /* sums over entries that tell one spread of labels from another */
    size_t live_bytes, blob_bytes, boxed;
};

#define CHECK(condition, invariant)                                                                \
    do {                                                                                           \
        if (!(condition)) return invariant;                                                        \
    } while (0)

/* Sums of these are equal when counts are, but for an accident. */
static uint64_t label_weight(size_t label, uint64_t entries, uint64_t bytes) {
    uint64_t odd = (label + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return entries * odd + bytes * (odd >> 7 | 1);
}

static const char *check_labels(const struct shard *shard, const struct store_slice *slice,
                                const struct census *census) {
    uint64_t weight = 0;
    if (!shard->store->note_flags) return slice->labels ? "labels are counted by option" : NULL;
    for (size_t i = 0; i < slice->labels_cap; i++)
        weight += label_weight(i, slice->labels[i].entries, slice->labels[i].bytes);
    CHECK(weight == census->label_weight, "a slice counts its labels");
    return NULL;
}

static const char *check_expiry(const struct shard *shard, const struct table *table,
                                const struct segment *segment, uint16_t code,
                                const struct entry *entry) {
    int64_t at_ms = entry_expire_at_ms(entry);
    CHECK((code == EXPIRY_NONE) == (at_ms == STORE_NO_EXPIRY), "a slot knows of an expiry");
    if (code == EXPIRY_NONE) return NULL;
    uint32_t due_s = code == EXPIRY_FAR ? segment->far_due_s : segment->near_due_s;
    CHECK(due_s != EXPIRY_NEVER_S, "a segment with an expiry is due some time");
    if (shard->sweeping) return NULL;
    CHECK(table->next_due_ms <= (int64_t)due_s * 1000, "a table is due when a segment is");
    CHECK(shard->next_due_ms <= table->next_due_ms, "a shard is due when a table is");
    return NULL;
}

static const char *check_slot(const struct shard *shard, const struct table *table, uint32_t db,
                              const struct place *at, struct census *census) {
    heap_ref ref = at->bucket->refs[at->slot];
    const struct entry *entry = heap_entry(shard->heap, ref);
    CHECK(!flags_are_free(entry->flags), "an entry in the index is not free");
    struct bytes name = entry_key(entry);
    struct store_key key = store_key(shard->store, db, name);
    CHECK(store_shard_index(shard->store, key.hash) == shard->index, "an entry is in its shard");
    CHECK(table_segment(table, key.hash) == at->segment, "an entry is in its segment");
    CHECK(at->bucket->tags[at->slot] == table_tag(key.hash), "a slot has its entry's tag");
    struct place found;
    CHECK(table_find(table, shard->heap, key.hash, name, &found), "an entry is found by its name");
    CHECK(found.bucket == at->bucket && found.slot == at->slot, "a name is there once");
    struct blob *blob = entry_blob(entry);
    CHECK(!shard->store->note_flags || entry_notes(entry).label < shard->slices[db].labels_cap,
          "a label can be counted");
    census->keys++;
    census->label_weight += label_weight(entry_notes(entry).label, 1, entry_value_len(entry));
    census->keys_with_expiry += entry_expire_at_ms(entry) != STORE_NO_EXPIRY;
    census->live_bytes += (size_t)entry->units * ENTRY_UNIT_BYTES;
    census->boxed += blob != NULL;
    census->blob_bytes += blob ? blob_bytes(blob) : 0;
    size_t key_end = entry_prefix_bytes(entry) + entry->key_len;
    CHECK(entry_body_bytes(entry) >= key_end + entry_far_bytes(entry) + (blob ? sizeof blob : 0),
          "an entry fits its block");
    return check_expiry(shard, table, at->segment, at->bucket->expiries[at->slot], entry);
}

static const char *check_segment(const struct shard *shard, const struct table *table, uint32_t db,
                                 struct segment *segment, struct census *census) {
    uint64_t keys_before = census->keys;
    size_t stashed = 0, stash_sum = 0;
    const struct bucket *stash = segment_stash(segment);
    for (size_t i = 0; i < segment_buckets(segment); i++) {
        struct bucket *bucket = &segment->buckets[i];
        for (uint32_t slot = 0; slot < BUCKET_SLOTS; slot++) {
            CHECK((bucket->tags[slot] != 0) == (bucket->refs[slot] != 0),
                  "a slot is in use or not");
            CHECK(bucket->tags[slot] || !bucket->expiries[slot], "an empty slot does not expire");
            if (!bucket->tags[slot]) continue;
            struct place at = {segment, bucket, slot};
            const char *broken = check_slot(shard, table, db, &at, census);
            if (broken) return broken;
            stashed += bucket >= stash;
        }
    }
    for (size_t pair = 0; pair < segment->pairs; pair++) stash_sum += segment->stash_counts[pair];
    CHECK(census->keys - keys_before == segment->entries, "a segment counts its entries");
    CHECK(stashed == segment->stashed && stash_sum == stashed, "a segment counts its stash");
    return NULL;
}

static const char *check_table(const struct shard *shard, const struct table *table, uint32_t db,
                               struct census *census) {
    size_t rows = (size_t)1 << table->depth;
    uint32_t segments = 0, deepest = 0;
    for (size_t row = 0; row < rows;) {
        struct segment *segment = row_segment(table->directory[row]);
        CHECK(segment->depth <= table->depth, "a segment is no deeper than its table");
        size_t span = table_span(table, segment);
        CHECK(row % span == 0, "a segment's rows begin at a multiple of their number");
        for (size_t i = 0; i < span; i++)
            CHECK(table->directory[row + i] == segment_row(segment),
                  "a segment's rows are neighbours");
        const char *broken = check_segment(shard, table, db, segment, census);
        if (broken) return broken;
        row += span;
        segments++;
        deepest += segment->depth == table->depth;
    }
    CHECK(segments == table->segments && deepest == table->deepest, "a table counts its segments");
    return NULL;
}

static const char *check_shard(const struct shard *shard, struct store_check *check) {
    struct census all = {0};
    for (size_t db = 0; db < shard->store->databases; db++) {
        const struct store_slice *slice = &shard->slices[db];
        struct census census = {0};
        if (slice->table) {
            const char *broken = check_table(shard, slice->table, (uint32_t)db, &census);
            if (broken) return broken;
            CHECK(census.keys > 0, "an empty table is freed");
            check->index_bytes += table_taken_bytes(slice->table);
        }
        CHECK(census.keys == counter_get(&slice->keys), "a slice counts its keys");
        CHECK(census.keys_with_expiry == counter_get(&slice->keys_with_expiry),
              "a slice counts its keys with expiry");
        const char *broken = check_labels(shard, slice, &census);
        if (broken) return broken;
        check->structure_bytes += slice->labels_cap * sizeof *slice->labels;
        all.keys += census.keys;
        all.live_bytes += census.live_bytes;
        all.boxed += census.boxed;
        all.blob_bytes += census.blob_bytes;
    }
    check->structure_bytes += ghosts_taken_bytes(&shard->ghosts);
    check->blob_bytes += all.blob_bytes;
    check->live_bytes += all.live_bytes;
    for (const struct table *table = shard->dropped_tables; table; table = table->next)
        check->structure_bytes += table_taken_bytes(table);
    for (const struct heap *heap = shard->dropped_heaps; heap; heap = heap->next)
        check->structure_bytes += heap_taken_bytes(heap);
    if (!shard->heap) return all.keys ? "keys lie in a heap" : NULL;
    check->heap_bytes += heap_taken_bytes(shard->heap);
    const char *broken = heap_check(shard->heap);
    if (broken) return broken;
    if (shard->dropped_tables) return NULL; /* whose entries may be in the heap as well */
    CHECK(all.live_bytes == shard->heap->live_bytes, "every block in use is in the index");
    CHECK(all.boxed == shard->heap->boxed_entries, "a heap counts its boxed entries");
    return NULL;
}

struct store_check store_check(struct store *store, struct store_hold *hold) {
    struct store_check check = {.structure_bytes = sizeof *store + store->block_bytes +
                                                   forecast_taken_bytes(store->forecast) +
                                                   pages_own_bytes(&store->pages)};
    store_lock_all(store, hold);
    for (size_t i = 0; i < store->shard_count && !check.broken; i++)
        check.broken = check_shard(store_shard(store, i), &check);
    check.structure_bytes += check.heap_bytes + check.index_bytes;
    if (!check.broken) check.broken = pages_check(&store->pages);
    if (!check.broken && check.structure_bytes > store_used_bytes(store))
        check.broken = "nothing is there that was not accounted";
    store_unlock(store, hold);
    return check;
}
