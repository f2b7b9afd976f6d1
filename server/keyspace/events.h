/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Events: what happened to which key, for keyspace notifications and client-side caches.
 *
 *     keyspace_hear(keyspace, KEYSPACE_HEAR_CHANGES, true);      somebody wants to know
 *     ... a command runs; its access collects, while shards are locked ...
 *     if (keyspace_has_events(access)) {                         nothing is locked any more
 *         keyspace_gather_events(access);
 *         while (keyspace_next_event(access, &at, &event)) ... tell ...
 *         keyspace_forget_events(access);
 *     }
 *
 * Words: an *event* has Redis's name for what happened ("set", "del", "expired").  What the store
 * removes of its own accord has no access at hand and is kept by the keyspace, until whoever
 * gathers next takes it along, in front of his own.
 *
 * Order: the events of one access are in the order of its changes.  Two accesses that change a key
 * one after the other may tell of it in either order.
 * Bound: KEYSPACE_EVENTS_BYTES_MAX each; what goes beyond, or finds no memory, is lost, and
 * keyspace_events_lost says so once.
 * Thread: as access.h says; events_note_removed is called by the store, under a shard's lock.
 * Cost: one relaxed load a change while nobody listens. */
#ifndef BRINE_KEYSPACE_EVENTS_H
#define BRINE_KEYSPACE_EVENTS_H

#include "base/buf.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct keyspace;
struct keyspace_access;

enum { KEYSPACE_EVENTS_BYTES_MAX = 64 << 20 };

/* What somebody wants to hear of; a bit each. */
enum keyspace_hearing {
    KEYSPACE_HEAR_CHANGES = 1 << 0,
    KEYSPACE_HEAR_CACHES = 1 << 1, /* changes and flushes, for clients that cache */
    KEYSPACE_HEAR_MISSES = 1 << 2, /* "keymiss": a read found nothing */
    KEYSPACE_HEAR_NEW = 1 << 3,    /* "new": a key was not there before */
    KEYSPACE_HEAR_ENDS = 1 << 4,   /* "expired", which is among the changes, soon after */
};

struct keyspace_event {
    const char *name; /* NULL: a flush, of whatever database */
    uint32_t db;
    struct bytes key; /* valid until the events are forgotten */
    bool changes;     /* what is known of the key is outdated */
    bool by_store;    /* nobody's command: its time was over, or room was needed */
};

/* Of the keyspace: what is heard, and what the store removed. */
struct keyspace_events {
    _Atomic uint32_t heard;
    _Atomic bool removals_wait;
    pthread_mutex_t lock; /* a leaf */
    struct buf removals;
    bool removals_lost;
};

void keyspace_events_init(struct keyspace_events *events, struct allocator *mem);
void keyspace_events_deinit(struct keyspace_events *events);

/* At any time, by any thread. */
void keyspace_hear(struct keyspace *keyspace, uint32_t hearings, bool on);

bool keyspace_has_events(const struct keyspace_access *access);
void keyspace_gather_events(struct keyspace_access *access);
/* Start with *at = 0; false: that was the last. */
bool keyspace_next_event(const struct keyspace_access *access, size_t *at,
                         struct keyspace_event *event) MUST_USE;
/* Caches were told of those that there are: from now on they change nothing. */
void keyspace_settle_events(struct keyspace_access *access);
/* True once after events were lost. */
bool keyspace_events_lost(struct keyspace_access *access);
void keyspace_forget_events(struct keyspace_access *access);

/* Private to keyspace/: `name` is a literal. */
void events_note(struct keyspace_access *access, const char *name, const struct store_key *key,
                 bool changes);
/* Under the shard's lock: of what the store removed of its own accord. */
void events_note_removed(struct keyspace *keyspace, uint32_t db, struct bytes name,
                         enum store_removal reason);
void events_note_flush(struct keyspace_access *access);

#endif
