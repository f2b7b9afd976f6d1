/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The store: where keys and values lie.  This header sets it up, locks it and reads it; what
 * changes it stands in store_write.h, which keyspace/ alone may include.
 *
 * Words.  A *shard* is a slice of all keys, chosen by the top bits of the key's hash; it has a
 * lock, a heap of its own and one *table* per database.  A *hold* is a worker's record of which
 * shards it has locked.  A value of `boxed_from_bytes` or more is *boxed*: in a blob (blob.h) that
 * may be pinned beyond the lock; any other is *inline*, a view that dies with the lock.
 *
 *     struct store_key key = store_key(store, db, name);
 *     store_lock(store, hold, &key);
 *     struct store_value value;
 *     if (store_find(store, &key, now_ms, &value)) ... copy value.bytes, or blob_ref(value.blob)
 * ... store_unlock(store, hold);
 *
 * Thread: any, each with a hold of its own.  Everything that takes a key and no hold needs its
 * shard held by the calling thread; this is asserted as far as it is cheap.
 * Lock order: shards by index.  One locking call takes all it will need; calls nested inside see
 * what is held and must stay within it (asserted), so that no two threads can wait for each other.
 * A batch looks ahead with store_prefetch_bucket for all its keys, then store_prefetch_entry for
 * all, then runs.  Cost: a find is O(1), two to three cache misses without looking ahead.
 * Errors: out of memory is BRINE_NO_MEMORY and leaves everything as it was.
 * Time: now_ms and expire_at_ms are wall-clock milliseconds.  A key has expired when now_ms >
 * expire_at_ms, and any access that meets it removes it and counts it. */
#ifndef BRINE_STORE_H
#define BRINE_STORE_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"
#include "store/blob.h"
#include "store/store_counts.h"
#include "store/store_forecast.h"
#include "store/store_policies.h"
#include "store/value_type.h"

enum {
    STORE_SHARDS_MAX = 4096,
    STORE_DATABASES_MAX = 1024,
    STORE_KEY_BYTES_MAX = 65535,
    STORE_NO_EXPIRY = 0, /* as expire_at_ms */
};

struct store;

/* Why the store removed a key of its own accord. */
enum store_removal { STORE_REMOVED_EXPIRED, STORE_REMOVED_EVICTED };

/* Called under the shard's lock, before the entry goes; it may not call the store. */
typedef void store_removed_fn(void *ctx, uint32_t db, struct bytes name, enum store_removal reason);

/* What an entry remembers beside its value: its label, or its label, writer and time as well. */
enum store_notes { STORE_NOTES_NONE, STORE_NOTES_LABEL, STORE_NOTES_FULL };

struct store_options {
    struct allocator *mem;        /* outlives the store */
    struct hash_secret secret;    /* from the operating system */
    size_t threads;               /* that will use the store; 0 and 1 mean one */
    size_t shards;                /* a power of two; 0: 16 a thread, at least 64 */
    size_t databases;             /* 0: 16 */
    size_t key_bytes_max;         /* 0: STORE_KEY_BYTES_MAX */
    size_t boxed_from_bytes;      /* 0: 16 KB; at most 32 KB */
    size_t chunk_bytes_min;       /* 0: 4 KB; a power of two */
    size_t chunk_bytes_max;       /* 0: 256 KB, the most; a power of two */
    enum store_notes notes;       /* 0, 2 or 8 bytes an entry */
    size_t segment_pairs;         /* 0: 48, the most; bucket pairs of a full segment */
    size_t forecast_bytes;        /* for store_forecast.h; 0: none, at least 16 KB */
    struct allocator *huge;       /* huge_pages() for chunks of heaps; NULL: all comes from mem */
    size_t huge_from_bytes;       /* of what is stored; 0: 16 MB */
    bool huge_ahead;              /* a thread makes huge pages ready before they are needed */
    bool single_threaded;         /* one thread uses the store: locks are only counted */
    store_removed_fn *on_removed; /* may be NULL */
    void *on_removed_ctx;
};

/* NULL when an allocation is refused. */
struct store *store_create(const struct store_options *options) MUST_USE;
/* No thread may hold or use it any more; pinned blobs may live on. */
void store_destroy(struct store *store);

/* The store's own account over options.mem: blobs come from here. */
struct allocator *store_allocator(struct store *store);
size_t store_databases(const struct store *store);
size_t store_shards(const struct store *store);
size_t store_key_bytes_max(const struct store *store);

/* ---- keys and locks -------------------------------------------------------------------------- */

struct store_key {
    struct bytes name; /* borrowed */
    uint64_t hash;
    uint32_t db;
};

/* db must be less than store_databases(). */
struct store_key store_key(const struct store *store, uint32_t db, struct bytes name);

/* One a thread; all zero is ready for use. */
struct store_hold {
    uint32_t depth; /* of nested locking calls */
    uint32_t only;  /* the shard, when only one is held */
    bool several;   /* then the bits say which */
    bool passes;    /* see store_close.h */
    uint64_t shards[STORE_SHARDS_MAX / 64];
};

/* Each is undone by one store_unlock; the last one releases. */
void store_lock(struct store *store, struct store_hold *hold, const struct store_key *key);
void store_lock_keys(struct store *store, struct store_hold *hold, const struct store_key *keys,
                     size_t count);
void store_lock_all(struct store *store, struct store_hold *hold);
void store_unlock(struct store *store, struct store_hold *hold);
/* True when the calls for this key could be made now. */
bool store_hold_covers(const struct store *store, const struct store_hold *hold,
                       const struct store_key *key);

/* Hints for what is to be found soon: nothing needs to be held, and nothing waits for a hint (each
 * tries the lock).  `bytes`: of the value, all of it, as far as is likely; 0: not known. */
void store_prefetch_bucket(struct store *store, struct store_hold *hold,
                           const struct store_key *key);
void store_prefetch_entry(struct store *store, struct store_hold *hold, const struct store_key *key,
                          size_t bytes);

/* ---- reading ----------------------------------------------------------------------------------
 */

struct store_value {
    struct bytes bytes; /* valid until the shard is unlocked or written to */
    struct blob *blob;  /* when boxed; a reference must be taken to keep it, else NULL */
    int64_t expire_at_ms;
    enum value_type type;
    enum value_form form; /* of a string */
    uint16_t label;       /* what the gate found in it; 0: nothing is known */
    uint16_t writer;      /* who stored it; 0: not known */
    uint32_t stored_at_s; /* when; 0: not known */
    struct entry *entry;  /* for store_touch and store_usage; valid as bytes are */
};

/* False when the key is absent or has expired. */
bool store_find(struct store *store, const struct store_key *key, int64_t now_ms,
                struct store_value *value) MUST_USE;

/* Somebody used the value that was found: eviction will know.  Cost: some ns, a store into a cache
 * line that was read. */
void store_touch(struct store *store, const struct store_key *key, const struct store_value *value,
                 int64_t now_ms);

/* Somebody read a key that was not found. */
void store_miss(struct store *store, const struct store_key *key, int64_t now_ms);

/* What the entry and its value take of memory. */
size_t store_value_bytes(const struct store_value *value);

/* How a value was used, as far as the policy in force remembers it. */
struct store_usage {
    uint32_t idle_s;   /* since it was last used; under the LFU policies 0 */
    uint8_t frequency; /* Redis's logarithmic count; 0 but under the LFU policies */
};
struct store_usage store_usage(const struct store *store, const struct store_value *value,
                               int64_t now_ms);

/* ---- walking all keys --------------------------------------------------------------------------
 */

typedef void store_visit_fn(void *ctx, struct bytes name, const struct store_value *value);

struct store_scan {
    uint32_t db;
    int64_t now_ms;        /* what has expired is not shown */
    store_visit_fn *visit; /* under the shard's lock; it may not call the store */
    void *ctx;
};

/* One step of a walk: shows the next few entries (a bucket pair: 16 and a few more at most) and
 * returns the cursor to go on from, 0 at the end.  Start with 0.  No state is kept, and any number
 * is a safe cursor. What is there from the walk's first step to its last is shown at least once,
 * whatever is inserted, deleted, grown or shrunk meanwhile; what comes or goes meanwhile may be
 * shown or not. Takes the locks it needs; inside a hold only what that hold covers, so hold all or
 * nothing. */
uint64_t store_scan(struct store *store, struct store_hold *hold, const struct store_scan *scan,
                    uint64_t cursor) MUST_USE;

#endif
