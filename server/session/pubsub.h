/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Who listens to what: channels, patterns and shard channels, over all workers.
 *
 *     pubsub_subscribe(pubsub, session, worker_index, PUBSUB_CHANNEL, name);
 *     count = pubsub_find(pubsub, PUBSUB_CHANNEL, channel, arena, &topics, &topics_count);
 *     ... for each topic and each worker that it has listeners on: hand the message over ...
 *     pubsub_put(pubsub, topics, topics_count);
 *
 * Words: a *topic* is a name somebody listens to, of one kind; a *subscription* ties a session to
 * it; a *message* is what was published, shared by all it is sent to.
 *
 * Thread: the table is anybody's, under its lock, which is a leaf.  A topic's list of one worker's
 * subscriptions belongs to that worker; its counts are atomic.
 * Ownership: a topic lives while somebody listens to it or refers to it; so does a message.
 * Cost: publishing looks at the channel once and at every pattern. */
#ifndef BRINE_PUBSUB_H
#define BRINE_PUBSUB_H

#include "base/arena.h"
#include "base/hash.h"
#include "session/session.h"

#include <pthread.h>
#include <stdatomic.h>

/* MONITOR listens to a topic of its own, named "". */
enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD, PUBSUB_MONITOR, PUBSUB_KINDS };

struct subscription {
    struct session *session;
    struct topic *topic;
    struct subscription *next, *previous; /* of its topic on its worker */
};

struct topic {
    struct topic *next;                            /* in its bucket */
    struct topic *next_pattern, *previous_pattern; /* of all patterns */
    _Atomic size_t refs;                           /* subscriptions, and messages on their way */
    _Atomic size_t listeners;
    uint64_t hash;
    enum pubsub_kind kind;
    struct bytes name; /* behind `at` */
    struct topic_worker {
        _Atomic size_t listeners;
        struct subscription *first; /* that worker's alone */
    } at[];
};

struct pubsub {
    pthread_mutex_t lock;
    struct allocator *mem;
    struct hash_secret secret;
    size_t workers;
    struct topic **buckets;
    size_t buckets_count, topics_count;
    struct topic *patterns;
    _Atomic size_t counts[PUBSUB_KINDS]; /* topics with listeners */
};

void pubsub_init(struct pubsub *pubsub, struct allocator *mem, size_t workers,
                 struct hash_secret secret);
/* Nobody listens any more. */
void pubsub_deinit(struct pubsub *pubsub);

/* What a session listens to; NULL in a session that never did. */
struct subscriber {
    struct pubsub *pubsub;
    size_t worker;
    size_t counts[PUBSUB_KINDS];
    struct subscription **slots; /* open addressing by topic */
    size_t slots_count;
    size_t bytes; /* of its subscriptions, each as if nobody else listened to its topic */
};

/* Listening already is BRINE_OK too. */
enum brine_status pubsub_subscribe(struct pubsub *pubsub, struct session *session, size_t worker,
                                   enum pubsub_kind kind, struct bytes name) MUST_USE;
/* False: it did not listen. */
bool pubsub_unsubscribe(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind,
                        struct bytes name);
/* Any topic of this kind that the session listens to; NULL: none is left. */
const struct topic *pubsub_any(const struct session *session, enum pubsub_kind kind);
/* From all; the session has no subscriber afterwards. */
void pubsub_leave(struct session *session);

static inline size_t pubsub_count(const struct session *session, enum pubsub_kind kind) {
    return session->subscriber ? session->subscriber->counts[kind] : 0;
}

/* To channels of any kind. */
static inline bool pubsub_listens(const struct session *session) {
    return pubsub_count(session, PUBSUB_CHANNEL) || pubsub_count(session, PUBSUB_PATTERN) ||
           pubsub_count(session, PUBSUB_SHARD);
}

/* What its listening takes of memory.  The session's worker's alone. */
static inline size_t pubsub_bytes(const struct session *session) {
    const struct subscriber *subscriber = session->subscriber;
    if (!subscriber) return 0;
    return sizeof *subscriber + subscriber->bytes +
           subscriber->slots_count * sizeof *subscriber->slots;
}

/* The topics that hear what is published to a channel (and every matching pattern), or to a shard
 * channel: referred to, until pubsub_put.  NO_MEMORY: nothing is referred to. */
enum brine_status pubsub_find(struct pubsub *pubsub, enum pubsub_kind kind, struct bytes channel,
                              struct arena *arena, struct topic ***topics,
                              size_t *topics_count) MUST_USE;
void topic_ref(struct topic *topic);
void pubsub_put(struct pubsub *pubsub, struct topic *topic);

/* How many listen to this name. */
size_t pubsub_listeners(struct pubsub *pubsub, enum pubsub_kind kind, struct bytes name);
/* Shows each topic of a kind, under the lock. */
typedef void pubsub_visit_fn(void *context, struct bytes name);
void pubsub_visit(struct pubsub *pubsub, enum pubsub_kind kind, pubsub_visit_fn *visit,
                  void *context);

struct pubsub_message {
    _Atomic size_t refs;
    struct allocator *mem;
    struct bytes channel, payload; /* behind it */
};
/* A copy with one reference; NULL: no memory. */
struct pubsub_message *pubsub_message_create(struct allocator *mem, struct bytes channel,
                                             struct bytes payload);
struct pubsub_message *pubsub_message_ref(struct pubsub_message *message);
void pubsub_message_unref(struct pubsub_message *message);

#endif
