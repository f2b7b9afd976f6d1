/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Watched keys: who is to know that a key has changed, as WATCH asks.
 *
 * Words: a *watcher* is a client's note that something it watches changed; a *watch* is one key of
 * one watcher, linked into the table under the key's hash.
 *
 * Ownership: the caller's, of watchers and watches alike; a watch is taken out before it is freed.
 * Thread: any.  The locks here are leaves: they may be taken under a shard's lock, and nothing is
 * locked under them.  Since a change touches its key's watchers under the shard's lock, whoever
 * holds that lock sees in `touched` every change there was.
 * Cost: one relaxed load a change while nobody watches. */
#ifndef BRINE_WATCH_H
#define BRINE_WATCH_H

#include "base/bytes.h"
#include "base/hash.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct watcher {
    atomic_bool touched;
};

struct watch {
    struct watch *next, **at;      /* in its bucket, and what points to it */
    struct watch *next_of_watcher; /* the owner's, for its list */
    struct watcher *watcher;
    struct store_key key; /* its name is the owner's, as long as the watch is in the table */
    bool existed;         /* when the watching began */
};

enum { WATCH_STRIPES = 64, WATCH_BUCKETS = 64 };

struct watch_table {
    _Atomic size_t count;
    struct watch_stripe {
        pthread_mutex_t lock;
        struct watch *buckets[WATCH_BUCKETS];
    } stripes[WATCH_STRIPES];
};

void watch_table_init(struct watch_table *table);
/* Nobody watches any more. */
void watch_table_deinit(struct watch_table *table);

void watch_add(struct watch_table *table, struct watch *watch);
void watch_remove(struct watch_table *table, struct watch *watch);
/* Whether this watcher watches the key already. */
bool watch_has(struct watch_table *table, const struct store_key *key,
               const struct watcher *watcher);

/* Under the shard's lock: the key has changed. */
void watch_touch_all(struct watch_table *table, const struct store_key *key);
static inline void watch_touch(struct watch_table *table, const struct store_key *key) {
    if (UNLIKELY(atomic_load_explicit(&table->count, memory_order_relaxed) > 0))
        watch_touch_all(table, key);
}

/* Under all shards' locks: touches each watch for which `changes` says true. */
typedef bool watch_changes_fn(void *context, const struct watch *watch);
void watch_touch_if(struct watch_table *table, watch_changes_fn *changes, void *context);

#endif
