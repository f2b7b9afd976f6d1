/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The steps of every write, in their order: judge and prepare without a lock, lock, put, tell.
 * Private to keyspace/.
 *
 *     outcome = door_judge(access, key, value, &prepared);
 *     if (outcome == KEYSPACE_DONE) outcome = door_prepare(access, &prepared);
 *     if (outcome == KEYSPACE_DONE) outcome = door_lock(access, key);
 *     ... look at what is there ...
 *     outcome = door_put(access, key, &prepared, expire_at_ms);   // takes the blob
 *     if (outcome == KEYSPACE_DONE) door_changed(access, "set", key);
 *     store_unlock(store, &access->hold);
 *
 * Who stops before door_put drops prepared.blob. */
#ifndef BRINE_KEYSPACE_DOOR_H
#define BRINE_KEYSPACE_DOOR_H

#include "keyspace/keyspace.h"

/* What an event loop copies by itself of a value: some 0.2 ms with the pages that are touched. */
enum { DOOR_COPY_AT_ONCE_BYTES = 1 << 20 };

/* A value on its way in: judged, and when large already in its blob. */
struct prepared {
    struct bytes bytes;
    struct blob *blob;
    uint32_t label;  /* a ticket */
    uint16_t writer; /* who stores it */
    enum value_form form;
    bool dropped;             /* the key is to be absent */
    struct store_usage usage; /* zero: it is new */
    bool replaces; /* what is there goes first, so that the key is a new one to who asked to be told
                    */
};

/* In which form a step stores; of one that does not it is no matter. */
enum value_form door_form(enum keyspace_step step);

/* The gate's answer: DONE, REFUSED or DEFERRED. */
enum keyspace_outcome door_judge(struct keyspace_access *access, const struct store_key *key,
                                 struct bytes value, struct prepared *prepared) MUST_USE;
/* The same with the key's shard locked; DEFERRED: that would take longer than a lock may be held.
 */
enum keyspace_outcome door_judge_briefly(struct keyspace_access *access,
                                         const struct store_key *key, struct bytes value,
                                         struct prepared *prepared) MUST_USE;
/* The same for what is published: the key is a channel. */
enum keyspace_outcome door_judge_for(struct keyspace_access *access, const struct store_key *key,
                                     struct bytes value, bool published,
                                     struct prepared *prepared) MUST_USE;
/* The gate's answer, for a purse's part of memory (purse.h). */
enum gate_verdict door_ask(struct keyspace_access *access,
                           const struct gate_question *question) MUST_USE;
/* What the gate answered GATE_DEFER to within a transaction, where each value gets at first what it
 * would get on an event loop, is read at the cost of who waits for the keys: unpacked within one
 * bound for all of them. */
enum gate_verdict door_ask_locked(struct keyspace_access *access,
                                  struct gate_question *question) MUST_USE;
/* Says who stores it, and copies a large value into a blob unless it has one.  DEFERRED: that takes
 * longer than an event loop may. */
enum keyspace_outcome door_prepare(struct keyspace_access *access,
                                   struct prepared *prepared) MUST_USE;

/* Notes that an outcome is KEYSPACE_DEFERRED, and how many bytes are to be gone through. */
void door_defer(struct keyspace_access *access, size_t bytes);

/* Locks what is to be written, once nobody has it reserved.  DEFERRED: nothing is held. */
enum keyspace_outcome door_lock(struct keyspace_access *access,
                                const struct store_key *key) MUST_USE;
enum keyspace_outcome door_lock_keys(struct keyspace_access *access, const struct store_key *keys,
                                     size_t count) MUST_USE;

/* Locks the key's shard and looks for a value that may be shown; what an older policy admitted is
 * settled first.  Whatever is not DONE has left the lock. */
enum keyspace_outcome door_lock_and_find(struct keyspace_access *access,
                                         const struct store_key *key, bool for_write, bool *found,
                                         struct store_value *value) MUST_USE;

/* Under the lock.  Takes the prepared blob, whatever comes out. */
enum keyspace_outcome door_put(struct keyspace_access *access, const struct store_key *key,
                               const struct prepared *prepared, int64_t expire_at_ms) MUST_USE;
/* Under the lock: who watches is told, and for who listens the event is noted; its name is a
 * literal. */
void door_changed(struct keyspace_access *access, const char *event, const struct store_key *key);
/* A second name for what changed. */
void door_told(struct keyspace_access *access, const char *event, const struct store_key *key);
/* A read found nothing; everything went. */
void door_missed(struct keyspace_access *access, const struct store_key *key);
void door_flushed(struct keyspace_access *access);

#endif
