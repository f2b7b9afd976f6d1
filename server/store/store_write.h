/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What changes the store.  Only keyspace/ includes this, so that every value passes its door.
 * Words, locks and threads are those of store.h; upkeep (sweep, reclaim, compact) is called in turn
 * by whoever has time, takes its locks itself, and does a bounded piece of work a call. */
#ifndef BRINE_STORE_WRITE_H
#define BRINE_STORE_WRITE_H

#include "store/store.h"

struct store_new_value {
    struct bytes bytes; /* copied; may lie in the store, under the same lock */
    struct blob *blob;  /* instead of bytes; the reference is taken, whatever comes out */
    int64_t expire_at_ms;
    enum value_type type;
    enum value_form form;
    uint16_t label, writer; /* see store_value; kept as far as the store's notes go */
    uint32_t stored_at_s;
    struct store_usage usage; /* of a value that comes back from a snapshot; zero: it is new */
};

/* Sets the key, whatever it held.  NO_MEMORY leaves the old value as it was; TOO_BIG is a key
 * longer than key_bytes_max.  Large values should come as a blob filled before the lock was taken:
 * bytes are copied under it. */
enum brine_status store_put(struct store *store, const struct store_key *key,
                            const struct store_new_value *value, int64_t now_ms) MUST_USE;

/* The bytes of a boxed value that nobody but the store has a part in, to be changed where they lie;
 * NULL when it is absent, inline, or somebody reads or sends it.  A snapshot under way is shown the
 * old ones first, and has a part in them until they are written.  Who goes on holding the shard may
 * write, and puts the same blob again before he leaves it, or has undone all. */
uint8_t *store_edit(struct store *store, const struct store_key *key, int64_t now_ms);

/* False when it was absent (or had expired). */
bool store_remove(struct store *store, const struct store_key *key, int64_t now_ms);

/* STORE_NO_EXPIRY keeps the key for good.  NOT_FOUND, or NO_MEMORY with nothing changed. */
enum brine_status store_set_expiry(struct store *store, const struct store_key *key,
                                   int64_t expire_at_ms, int64_t now_ms) MUST_USE;

/* Gives the key's value another label; the rest stays.  NOT_FOUND, or NO_MEMORY with nothing
 * changed; without notes it does nothing. */
enum brine_status store_set_label(struct store *store, const struct store_key *key, uint16_t label,
                                  int64_t now_ms) MUST_USE;

/* Empties one database, or all.  What was in it is gone when the call returns; its memory comes
 * back by store_reclaim.  Takes all locks.  Cost: O(shards * databases), nothing per key. */
void store_flush_db(struct store *store, struct store_hold *hold, uint32_t db);
void store_flush_all(struct store *store, struct store_hold *hold);

/* What was in one database is in the other.  Takes all locks.  Cost: O(shards). */
void store_swap_dbs(struct store *store, struct store_hold *hold, uint32_t a, uint32_t b);

/* ---- upkeep: shard is 0 to store_shards() - 1, nothing is held; true: more is left to do --------
 */

/* Frees what flushes left behind; budget is in entries. */
bool store_reclaim(struct store *store, struct store_hold *hold, size_t shard, size_t budget);

/* True while anything is left that a flush dropped. */
bool store_leftovers(const struct store *store);

/* Removes what has expired, at most a second late.  Reads only the index, of it only the segments
 * where something is due; nothing due costs one look.  budget is in entries. */
bool store_sweep(struct store *store, struct store_hold *hold, size_t shard, int64_t now_ms,
                 size_t budget);
/* The same for when somebody waits to be told: what has expired by now_ms goes.  Cost: an entry is
 * looked at by each call of its last second. */
bool store_sweep_promptly(struct store *store, struct store_hold *hold, size_t shard,
                          int64_t now_ms, size_t budget);

/* Moves entries out of sparsely used chunks so that whole chunks go back to the allocator; budget
 * is in entries moved.  Does nothing while less than an eighth of the shard's heap is free, or,
 * where memory is short, a twenty-fourth. */
bool store_compact(struct store *store, struct store_hold *hold, size_t shard, size_t budget);
/* Memory is short, or no longer. */
void store_press(struct store *store, bool pressed);

/* ---- eviction ----------------------------------------------------------------------------------
 */

/* Whom to tell of what the store removes of its own accord; before any thread uses it. */
void store_set_hook(struct store *store, store_removed_fn *on_removed, void *ctx);

/* Holds from now on, for all; any thread. */
void store_set_policy(struct store *store, const struct store_policy_options *options);
/* True when the policy in force could remove something.  That no entry has an expiry, under a
 * policy that takes no others, is remembered until one gets one: store_evict then does nothing. */
bool store_can_evict(struct store *store);

struct store_evicted {
    size_t entries, bytes; /* that went */
    size_t looked;         /* at so many slots */
};
/* Removes entries, the least worth keeping of each few looked at, from one shard after the other,
 * until `bytes` are free or `looks` entries were looked at (some 20 ns each).  Holds one shard at a
 * time: the hold covers nothing, or all.  Bytes become holes, which the next entries fill, or
 * compaction closes.  Expired entries that are met go first and count as expired. */
struct store_evicted store_evict(struct store *store, struct store_hold *hold, int64_t now_ms,
                                 size_t bytes, size_t looks);

/* Upkeep: keeps the clocks in entries from coming round where nothing is evicted for long; budget
 * is in entries.  A pass over all in some twenty minutes, else one look. */
bool store_age(struct store *store, struct store_hold *hold, size_t shard, int64_t now_ms,
               size_t budget);

#endif
