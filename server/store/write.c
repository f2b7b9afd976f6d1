/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  One key found, set, removed.  A put allocates everything it will need before it
 * touches what is there, so that a refusal leaves the old value.  It overwrites in place whenever
 * the block is large enough, and gives back what is over beyond an eighth: a value that changes its
 * size a little does not move each time.
 *
 * Careful, in all of this file: the new bytes may be a view of the very entry that is overwritten
 * (GETEX, SETRANGE, SET k from GET k), so memory moves by memmove, in an order that reads before it
 * writes, and the old entry or blob goes last. */

#include "store/evict.h"
#include "store/forecast.h"

enum {
    SLACK_SHARE = 8, /* a block keeps up to this part of itself unused, */
    /* and less than an entry can say: heap_shrink may leave a unit, a nearer time gives one back.
     */
    SLACK_UNITS_MAX = ENTRY_SLACK_MAX / ENTRY_UNIT_BYTES - 3,
    LABELS_CAP_FIRST = 16,
};

/* The year 2242.  What lives longer counts as living so long, so that the sum of 2^31 keys fits. */
#define EXPIRE_AT_S_MAX (INT64_C(1) << 33)

/* What an entry is to hold. */
struct content {
    struct bytes name;
    struct bytes payload; /* the value's bytes, or the pointer to its blob */
    int64_t expire_at_ms;
    struct entry_notes notes;
    size_t value_len;
    uint16_t access;
    uint8_t flags;   /* all but the heap's */
    uint8_t cut_bit; /* the store's: it is no part of a cut that is under way */
};

/* ---- bookkeeping ------------------------------------------------------------------------------*/

static uint64_t clamp_s(int64_t at_ms) {
    return (uint64_t)MAX(MIN(at_ms / 1000, EXPIRE_AT_S_MAX), 0);
}

void slice_count_expiry(struct store_slice *slice, int64_t old_at_ms, int64_t new_at_ms) {
    if (old_at_ms == new_at_ms) return;
    if (old_at_ms != STORE_NO_EXPIRY) {
        counter_add(&slice->keys_with_expiry, UINT64_MAX);
        counter_add(&slice->expire_at_sum_s, -clamp_s(old_at_ms));
    }
    if (new_at_ms != STORE_NO_EXPIRY) {
        counter_add(&slice->keys_with_expiry, 1);
        counter_add(&slice->expire_at_sum_s, clamp_s(new_at_ms));
    }
}

/* Makes sure that the label can be counted, before anything is changed. */
static enum brine_status slice_reserve_label(struct shard *shard, struct store_slice *slice,
                                             uint16_t label) {
    if (LIKELY(label < slice->labels_cap) || !shard->store->note_flags) return BRINE_OK;
    uint32_t cap = LABELS_CAP_FIRST;
    while (cap <= label) cap *= 2;
    struct store_label_count *labels =
        mem_resize(&shard->store->account.allocator, slice->labels,
                   slice->labels_cap * sizeof *labels, cap * sizeof *labels);
    if (!labels) return BRINE_NO_MEMORY;
    memset(labels + slice->labels_cap, 0, (cap - slice->labels_cap) * sizeof *labels);
    slice->labels = labels;
    slice->labels_cap = cap;
    return BRINE_OK;
}

static void slice_count_label(struct store_slice *slice, uint16_t label, size_t bytes) {
    if (!slice->labels) return;
    slice->labels[label].entries++;
    slice->labels[label].bytes += bytes;
}

static void slice_uncount_label(struct store_slice *slice, uint16_t label, size_t bytes) {
    if (!slice->labels) return;
    slice->labels[label].entries--;
    slice->labels[label].bytes -= bytes;
}

void slice_drop_labels(struct shard *shard, struct store_slice *slice) {
    mem_free(&shard->store->account.allocator, slice->labels,
             slice->labels_cap * sizeof *slice->labels);
    slice->labels = NULL;
    slice->labels_cap = 0;
}

void slice_count_none(struct shard *shard, struct store_slice *slice) {
    slice_drop_labels(shard, slice);
    atomic_store_explicit(&slice->keys, 0, memory_order_relaxed);
    atomic_store_explicit(&slice->keys_with_expiry, 0, memory_order_relaxed);
    atomic_store_explicit(&slice->expire_at_sum_s, 0, memory_order_relaxed);
}

void shard_note_expiry(struct shard *shard, struct table *table, struct place place,
                       int64_t expire_at_ms, int64_t now_ms) {
    uint16_t code = expiry_encode(expire_at_ms, now_ms);
    place.bucket->expiries[place.slot] = code;
    if (code == EXPIRY_NONE) return;
    _Atomic bool *nothing_ends = &shard->store->evict.nothing_ends;
    if (UNLIKELY(atomic_load_explicit(nothing_ends, memory_order_relaxed)))
        atomic_store_explicit(nothing_ends, false, memory_order_relaxed);
    int64_t now_s = expiry_floor_s(now_ms), due_s = now_s + EXPIRY_FAR_CHECK_S;
    if (code == EXPIRY_FAR) {
        place.segment->far_due_s = MIN(place.segment->far_due_s, expiry_head_s(due_s));
    } else {
        due_s = expiry_decode_s(code, now_s);
        place.segment->near_due_s = MIN(place.segment->near_due_s, expiry_head_s(due_s));
    }
    int64_t due_ms = due_s * 1000;
    table->next_due_ms = MIN(table->next_due_ms, due_ms);
    shard->next_due_ms = MIN(shard->next_due_ms, due_ms);
}

void shard_free_entry(struct heap *heap, heap_ref ref) {
    struct blob *blob = entry_blob(heap_entry(heap, ref));
    if (blob) heap->boxed_entries--;
    heap_free(heap, ref);
    blob_unref(blob);
}

void heap_drop_blobs(struct heap *heap, uint32_t chunk) {
    if (!heap->boxed_entries || !heap->chunks[chunk].base) return;
    for (heap_ref ref = heap_next_live(heap, chunk, 0); ref;
         ref = heap_next_live(heap, chunk, heap_unit_after(heap, ref))) {
        struct blob *blob = entry_blob(heap_entry(heap, ref));
        if (!blob) continue;
        heap->boxed_entries--;
        blob_unref(blob);
    }
}

void shard_tidy(struct shard *shard, uint32_t db) {
    struct store_slice *slice = &shard->slices[db];
    if (slice->table && counter_get(&slice->keys) == 0) {
        table_destroy(slice->table);
        slice->table = NULL;
        slice_drop_labels(shard, slice);
    }
    shard_tidy_heap(shard);
}

void shard_tidy_heap(struct shard *shard) {
    if (!shard->heap || shard->heap->live_bytes > 0) return;
    heap_destroy(shard->heap);
    shard->heap = NULL;
}

void shard_discard(struct shard *shard, uint32_t db, heap_ref ref) {
    struct store_slice *slice = &shard->slices[db];
    struct entry *entry = heap_entry(shard->heap, ref);
    shard_before_change(shard, db, entry);
    slice_count_expiry(slice, entry_expire_at_ms(entry), STORE_NO_EXPIRY);
    if (shard->store->note_flags)
        slice_uncount_label(slice, entry_notes(entry).label, entry_value_len(entry));
    counter_add(&slice->keys, UINT64_MAX);
    shard_free_entry(shard->heap, ref);
}

void shard_remove(struct shard *shard, const struct store_key *key, struct place place) {
    struct store_slice *slice = &shard->slices[key->db];
    heap_ref ref = place.bucket->refs[place.slot];
    table_vacate(place);
    shard_discard(shard, key->db, ref);
    if (counter_get(&slice->keys) == 0)
        shard_tidy(shard, key->db);
    else
        table_settle(slice->table, key->hash);
}

void shard_expire(struct shard *shard, const struct store_key *key, struct place place) {
    struct store *store = shard->store;
    evict_note_end(store, heap_entry(shard->heap, place.bucket->refs[place.slot]));
    if (store->on_removed)
        store->on_removed(store->on_removed_ctx, key->db, key->name, STORE_REMOVED_EXPIRED);
    shard_remove(shard, key, place);
    counter_add(&shard->expired_total, 1);
}

/* ---- finding ----------------------------------------------------------------------------------*/

bool shard_find(struct shard *shard, const struct store_key *key, int64_t now_ms,
                struct place *place) {
    const struct table *table = shard->slices[key->db].table;
    if (!table || !table_find(table, shard->heap, key->hash, key->name, place)) return false;
    const struct entry *entry = heap_entry(shard->heap, place->bucket->refs[place->slot]);
    if (LIKELY(!expiry_is_over(entry_expire_at_ms(entry), now_ms))) return true;
    shard_expire(shard, key, *place);
    return false;
}

bool store_find(struct store *store, const struct store_key *key, int64_t now_ms,
                struct store_value *value) {
    struct shard *shard = store_held_shard(store, key);
    struct place place;
    if (!shard_find(shard, key, now_ms, &place)) return false;
    entry_view_value(heap_entry(shard->heap, place.bucket->refs[place.slot]), value);
    return true;
}

uint8_t *store_edit(struct store *store, const struct store_key *key, int64_t now_ms) {
    struct shard *shard = store_held_shard(store, key);
    struct place place;
    if (!shard_find(shard, key, now_ms, &place)) return NULL;
    struct entry *entry = heap_entry(shard->heap, place.bucket->refs[place.slot]);
    const struct blob *blob = entry_blob(entry);
    if (!blob || !blob_is_sole(blob)) return NULL;
    shard_before_change(shard, key->db, entry);
    return blob_is_sole(blob) ? blob->data : NULL;
}

bool store_remove(struct store *store, const struct store_key *key, int64_t now_ms) {
    struct shard *shard = store_held_shard(store, key);
    struct place place;
    if (!shard_find(shard, key, now_ms, &place)) return false;
    shard_remove(shard, key, place);
    counter_add(&shard->changes_total, 1);
    if (forecast_samples(store, key->hash)) forecast_note_removal(store, key->hash);
    return true;
}

/* ---- setting ----------------------------------------------------------------------------------*/

static size_t content_bytes(const struct content *content) {
    return flags_prefix_bytes(content->flags) + content->name.len + content->payload.len +
           expiry_far_bytes(content->expire_at_ms);
}

static void move_bytes(uint8_t *to, struct bytes from) {
    if (from.len) memmove(to, from.data, from.len);
}

/* Writes header and body into a block that is large enough, and gives back what is too much; key is
 * where the name's bytes are now, which may be in this entry. */
static void entry_write(struct heap *heap, heap_ref ref, const struct content *content,
                        const uint8_t *key) {
    struct entry *entry = heap_entry(heap, ref);
    size_t bytes = content_bytes(content), units = body_units(bytes);
    size_t prefix = flags_prefix_bytes(content->flags), key_len = content->name.len;
    uint8_t *key_to = entry->body + prefix, *payload_to = key_to + key_len;
    /* In place, the key moves towards where something was read already: up after the value has
     * moved up, down before the value moves down. */
    if (key < key_to) {
        move_bytes(payload_to, content->payload);
        move_bytes(key_to, bytes_view(key, key_len));
    } else {
        move_bytes(key_to, bytes_view(key, key_len));
        move_bytes(payload_to, content->payload);
    }
    entry->flags = (uint8_t)((entry->flags & F_PREV_FREE) | content->flags);
    entry->key_len = (uint16_t)key_len;
    entry->cut = content->cut_bit;
    if (entry->units - units > MIN(units / SLACK_SHARE, (size_t)SLACK_UNITS_MAX))
        heap_shrink(heap, ref, units);
    entry_set_body_bytes(entry, bytes);
    if (content->flags & F_EXPIRY) entry_write_expiry(entry, content->expire_at_ms);
    if (content->flags & F_LABEL) entry_set_notes(entry, &content->notes);
    if (content->flags & F_BOXED) heap->boxed_entries++;
}

/* A new block with this content; 0 when refused. */
static heap_ref entry_create(struct heap *heap, const struct content *content) {
    heap_ref ref = heap_alloc(heap, body_units(content_bytes(content)));
    if (!ref) return 0;
    struct entry *entry = heap_entry(heap, ref);
    entry->access = content->access & ENTRY_ACCESS_MASK;
    entry->flags &= F_PREV_FREE;
    entry_write(heap, ref, content, content->name.data);
    return ref;
}

/* The same key over itself, where nothing but bytes and counts changes: the flags stay, so the key
 * lies where it lay, and the block is neither too short nor too long.  That is most of what is
 * stored over something.  False: nothing was done. */
static bool overwrite(struct shard *shard, const struct store_key *key,
                      const struct content *content, struct place place, int64_t now_ms) {
    struct entry *entry = heap_entry(shard->heap, place.bucket->refs[place.slot]);
    size_t bytes = content_bytes(content), units = body_units(bytes);
    if ((entry->flags & ~F_PREV_FREE) != content->flags || content->flags & F_BOXED ||
        entry->cut != content->cut_bit || units > entry->units ||
        entry->units - units > MIN(units / SLACK_SHARE, (size_t)SLACK_UNITS_MAX))
        return false;
    struct store_slice *slice = &shard->slices[key->db];
    int64_t old_at_ms = entry_expire_at_ms(entry);
    slice_uncount_label(slice, entry_notes(entry).label, entry_payload_len(entry));
    slice_count_label(slice, content->notes.label, content->value_len);
    move_bytes(entry_payload(entry), content->payload);
    entry_set_body_bytes(entry, bytes);
    entry->access = content->access & ENTRY_ACCESS_MASK;
    if (content->flags & F_LABEL) entry_set_notes(entry, &content->notes);
    if (content->flags & F_EXPIRY) {
        entry_write_expiry(entry, content->expire_at_ms);
        slice_count_expiry(slice, old_at_ms, content->expire_at_ms);
        shard_note_expiry(shard, slice->table, place, content->expire_at_ms, now_ms);
    }
    return true;
}

static enum brine_status replace(struct shard *shard, const struct store_key *key,
                                 const struct content *content, struct place place,
                                 int64_t now_ms) {
    struct heap *heap = shard->heap;
    heap_ref ref = place.bucket->refs[place.slot];
    struct entry *entry = heap_entry(heap, ref);
    struct blob *old_blob = entry_blob(entry);
    shard_before_change(shard, key->db, entry);
    int64_t old_at_ms = entry_expire_at_ms(entry);
    uint16_t old_label = entry_notes(entry).label;
    size_t old_len = entry_value_len(entry);
    if (body_units(content_bytes(content)) <= entry->units) {
        entry_write(heap, ref, content, entry_key(entry).data);
        entry->access = content->access & ENTRY_ACCESS_MASK;
        if (old_blob) heap->boxed_entries--;
        blob_unref(old_blob);
    } else {
        heap_ref new_ref = entry_create(heap, content);
        if (!new_ref) return BRINE_NO_MEMORY;
        place.bucket->refs[place.slot] = new_ref;
        shard_free_entry(heap, ref);
    }
    struct store_slice *slice = &shard->slices[key->db];
    slice_uncount_label(slice, old_label, old_len);
    slice_count_label(slice, content->notes.label, content->value_len);
    slice_count_expiry(slice, old_at_ms, content->expire_at_ms);
    shard_note_expiry(shard, slice->table, place, content->expire_at_ms, now_ms);
    return BRINE_OK;
}

/* Heap and table for a database that may have had no key. */
static enum brine_status shard_furnish(struct shard *shard, uint32_t db) {
    struct store *store = shard->store;
    struct store_slice *slice = &shard->slices[db];
    if (!shard->heap)
        shard->heap =
            heap_create(&store->pages.allocator, store->chunk_bytes_min, store->chunk_bytes_max);
    if (shard->heap) shard->heap->cuts_fine = pages_used(&store->pages) > 0;
    if (!slice->table)
        slice->table = table_create(&store->account.allocator, store->shard_bits, shard->pairs);
    return shard->heap && slice->table ? BRINE_OK : BRINE_NO_MEMORY;
}

static enum brine_status insert(struct shard *shard, const struct store_key *key,
                                const struct content *content, int64_t now_ms) {
    struct store_slice *slice = &shard->slices[key->db];
    heap_ref ref = 0;
    struct place place;
    enum brine_status status = shard_furnish(shard, key->db);
    if (status == BRINE_OK) status = slice_reserve_label(shard, slice, content->notes.label);
    if (status != BRINE_OK) goto failed;
    ref = entry_create(shard->heap, content);
    status = BRINE_NO_MEMORY;
    if (!ref) goto failed;
    status = table_insert(slice->table, shard_keys(shard), key->hash, ref, &place);
    if (status != BRINE_OK) goto failed;
    counter_add(&slice->keys, 1);
    evict_count_birth(shard, now_ms);
    slice_count_label(slice, content->notes.label, content->value_len);
    slice_count_expiry(slice, STORE_NO_EXPIRY, content->expire_at_ms);
    shard_note_expiry(shard, slice->table, place, content->expire_at_ms, now_ms);
    return BRINE_OK;
failed:
    if (ref) {
        if (content->flags & F_BOXED) shard->heap->boxed_entries--;
        heap_free(shard->heap, ref);
    }
    shard_tidy(shard, key->db);
    return status;
}

/* On success a boxed content's reference is the entry's. */
static enum brine_status put_content(struct shard *shard, const struct store_key *key,
                                     struct content *content, const struct store_usage *usage,
                                     int64_t now_ms) {
    struct place place;
    if (shard_find(shard, key, now_ms, &place)) {
        uint16_t access = heap_entry(shard->heap, place.bucket->refs[place.slot])->access;
        content->access = access_used(shard, access, now_ms);
        TRY(slice_reserve_label(shard, &shard->slices[key->db], content->notes.label));
        if (LIKELY(overwrite(shard, key, content, place, now_ms))) return BRINE_OK;
        return replace(shard, key, content, place, now_ms);
    }
    bool known = usage->idle_s > 0 || usage->frequency > 0;
    content->access =
        known ? access_restored(shard, *usage, now_ms) : access_new(shard, key->hash, now_ms);
    return insert(shard, key, content, now_ms);
}

static void note_put(struct store *store, const struct store_key *key,
                     const struct content *content, int64_t now_ms) {
    size_t bytes = body_units(content_bytes(content)) * ENTRY_UNIT_BYTES;
    if (content->flags & F_BOXED) bytes += sizeof(struct blob) + content->value_len;
    struct forecast_value value = {bytes, content->expire_at_ms};
    forecast_note_put(store, key->hash, &value, now_ms);
}

enum brine_status store_put(struct store *store, const struct store_key *key,
                            const struct store_new_value *value, int64_t now_ms) {
    struct shard *shard = store_held_shard(store, key);
    struct blob *blob = value->blob;
    struct bytes bytes = blob ? blob_view(blob) : value->bytes;
    bool boxed = bytes.len >= store->boxed_from_bytes;
    enum brine_status status = BRINE_TOO_BIG;
    if (key->name.len > store->key_bytes_max) goto done;
    status = BRINE_NO_MEMORY;
    if (boxed && !blob) {
        blob = blob_create(&store->account.allocator, bytes.len);
        if (!blob) goto done;
        bytes_copy_to(blob->data, bytes);
    }
    struct content content = {
        .name = key->name,
        .payload = boxed ? bytes_view(&blob, sizeof blob) : bytes,
        .expire_at_ms = value->expire_at_ms,
        .value_len = bytes.len,
        .flags =
            (uint8_t)(flags_of_value(value->type, value->form) | (boxed ? F_BOXED : 0) |
                      store->note_flags | (value->expire_at_ms == STORE_NO_EXPIRY ? 0 : F_EXPIRY)),
        .cut_bit = store->cut_bit,
    };
    if (store->note_flags)
        content.notes = (struct entry_notes){value->label, value->writer, value->stored_at_s};
    status = put_content(shard, key, &content, &value->usage, now_ms);
    if (boxed && status == BRINE_OK) blob = NULL;
    if (status == BRINE_OK) counter_add(&shard->changes_total, 1);
    if (status == BRINE_OK && forecast_samples(store, key->hash))
        note_put(store, key, &content, now_ms);
done:
    blob_unref(blob);
    return status;
}

enum brine_status store_set_expiry(struct store *store, const struct store_key *key,
                                   int64_t expire_at_ms, int64_t now_ms) {
    struct shard *shard = store_held_shard(store, key);
    struct place place;
    if (!shard_find(shard, key, now_ms, &place)) return BRINE_NOT_FOUND;
    struct store_slice *slice = &shard->slices[key->db];
    struct entry *entry = heap_entry(shard->heap, place.bucket->refs[place.slot]);
    int64_t old_at_ms = entry_expire_at_ms(entry);
    if (forecast_samples(store, key->hash)) forecast_note_expiry(store, key->hash, expire_at_ms);
    bool has_field = entry->flags & F_EXPIRY;
    if (!has_field && expire_at_ms == STORE_NO_EXPIRY) return BRINE_OK;
    if (!has_field || body_units(entry_body_bytes_with(entry, expire_at_ms)) > entry->units) {
        struct blob *blob = entry_blob(entry);
        struct content content = {
            .name = key->name,
            .payload = bytes_view(entry_payload(entry), entry_payload_len(entry)),
            .expire_at_ms = expire_at_ms,
            .notes = entry_notes(entry),
            .value_len = entry_value_len(entry),
            .access = entry->access,
            .flags = (uint8_t)((entry->flags & ~F_PREV_FREE) | F_EXPIRY),
            .cut_bit = store->cut_bit,
        };
        if (blob) blob_ref(blob); /* the new entry's; the old one's is dropped with it */
        enum brine_status status = replace(shard, key, &content, place, now_ms);
        if (status != BRINE_OK)
            blob_unref(blob);
        else
            counter_add(&shard->changes_total, 1);
        return status;
    }
    shard_before_change(shard, key->db, entry);
    counter_add(&shard->changes_total, 1);
    entry_set_body_bytes(entry, entry_body_bytes_with(entry, expire_at_ms));
    entry_write_expiry(entry, expire_at_ms);
    slice_count_expiry(slice, old_at_ms, expire_at_ms);
    shard_note_expiry(shard, slice->table, place, expire_at_ms, now_ms);
    return BRINE_OK;
}

enum brine_status store_set_label(struct store *store, const struct store_key *key, uint16_t label,
                                  int64_t now_ms) {
    struct shard *shard = store_held_shard(store, key);
    struct store_slice *slice = &shard->slices[key->db];
    struct place place;
    if (!shard_find(shard, key, now_ms, &place)) return BRINE_NOT_FOUND;
    if (!store->note_flags) return BRINE_OK;
    TRY(slice_reserve_label(shard, slice, label));
    struct entry *entry = heap_entry(shard->heap, place.bucket->refs[place.slot]);
    struct entry_notes notes = entry_notes(entry);
    slice_uncount_label(slice, notes.label, entry_value_len(entry));
    notes.label = label;
    entry_set_notes(entry, &notes);
    slice_count_label(slice, label, entry_value_len(entry));
    return BRINE_OK;
}

void store_count_labels(struct store *store, struct store_hold *hold, size_t index,
                        struct store_label_count *counts, size_t labels_count) {
    const struct shard *shard = store_shard(store, index);
    shard_enter(store, hold, index);
    for (size_t db = 0; db < store->databases; db++) {
        const struct store_slice *slice = &shard->slices[db];
        for (size_t label = 0; label < MIN(labels_count, slice->labels_cap); label++) {
            counts[label].entries += slice->labels[label].entries;
            counts[label].bytes += slice->labels[label].bytes;
        }
    }
    shard_leave(store, hold);
}
