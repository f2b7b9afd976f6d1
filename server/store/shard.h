/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The store's own view of itself.  Private to store/; words in store.h. */
#ifndef BRINE_STORE_SHARD_H
#define BRINE_STORE_SHARD_H

#include "base/assert.h"
#include "store/ahead.h"
#include "store/cut.h"
#include "store/expiry.h"
#include "store/ghost.h"
#include "store/lock.h"
#include "store/lessons.h"
#include "store/pages.h"
#include "store/store_write.h"
#include "store/table.h"

#include <pthread.h>

/* Written under the shard's lock, read by anyone: each is a relaxed atomic with one writer at a
 * time, which the compiler makes a plain load and store. */
typedef _Atomic uint64_t store_counter;

/* One database in one shard. */
struct store_slice {
    struct table *table; /* NULL: no key */
    store_counter keys;
    store_counter keys_with_expiry;
    store_counter expire_at_sum_s;
    struct store_label_count *labels; /* by label; grows to the highest that was stored */
    uint32_t labels_cap;
};

/* How eviction stands for the whole store; see evict.h. */
enum { HOLES_NOTED_BYTES = 4096, TICK_TIMES = 2048 };
struct evict {
    _Atomic int policy; /* enum store_policy */
    _Atomic uint32_t tick;
    _Atomic int64_t tick_due_ms; /* when the tick ends, if not before by births */
    _Atomic uint32_t lfu_log_factor, lfu_decay_minutes;
    _Atomic uint64_t births; /* entries born, in steps */
    _Atomic uint64_t tick_due_births, tick_began_births;
    _Atomic int64_t tick_began_ms, begun_ms; /* begun: the first tick; 0: not known yet */
    int64_t past_ms;                         /* of it, what was over when the store began */
    _Atomic uint32_t sample_below;           /* see forecast.h; 0: no sample */
    struct lessons lessons;                  /* of brine's policy */
    _Atomic size_t holes;
    _Atomic uint32_t leftovers;                /* shards that have some */
    _Atomic uint32_t next_shard;               /* whose turn it is to lose entries */
    _Atomic bool pressed;                      /* holes are to be closed sooner */
    _Atomic bool nothing_ends;                 /* no entry has an expiry: see store_can_evict */
    _Atomic uint32_t asked_shard;              /* that was looked at last for whether it is so */
    _Atomic uint64_t idle[STORE_IDLE_BUCKETS]; /* evicted, by the power of two of their idle ms */
    _Atomic uint32_t
        tick_times[TICK_TIMES]; /* when each tick began, after begun_ms; see policy.c */
};

/* An entry that was nearly chosen to give way; see evict.c.  It may be gone, or another's by now.
 */
enum { RUNNERS_UP = 8 };
struct runner_up {
    uint64_t hash;
    double bad;
    heap_ref ref;
    uint32_t db, shard;
};
struct runners_up {
    size_t count;
    struct runner_up items[RUNNERS_UP];
};

struct shard {
    struct lock lock;
    const struct store_hold *holder; /* who has locked it */
    struct store *store;
    struct heap *heap; /* NULL: no key */
    uint32_t index;
    unsigned pairs;        /* of its tables' segments */
    uint32_t sweep_db;     /* where the sweep goes on: database, */
    bool closed;           /* see store_close.h; written under the lock */
    uint64_t sweep_hash;   /* and hash behind the shard's bits, left-aligned */
    bool sweeping;         /* a sweep is under way: next_due_ms holds for what it has passed */
    int64_t next_due_ms;   /* nothing is due before */
    uint32_t evict_db;     /* where the search for a victim goes on: database, */
    uint32_t evict_bucket; /* bucket of the segment, */
    uint64_t evict_hash;   /* and hash behind the shard's bits, left-aligned */
    uint32_t random;
    uint32_t births;    /* not yet told to the store */
    uint32_t pass_tick; /* when the hand came round last: tick and time */
    int64_t pass_ms;
    struct runners_up runners;
    struct ghosts ghosts;
    size_t holes_noted;
    store_counter expired_total;
    store_counter evicted_total;
    store_counter changes_total;
    store_counter hits_total, misses_total; /* reads that count as uses */
    bool has_leftovers;                     /* counted in evict.leftovers */
    struct table *dropped_tables;           /* left by flushes, for store_reclaim */
    struct heap *dropped_heaps;
    struct store_slice slices[]; /* one for each database */
};

struct store {
    struct mem_account account;
    struct pages pages; /* beside the account */
    struct ahead ahead; /* where pages.ahead points if it does */
    struct hash_secret secret;
    uint8_t *block;  /* of the shards, as allocated */
    uint8_t *shards; /* in it, aligned to a cache line; shard_bytes apart */
    size_t block_bytes, shard_bytes;
    size_t shard_count, databases;
    unsigned shard_bits;
    size_t key_bytes_max, boxed_from_bytes, chunk_bytes_min, chunk_bytes_max, segment_pairs;
    uint8_t note_flags; /* of every entry: F_LABEL, F_ORIGIN */
    bool single_threaded;
    pthread_mutex_t door; /* with the next two: store_close.h; a leaf */
    pthread_cond_t opened;
    bool is_closed;
    store_removed_fn *on_removed;
    void *on_removed_ctx;
    struct forecast *forecast; /* NULL: none */
    struct evict evict;
    struct store_cut cut; /* written under all locks, as the next two */
    bool cut_running;
    uint8_t cut_bit; /* of entries that it has seen, and of new ones */
    _Atomic bool cut_abandoned;
};

static inline struct shard *store_shard(const struct store *store, size_t index) {
    return (struct shard *)(void *)(store->shards + index * store->shard_bytes);
}
static inline size_t store_shard_index(const struct store *store, uint64_t hash) {
    return (size_t)(hash >> 1 >> (63 - store->shard_bits));
}
/* The shard of a key, which the calling thread has locked. */
static inline struct shard *store_held_shard(const struct store *store,
                                             const struct store_key *key) {
    struct shard *shard = store_shard(store, store_shard_index(store, key->hash));
    BRINE_ASSERT(shard->holder, "a key is touched only while its shard is held");
    return shard;
}
static inline struct table_keys shard_keys(const struct shard *shard) {
    return (struct table_keys){.heap = shard->heap, .secret = &shard->store->secret};
}

static inline uint64_t counter_get(const store_counter *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}
static inline void counter_add(store_counter *counter, uint64_t amount) {
    atomic_store_explicit(counter, counter_get(counter) + amount, memory_order_relaxed);
}

/* Locks of one shard by index, and its release, for upkeep: inside a hold that covers it, nothing.
 */
void shard_enter(struct store *store, struct store_hold *hold, size_t index);
void shard_leave(struct store *store, struct store_hold *hold);

/* Counts an entry in, out, or from one expiry to another (STORE_NO_EXPIRY: none). */
void slice_count_expiry(struct store_slice *slice, int64_t old_at_ms, int64_t new_at_ms);

/* Counts nothing in it any more, and frees what counted labels. */
void slice_count_none(struct shard *shard, struct store_slice *slice);
/* Frees what counted labels, where no entry is left. */
void slice_drop_labels(struct shard *shard, struct store_slice *slice);

/* Writes a slot's coarse expiry and tells segment, table and shard when they are due. */
void shard_note_expiry(struct shard *shard, struct table *table, struct place place,
                       int64_t expire_at_ms, int64_t now_ms);

/* Shows an entry to the cut under way and marks it as shown. */
void shard_hand_over(struct shard *shard, const struct table *table, struct entry *entry,
                     bool by_writer);
/* Before an entry of this database is changed or removed. */
static inline void shard_before_change(struct shard *shard, uint32_t db, struct entry *entry) {
    if (UNLIKELY(entry->cut != shard->store->cut_bit))
        shard_hand_over(shard, shard->slices[db].table, entry, true);
}
/* Some table has entries that the cut under way has not seen. */
bool shard_cut_pending(const struct shard *shard);

/* Finds a key that has not expired; one that has is removed. */
bool shard_find(struct shard *shard, const struct store_key *key, int64_t now_ms,
                struct place *place);
/* Takes the entry out of everything and frees it.  Places and the slice's table may be gone after.
 */
void shard_remove(struct shard *shard, const struct store_key *key, struct place place);
/* Counts out and frees an entry that has left the index. */
void shard_discard(struct shard *shard, uint32_t db, heap_ref ref);
/* shard_remove for one that has expired: counts it and calls the hook. */
void shard_expire(struct shard *shard, const struct store_key *key, struct place place);
/* shard_remove for one that gives way: counts it and calls the hook. */
void shard_evict(struct shard *shard, const struct store_key *key, struct place place,
                 int64_t now_ms);
/* Frees a table that ran empty, and a heap nothing is in. */
void shard_tidy(struct shard *shard, uint32_t db);
/* Frees a heap nothing is in. */
void shard_tidy_heap(struct shard *shard);
/* Frees an entry's block and drops its blob. */
void shard_free_entry(struct heap *heap, heap_ref ref);
/* Drops the blobs of all that lives in a chunk. */
void heap_drop_blobs(struct heap *heap, uint32_t chunk);

#endif
