/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  This file sets the store up, locks it, looks ahead and counts.  Around it:
 *
 *     write.c    find, put, remove, set expiry: one key
 *     scan.c     the walk over all keys          sweep.c   what has expired goes
 *     flush.c    emptying databases              compact.c sparse chunks are emptied
 *     table.c    the index; split.c its growth   heap.c    where entries lie (entry.h)
 *     check.c    every invariant, for tests
 *
 * A shard is a few cache lines of its own: lock, heap, and a slice for each database with its table
 * and its counters.  Tables and heap exist only while there is something in them.
 *
 * Every other shard splits its segments when they are smaller by a step: with one size for all,
 * every table would grow at the same number of keys, and memory in leaps.
 *
 * Locks (lock.h) spin a little, then sleep.  Rejected: spin locks, which burn a core when its
 * holder is descheduled; one owner thread for each shard, as a hop to another thread costs two
 * wake-ups of 5 to 20 us. */

#include "store/forecast.h"
#include "store/policy.h"
#include "store/store_close.h"

enum {
    SHARDS_A_THREAD = 16,
    SHARDS_DEFAULT_MIN = 64,
    DATABASES_DEFAULT = 16,
    SEGMENT_PAIRS_DEFAULT = SEGMENT_PAIRS_MAX,
    BOXED_FROM_BYTES_DEFAULT = 16 * 1024,
    CHUNK_BYTES_MIN_DEFAULT = 4 * 1024,
    CHUNK_BYTES_MIN_MIN = 64,
    HUGE_FROM_BYTES_DEFAULT = 16 * 1024 * 1024, /* one page half empty is then a sixteenth */
};

const char *value_type_name(enum value_type type) {
    static const char *const names[] = {
#define X(name, word) [VALUE_##name] = word,
        VALUE_TYPES(X)
#undef X
    };
    return names[type];
}

/* ---- setup ------------------------------------------------------------------------------------*/

static size_t or_default(size_t value, size_t fallback) {
    return value ? value : fallback;
}

static void take_options(struct store *store, const struct store_options *options) {
    size_t by_threads = MAX(SHARDS_A_THREAD * options->threads, SHARDS_DEFAULT_MIN);
    size_t wanted = or_default(options->shards, MIN(by_threads, STORE_SHARDS_MAX));
    while (((size_t)1 << store->shard_bits) < wanted) store->shard_bits++;
    store->shard_count = (size_t)1 << store->shard_bits;
    store->secret = options->secret;
    store->databases = or_default(options->databases, DATABASES_DEFAULT);
    store->key_bytes_max = or_default(options->key_bytes_max, STORE_KEY_BYTES_MAX);
    store->boxed_from_bytes = or_default(options->boxed_from_bytes, BOXED_FROM_BYTES_DEFAULT);
    store->chunk_bytes_max = or_default(options->chunk_bytes_max, HEAP_CHUNK_BYTES_MAX);
    store->chunk_bytes_min =
        or_default(options->chunk_bytes_min, MIN(CHUNK_BYTES_MIN_DEFAULT, store->chunk_bytes_max));
    store->segment_pairs = or_default(options->segment_pairs, SEGMENT_PAIRS_DEFAULT);
    store->note_flags = options->notes == STORE_NOTES_FULL    ? F_LABEL | F_ORIGIN
                        : options->notes == STORE_NOTES_LABEL ? F_LABEL
                                                              : 0;
    store->single_threaded = options->single_threaded;
    store->on_removed = options->on_removed;
    store->on_removed_ctx = options->on_removed_ctx;
    BRINE_ASSERT(wanted <= STORE_SHARDS_MAX && store->shard_count == wanted,
                 "shards are a power of two within the limit");
    BRINE_ASSERT(store->databases <= STORE_DATABASES_MAX &&
                     store->key_bytes_max <= STORE_KEY_BYTES_MAX &&
                     store->boxed_from_bytes <= ENTRY_INLINE_BYTES_MAX &&
                     store->segment_pairs <= SEGMENT_PAIRS_DEFAULT &&
                     store->chunk_bytes_max <= HEAP_CHUNK_BYTES_MAX &&
                     store->chunk_bytes_min >= CHUNK_BYTES_MIN_MIN &&
                     store->chunk_bytes_min <= store->chunk_bytes_max,
                 "options are within their limits");
}

/* Every other shard's segments split one step earlier. */
static unsigned pairs_of_shard(const struct store *store, size_t index) {
    size_t less = index % 2 ? store->segment_pairs / 8 : 0;
    return (unsigned)(store->segment_pairs - less);
}

static void shard_init(struct shard *shard, struct store *store, size_t index) {
    shard->store = store;
    shard->index = (uint32_t)index;
    shard->pairs = pairs_of_shard(store, index);
    shard->next_due_ms = EXPIRY_NEVER_MS;
    shard->random = (uint32_t)(store->secret.k0 >> 32) + (uint32_t)index * 2 + 1;
    if (shard->random == 0) shard->random = 1;
}

struct store *store_create(const struct store_options *options) {
    struct store *store = mem_alloc_zeroed(options->mem, sizeof *store);
    if (!store) return NULL;
    mem_account_init(&store->account, options->mem, 0);
    pages_init(&store->pages, &store->account, options->huge,
               or_default(options->huge_from_bytes, HUGE_FROM_BYTES_DEFAULT));
    ahead_init(&store->ahead, options->huge);
    take_options(store, options);
    size_t slices = store->databases * sizeof(struct store_slice);
    store->shard_bytes = round_up(sizeof(struct shard) + slices, CACHE_LINE_BYTES);
    store->block_bytes = store->shard_count * store->shard_bytes + CACHE_LINE_BYTES;
    store->block = mem_alloc_zeroed(&store->account.allocator, store->block_bytes);
    if (!store->block) {
        ahead_deinit(&store->ahead);
        mem_free(options->mem, store, sizeof *store);
        return NULL;
    }
    store->shards = (uint8_t *)round_up((uintptr_t)store->block, CACHE_LINE_BYTES);
    for (size_t i = 0; i < store->shard_count; i++) shard_init(store_shard(store, i), store, i);
    pthread_mutex_init(&store->door, NULL);
    pthread_cond_init(&store->opened, NULL);
    if (options->huge && options->huge_ahead && ahead_start(&store->ahead))
        store->pages.ahead = &store->ahead;
    store_set_policy(store, &(struct store_policy_options){STORE_POLICY_BRINE, 10, 1});
    brine_init(&store->evict);
    if (options->forecast_bytes > 0)
        store->forecast = forecast_create(&store->account.allocator,
                                          MAX(options->forecast_bytes, (size_t)FORECAST_BYTES_MIN));
    return store;
}

static void shard_deinit(struct shard *shard) {
    BRINE_ASSERT(!shard->holder, "nobody holds a store that is destroyed");
    for (size_t db = 0; db < shard->store->databases; db++) {
        table_destroy(shard->slices[db].table);
        slice_drop_labels(shard, &shard->slices[db]);
    }
    for (struct table *next, *table = shard->dropped_tables; table; table = next) {
        next = table->next;
        table_destroy(table);
    }
    ghosts_deinit(&shard->ghosts, &shard->store->account.allocator);
    if (shard->heap) {
        shard->heap->next = shard->dropped_heaps;
        shard->dropped_heaps = shard->heap;
    }
    for (struct heap *next, *heap = shard->dropped_heaps; heap; heap = next) {
        next = heap->next;
        for (uint32_t i = 1; i < heap->chunks_len; i++) heap_drop_blobs(heap, i);
        heap_destroy(heap);
    }
}

void store_destroy(struct store *store) {
    if (!store) return;
    for (size_t i = 0; i < store->shard_count; i++) shard_deinit(store_shard(store, i));
    forecast_destroy(store->forecast, &store->account.allocator);
    ahead_deinit(&store->ahead);
    pages_deinit(&store->pages);
    pthread_mutex_destroy(&store->door);
    pthread_cond_destroy(&store->opened);
    struct allocator *mem = store->account.parent;
    mem_free(mem, store->block, store->block_bytes);
    mem_free(mem, store, sizeof *store);
}

struct allocator *store_allocator(struct store *store) {
    return &store->account.allocator;
}
size_t store_databases(const struct store *store) {
    return store->databases;
}
size_t store_shards(const struct store *store) {
    return store->shard_count;
}
size_t store_key_bytes_max(const struct store *store) {
    return store->key_bytes_max;
}

/* ---- keys and locks ---------------------------------------------------------------------------*/

struct store_key store_key(const struct store *store, uint32_t db, struct bytes name) {
    BRINE_ASSERT(db < store->databases, "a database exists");
    return (struct store_key){.name = name, .hash = hash_bytes(&store->secret, name), .db = db};
}

/* Under the shard's lock, which is given back meanwhile. */
static void wait_outside(struct shard *shard) {
    struct store *store = shard->store;
    BRINE_ASSERT(!store->single_threaded, "one thread does not wait for itself");
    while (shard->closed) {
        lock_give_back(&shard->lock);
        pthread_mutex_lock(&store->door);
        while (store->is_closed) pthread_cond_wait(&store->opened, &store->door);
        pthread_mutex_unlock(&store->door);
        lock_take(&shard->lock);
    }
}

static void shard_lock(struct shard *shard, const struct store_hold *hold) {
    if (!shard->store->single_threaded) lock_take(&shard->lock);
    if (UNLIKELY(shard->closed) && !hold->passes) wait_outside(shard);
    shard->holder = hold;
}

static void shard_unlock(struct shard *shard) {
    shard_note_holes(shard);
    shard->holder = NULL;
    if (!shard->store->single_threaded) lock_give_back(&shard->lock);
}

static bool hold_has(const struct store_hold *hold, size_t index) {
    if (hold->depth == 0) return false;
    if (!hold->several) return hold->only == index;
    return (hold->shards[index / 64] >> (index % 64) & 1) != 0;
}

void shard_enter(struct store *store, struct store_hold *hold, size_t index) {
    if (hold->depth > 0) {
        BRINE_ASSERT(hold_has(hold, index), "nested calls stay within what is held");
        hold->depth++;
        return;
    }
    hold->depth = 1;
    hold->several = false;
    hold->only = (uint32_t)index;
    shard_lock(store_shard(store, index), hold);
}

void shard_leave(struct store *store, struct store_hold *hold) {
    store_unlock(store, hold);
}

void store_lock(struct store *store, struct store_hold *hold, const struct store_key *key) {
    shard_enter(store, hold, store_shard_index(store, key->hash));
}

static void lock_several(struct store *store, struct store_hold *hold) {
    hold->several = true;
    hold->depth = 1;
    for (size_t i = 0; i < store->shard_count; i++)
        if (hold_has(hold, i)) shard_lock(store_shard(store, i), hold);
}

void store_lock_keys(struct store *store, struct store_hold *hold, const struct store_key *keys,
                     size_t count) {
    if (hold->depth > 0) {
        for (size_t i = 0; i < count; i++)
            BRINE_ASSERT(store_hold_covers(store, hold, &keys[i]),
                         "nested calls stay within what is held");
        hold->depth++;
        return;
    }
    memset(hold->shards, 0, sizeof hold->shards);
    for (size_t i = 0; i < count; i++) {
        size_t index = store_shard_index(store, keys[i].hash);
        hold->shards[index / 64] |= UINT64_C(1) << (index % 64);
    }
    lock_several(store, hold);
}

void store_lock_all(struct store *store, struct store_hold *hold) {
    if (hold->depth > 0) {
        for (size_t i = 0; i < store->shard_count; i++)
            BRINE_ASSERT(hold_has(hold, i), "nested calls stay within what is held");
        hold->depth++;
        return;
    }
    memset(hold->shards, 0xff, sizeof hold->shards);
    lock_several(store, hold);
}

void store_unlock(struct store *store, struct store_hold *hold) {
    BRINE_ASSERT(hold->depth > 0, "what is unlocked was locked");
    if (hold->depth > 1) {
        hold->depth--;
        return;
    }
    if (!hold->several) {
        shard_unlock(store_shard(store, hold->only));
    } else {
        for (size_t i = 0; i < store->shard_count; i++)
            if (hold_has(hold, i)) shard_unlock(store_shard(store, i));
    }
    hold->depth = 0;
}

static void set_closed(struct store *store, struct store_hold *hold, bool closed) {
    BRINE_ASSERT(hold->depth == 0 && hold->passes, "who closes goes in and holds nothing yet");
    store_lock_all(store, hold);
    for (size_t i = 0; i < store->shard_count; i++) store_shard(store, i)->closed = closed;
    store_unlock(store, hold);
}

void store_close(struct store *store, struct store_hold *hold) {
    pthread_mutex_lock(&store->door);
    while (store->is_closed) pthread_cond_wait(&store->opened, &store->door);
    store->is_closed = true;
    pthread_mutex_unlock(&store->door);
    set_closed(store, hold, true);
}

/* Who waits holds nothing of what is still closed, so all locks can be had. */
void store_open(struct store *store, struct store_hold *hold) {
    set_closed(store, hold, false);
    pthread_mutex_lock(&store->door);
    store->is_closed = false;
    pthread_cond_broadcast(&store->opened);
    pthread_mutex_unlock(&store->door);
}

bool store_hold_covers(const struct store *store, const struct store_hold *hold,
                       const struct store_key *key) {
    return hold_has(hold, store_shard_index(store, key->hash));
}

/* ---- looking ahead ----------------------------------------------------------------------------*/

/* The key's shard, when it can be had without waiting; *taken says whether to give it back. */
static struct shard *shard_try(struct store *store, struct store_hold *hold,
                               const struct store_key *key, bool *taken) {
    struct shard *shard = store_shard(store, store_shard_index(store, key->hash));
    *taken = false;
    if (store->single_threaded || hold_has(hold, shard->index)) return shard;
    *taken = lock_try(&shard->lock);
    return *taken ? shard : NULL;
}

void store_prefetch_bucket(struct store *store, struct store_hold *hold,
                           const struct store_key *key) {
    bool taken;
    struct shard *shard = shard_try(store, hold, key, &taken);
    if (!shard) return;
    const struct table *table = shard->slices[key->db].table;
    if (table) {
        table_row row = table_row_of(table, key->hash);
        uint32_t home = tag_bucket(table_tag(key->hash), row_pairs(row));
        __builtin_prefetch(&row_segment(row)->buckets[home]);
        __builtin_prefetch(&row_segment(row)->buckets[home ^ 1]);
    }
    if (taken) lock_give_back(&shard->lock);
}

/* The slot in the key's pair that has its tag, most likely its own; 0 when there is none. */
static heap_ref likely_ref(const struct table *table, uint64_t hash) {
    table_row row = table_row_of(table, hash);
    uint16_t tag = table_tag(hash);
    uint32_t home = tag_bucket(tag, row_pairs(row));
    for (uint32_t other = 0; other < 2; other++) {
        const struct bucket *bucket = &row_segment(row)->buckets[home ^ other];
        uint64_t match = bucket_match(bucket, tag);
        if (match) return bucket->refs[match_slot(match)];
    }
    return 0;
}

void store_prefetch_entry(struct store *store, struct store_hold *hold, const struct store_key *key,
                          size_t bytes) {
    /* What lies further on comes by itself, for the processor sees the pattern by then. */
    enum { BYTES_MAX = 2048 };
    bool taken;
    struct shard *shard = shard_try(store, hold, key, &taken);
    if (!shard) return;
    const struct table *table = shard->slices[key->db].table;
    heap_ref ref = table ? likely_ref(table, key->hash) : 0;
    if (ref) {
        const uint8_t *entry = (const uint8_t *)heap_entry(shard->heap, ref);
        __builtin_prefetch(entry);
        __builtin_prefetch(entry + CACHE_LINE_BYTES);
        for (size_t at = 2 * CACHE_LINE_BYTES; at < MIN(bytes, (size_t)BYTES_MAX);
             at += CACHE_LINE_BYTES)
            __builtin_prefetch(entry + at);
    }
    if (taken) lock_give_back(&shard->lock);
}

/* ---- counters ---------------------------------------------------------------------------------*/

static void add_slice(struct store_counts *counts, const struct store_slice *slice) {
    counts->keys += counter_get(&slice->keys);
    counts->keys_with_expiry += counter_get(&slice->keys_with_expiry);
    counts->expire_at_sum_s += counter_get(&slice->expire_at_sum_s);
}

static struct store_counts count(const struct store *store, size_t from_db, size_t to_db) {
    struct store_counts counts = {0};
    for (size_t i = 0; i < store->shard_count; i++) {
        const struct shard *shard = store_shard(store, i);
        for (size_t db = from_db; db < to_db; db++) add_slice(&counts, &shard->slices[db]);
        counts.expired_total += counter_get(&shard->expired_total);
        counts.evicted_total += counter_get(&shard->evicted_total);
        counts.changes_total += counter_get(&shard->changes_total);
    }
    return counts;
}

struct store_counts store_counts_db(const struct store *store, uint32_t db) {
    return count(store, db, db + (size_t)1);
}

struct store_counts store_counts(const struct store *store) {
    return count(store, 0, store->databases);
}

void store_set_hook(struct store *store, store_removed_fn *on_removed, void *ctx) {
    store->on_removed = on_removed;
    store->on_removed_ctx = ctx;
}

size_t store_hole_bytes(const struct store *store) {
    return atomic_load_explicit(&store->evict.holes, memory_order_relaxed);
}

size_t store_used_bytes(const struct store *store) {
    return sizeof *store + mem_account_used(&store->account) + pages_used(&store->pages) +
           ahead_bytes(&store->ahead);
}

size_t store_paged_bytes(const struct store *store) {
    return pages_used(&store->pages);
}
