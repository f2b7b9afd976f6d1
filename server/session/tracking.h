/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Who caches what: CLIENT TRACKING's tables, over all workers.
 *
 *     tracking_start(tracking, session, &options);
 *     tracking_remember(tracking, tracker, key, keys_max, tell, context);   before it is read
 *     ... a key has changed, nothing is locked ...
 *     tracking_outdate(tracking, key, tell, context);                 who read it, once
 *     tracking_visit_prefixes(tracking, visit, context);              who asked for a prefix
 *
 * Words: a *tracker* is a client that caches, as all threads see it: shared, and alive as long as
 * somebody refers to it.  Its *target* is the session that is told: its own, or another one that
 * it is redirected to.  `struct tracked` is the session's own side, also of a mere target.
 *
 * Why a client that is remembered before it reads misses nothing: a change after that finds it and
 * tells it; what it is told comes behind the reply of the command that was running.  A change just
 * before is told as well, which costs a needless look and no truth.
 *
 * Thread: the tables are anybody's, under locks that are leaves but for what `tell` takes; it may
 * not call tracking_*.  Each worker's list of sessions that can be told belongs to that worker.
 * Bounds: keys_max keys; beyond it some key's readers are told that it is outdated.
 * TRACKERS_PER_KEY_MAX, likewise.
 * Cost: remembering takes a lock and 100 bytes a key, 8 for each further client. */
#ifndef BRINE_TRACKING_H
#define BRINE_TRACKING_H

#include "base/hash.h"
#include "session/session.h"

#include <pthread.h>
#include <stdatomic.h>

struct keyspace;

enum tracking_flag {
    TRACKING_ON = 1 << 0,
    TRACKING_BCAST = 1 << 1,
    TRACKING_OPTIN = 1 << 2,
    TRACKING_OPTOUT = 1 << 3,
    TRACKING_NOLOOP = 1 << 4,
    TRACKING_BROKEN = 1 << 5,     /* its target is gone */
    TRACKING_REDIRECTED = 1 << 6, /* a target was named; it may be the client itself */
};

/* A session on a worker; 0 is nobody. */
typedef uint64_t tracking_address;
enum { TRACKING_WORKER_BITS = 8, TRACKING_WORKERS_MAX = 1 << TRACKING_WORKER_BITS };
static inline tracking_address tracking_address_of(uint64_t id, size_t worker) {
    return id << TRACKING_WORKER_BITS | worker;
}
static inline uint64_t tracking_address_id(tracking_address address) {
    return address >> TRACKING_WORKER_BITS;
}
static inline size_t tracking_address_worker(tracking_address address) {
    return address & (TRACKING_WORKERS_MAX - 1);
}

struct tracker {
    _Atomic size_t refs;
    struct allocator *mem;
    struct tracker *previous, *next; /* of all that are on; under the table's lock */
    tracking_address own;
    _Atomic tracking_address target;
    _Atomic uint32_t flags;
};

struct tracker *tracker_ref(struct tracker *tracker);
void tracker_unref(struct tracker *tracker);

/* The session's; its worker's alone. */
struct tracked {
    struct tracking *tracking;
    struct keyspace *keyspace;
    size_t worker;
    struct tracker *tracker; /* NULL: off */
    struct tracking_prefix **prefixes;
    size_t prefixes_count;
    bool caching; /* CLIENT CACHING was said, for the next command */
    /* What it is told while a command of it runs elsewhere, in `held`, keys with their lengths in
     * front; or that everything is outdated. */
    struct buf held;
    bool held_all;
};

enum {
    TRACKING_STRIPES = 64,
    TRACKERS_PER_KEY_MAX = 16384,
    TRACKED_HELD_BYTES_MAX = 4096,
};

struct tracking_prefix {
    struct tracking_prefix *next;
    struct tracker **trackers;
    size_t count, cap;
    struct bytes name; /* behind it */
};

struct tracking {
    struct allocator *mem;
    struct hash_secret secret;
    struct tracking_stripe {
        pthread_mutex_t lock;
        struct tracking_entry **buckets;
        size_t buckets_count, entries;
    } stripes[TRACKING_STRIPES];
    _Atomic size_t keys, items; /* remembered; with each of its clients */
    pthread_mutex_t lock;       /* of what follows, down to the counts */
    struct tracker *first;      /* of all that are on */
    struct tracking_prefix *prefixes;
    _Atomic size_t clients, prefixes_count;
    size_t workers_count;
    struct tracking_worker {
        struct session **slots; /* by id, open addressing: that worker's alone */
        size_t slots_count, count;
        _Atomic bool lost; /* something could not be told there: all is outdated */
    } workers[TRACKING_WORKERS_MAX];
};

void tracking_init(struct tracking *tracking, struct allocator *mem, size_t workers,
                   struct hash_secret secret);
void tracking_deinit(struct tracking *tracking);

/* From now on the session can be told.  Its worker. */
enum brine_status tracking_attend(struct tracking *tracking, struct session *session,
                                  size_t worker) MUST_USE;
/* NULL: there is none, or it does not attend.  That worker's thread. */
struct session *tracking_session(const struct tracking *tracking, size_t worker, uint64_t id);

struct tracking_options {
    struct keyspace *keyspace;
    size_t worker;
    uint32_t flags;          /* without ON */
    tracking_address target; /* 0: itself */
    const struct bytes *prefixes;
    size_t prefixes_count; /* in addition to those it has */
};
/* Also changes the options of who tracks already, who goes on being remembered. */
enum brine_status tracking_start(struct tracking *tracking, struct session *session,
                                 const struct tracking_options *options) MUST_USE;
void tracking_stop(struct session *session);
/* The session ends. */
void tracking_leave(struct session *session);

static inline uint32_t tracking_flags(const struct session *session) {
    const struct tracked *tracked = session->tracked;
    return tracked && tracked->tracker
               ? atomic_load_explicit(&tracked->tracker->flags, memory_order_relaxed)
               : 0;
}
/* What its prefixes take of memory. */
size_t tracking_bytes(const struct session *session);

/* Called with a tracker that is to be told that its copy of the key is outdated; NULL: of all. */
typedef void tracking_tell_fn(void *context, struct tracker *tracker, const struct bytes *key);

struct tracking_teller {
    tracking_tell_fn *tell;
    void *context;
};

/* NO_MEMORY: it is not remembered, so the client must be told that the key is outdated. */
enum brine_status tracking_remember(struct tracking *tracking, struct tracker *tracker,
                                    struct bytes key, size_t keys_max,
                                    const struct tracking_teller *teller) MUST_USE;
/* Forgets who read the key, and has them told. */
void tracking_outdate(struct tracking *tracking, struct bytes key,
                      const struct tracking_teller *teller);
/* Brings what is remembered down to keys_max, by `most` keys at most: the limit was lowered.  True:
 * there is more to do. */
bool tracking_shrink(struct tracking *tracking, size_t keys_max, size_t most,
                     const struct tracking_teller *teller);
/* Forgets all keys; tells each tracker. */
void tracking_outdate_all(struct tracking *tracking, const struct tracking_teller *teller);

typedef void tracking_prefix_fn(void *context, const struct tracking_prefix *prefix);
void tracking_visit_prefixes(struct tracking *tracking, tracking_prefix_fn *visit, void *context);

#endif
