/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The keyspace: the only door.  Whatever changes the store goes through these functions, and every
 * string value among it is judged by the gate as it would lie there, before a lock is taken.  No
 * other folder can see store_write.h.  Values made from other keys: combine.h; transactions and
 * what is watched: transaction.h.
 *
 *     enum keyspace_outcome outcome = keyspace_set_string(access, &key, value, &options);
 *     if (outcome == KEYSPACE_REFUSED) reply_error(reply, access->answer.text);
 *
 * Words: an *access* is who acts, with whose hold, at what time.  An *outcome* is what came of it;
 * all but DONE and NOT_DONE changed nothing.  What the gate drops is DONE, and the key is absent.
 * A *transform* computes a new value from the old one.
 *
 * Locks: a write takes and leaves its locks itself and is called with nothing held (asserted), for
 * it asks the gate.  A read is between keyspace_enter... and keyspace_leave, and short.
 * Thread: any, each with an access of its own.
 * Cost: one lock and one look-up beyond the store's; an update copies the old value. */
#ifndef BRINE_KEYSPACE_H
#define BRINE_KEYSPACE_H

#include "keyspace/access.h"

/* ---- reading ----------------------------------------------------------------------------------*/

/* Locks the key's shard and looks; what *value shows is valid until keyspace_leave, which is due
 * whatever the answer.  Counts a hit or a miss.  A value that an older policy admitted is judged
 * again first, and not found when it is denied: see recheck.h and `withheld`. */
bool keyspace_enter(struct keyspace_access *access, const struct store_key *key,
                    struct store_value *value) MUST_USE;
/* For several keys at one moment: locks all, then keyspace_find for each, then keyspace_leave. */
void keyspace_enter_keys(struct keyspace_access *access, const struct store_key *keys,
                         size_t count);
bool keyspace_find(struct keyspace_access *access, const struct store_key *key,
                   struct store_value *value) MUST_USE;
void keyspace_leave(struct keyspace_access *access);
/* keyspace_enter for reports about a value that put none of its bytes into a reply: what is there,
 * whatever the policy says of it now; counts nothing. */
bool keyspace_peek(struct keyspace_access *access, const struct store_key *key,
                   struct store_value *value) MUST_USE;

/* INFO's keyspace_hits or keyspace_misses: for those that only peek, and count in Redis. */
void keyspace_count_look(struct keyspace_access *access, bool found);

/* Who stored a value, by its writer's number: into text, cut; returns text. */
const char *keyspace_writer_text(struct keyspace *keyspace, uint16_t writer, char *text,
                                 size_t size);

/* How many entries of all databases have each label below labels_count, into counts[]; see
 * store_count_labels.  Cost: each shard's lock for a moment. */
void keyspace_count_labels(struct keyspace_access *access, struct store_label_count *counts,
                           size_t labels_count);

struct keyspace_scan {
    uint32_t db;
    store_visit_fn *visit; /* as store_scan's */
    void *context;
    bool remove_expired; /* what the walk meets and is over goes, as SCAN does in Redis */
};

/* A step of a walk; see store_scan.  Of values that an older policy admitted it shows no bytes. */
uint64_t keyspace_scan(struct keyspace_access *access, const struct keyspace_scan *scan,
                       uint64_t cursor) MUST_USE;

/* ---- writing strings --------------------------------------------------------------------------*/

enum keyspace_condition { KEYSPACE_ALWAYS, KEYSPACE_IF_ABSENT, KEYSPACE_IF_PRESENT };

/* Shown the old value under the lock before it is replaced, NULL when there is none; it may copy or
 * pin.  False stops the write: KEYSPACE_STOPPED. */
typedef bool keyspace_old_fn(void *context, const struct store_value *old);

struct keyspace_set_options {
    int64_t expire_at_ms; /* STORE_NO_EXPIRY: lives on */
    bool keep_ttl;        /* the old value's expiry instead */
    enum keyspace_condition only_if;
    keyspace_old_fn *on_old; /* may be NULL */
    void *context;
    const char *event;        /* what listeners are told; NULL: "set" */
    struct store_usage usage; /* of a value that comes from elsewhere; zero: it is new */
    bool replaces;            /* a key that is there counts as removed and made anew */
};

enum keyspace_outcome keyspace_set_string(struct keyspace_access *access,
                                          const struct store_key *key, struct bytes value,
                                          const struct keyspace_set_options *options) MUST_USE;

struct keyspace_pair {
    struct store_key key;
    struct bytes value;
};

/* MSET: all are judged, then all are written under one lock, or none.  `only_if_absent` asks it of
 * every key. A later pair of the same key wins.  keys[] is scratch for count keys. */
enum keyspace_outcome keyspace_set_strings(struct keyspace_access *access,
                                           const struct keyspace_pair *pairs, size_t count,
                                           struct store_key *keys, bool only_if_absent) MUST_USE;

/* Appends the new value to `result`, computed from the old one (NULL: absent) and from `context`
 * alone, for it may be called again when somebody else was faster.  Called without a lock. */
enum keyspace_step {
    KEYSPACE_STEP_STORE,      /* `result` is to be stored */
    KEYSPACE_STEP_STORE_TEXT, /* the same, but see value_form */
    KEYSPACE_STEP_STORE_EDITED,
    KEYSPACE_STEP_LEAVE,  /* nothing is to change: KEYSPACE_NOT_DONE */
    KEYSPACE_STEP_REMOVE, /* the key is to be absent; only for keyspace_combine */
    KEYSPACE_STEP_STOP,   /* the context knows why: KEYSPACE_STOPPED */
    KEYSPACE_STEP_NO_MEMORY,
};
typedef enum keyspace_step keyspace_transform(void *context, const struct bytes *old,
                                              struct buf *result);

/* Reads, transforms, has the result judged and stores it if the old value is still there; begins
 * again if not.  The expiry stays.  Progress: after KEYSPACE_UPDATE_TRIES the key is reserved. */
enum { KEYSPACE_UPDATE_TRIES = 8 };
enum keyspace_outcome keyspace_update_string(struct keyspace_access *access,
                                             const struct store_key *key,
                                             keyspace_transform *transform, void *context,
                                             const char *event) MUST_USE;

/* ---- writing what is no value -----------------------------------------------------------------*/

/* on_old may be NULL; NOT_DONE: it was absent (on_old is then told so). */
enum keyspace_outcome keyspace_remove(struct keyspace_access *access, const struct store_key *key,
                                      keyspace_old_fn *on_old, void *context);
/* Removes the key when `wanted` says so, which is shown what is there, of whatever policy; it may
 * not reply it.  True: removed. */
typedef bool keyspace_wanted_fn(void *context, const struct store_value *value);
bool keyspace_remove_if(struct keyspace_access *access, const struct store_key *key,
                        keyspace_wanted_fn *wanted, void *context);
/* How many of them there were.  All at one moment. */
size_t keyspace_remove_keys(struct keyspace_access *access, const struct store_key *keys,
                            size_t count);

/* Decides under the lock: shown the value, it says by *expire_at_ms what is to be
 * (STORE_NO_EXPIRY: lives on; up to now: is removed at once) and returns true, or false to leave it
 * as it is: NOT_DONE.  Absent keys are NOT_DONE too, without a question. */
typedef bool keyspace_expiry_fn(void *context, const struct store_value *value,
                                int64_t *expire_at_ms);
enum keyspace_outcome keyspace_change_expiry(struct keyspace_access *access,
                                             const struct store_key *key,
                                             keyspace_expiry_fn *decide, void *context) MUST_USE;

void keyspace_flush_db(struct keyspace_access *access, uint32_t db);
void keyspace_flush_all(struct keyspace_access *access);
/* SWAPDB.  NOT_DONE: the gate's rules tell the two apart, so values would stand under rules that
 * did not admit them; nothing has changed. */
enum keyspace_outcome keyspace_swap_dbs(struct keyspace_access *access, uint32_t a,
                                        uint32_t b) MUST_USE;
/* Frees all that flushes left behind, a lock's worth at a time.  Cost: O(what was flushed). */
void keyspace_reclaim(struct keyspace_access *access);

/* ---- upkeep -----------------------------------------------------------------------------------*/

/* A bounded piece of sweeping, freeing and compacting of one shard (0 to store_shards() - 1), and
 * of judging what an older policy admitted, by any thread that has time; true: more is left to do.
 */
bool keyspace_upkeep(struct keyspace_access *access, size_t shard);

/* Ten times a second, by one thread: of the keys with an expiry, how many had ended and were still
 * there until they were met or swept.  The share is a mean that moves by a twentieth each time, as
 * Redis's expired_stale_perc. */
void keyspace_note_stale(struct keyspace *keyspace);
double keyspace_stale_share(const struct keyspace *keyspace);
void keyspace_reset_stale(struct keyspace *keyspace);

/* Whether upkeep removes what is over; it is not found either way.  For test suites. */
static inline void keyspace_sweep_expired(struct keyspace *keyspace, bool on) {
    atomic_store_explicit(&keyspace->sweep_is_off, !on, memory_order_relaxed);
}

/* Upkeep of all shards until nothing is left to do: what was removed is given back.  Cost: O(what
 * lies sparsely). */
void keyspace_compact(struct keyspace_access *access);

#endif
