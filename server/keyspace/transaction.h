/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Several commands of a client as one step: their values are judged ahead, while nothing is locked,
 * and stored by what was answered then; and keys that are watched until it begins.
 *
 *     outcome = keyspace_judge(access, &key, value, &judged[count++]);      // when it is queued
 *     keyspace_begin(access, keys, keys_count, judged, count);              // at EXEC
 *     outcome = keyspace_set_string(access, &key, value, &options);
 *     keyspace_end(access);
 *
 * Ownership: judged[], keys[], and what they show are the caller's until keyspace_end.
 * Thread, errors: as keyspace.h.
 * Cost: keyspace_begin locks the shards of its keys, or all; the gate's answers cost what they do
 * without a transaction. */
#ifndef BRINE_KEYSPACE_TRANSACTION_H
#define BRINE_KEYSPACE_TRANSACTION_H

#include "keyspace/access.h"

/* An answer of the gate that was given ahead: it holds for these very bytes, under this key. */
struct keyspace_judged {
    uint32_t db;
    struct bytes key, value;
    uint32_t label; /* a ticket: gate/kinds.h */
    bool dropped;
};

/* Asks the gate about a value that is to be stored later in a transaction; DONE fills *judged. */
enum keyspace_outcome keyspace_judge(struct keyspace_access *access, const struct store_key *key,
                                     struct bytes value, struct keyspace_judged *judged) MUST_USE;

/* The same for a message that is published; judged->dropped: it is to reach nobody. */
enum keyspace_outcome keyspace_judge_message(struct keyspace_access *access, uint32_t db,
                                             struct bytes channel, struct bytes message,
                                             struct keyspace_judged *judged) MUST_USE;

/* From here to keyspace_end nobody else sees or changes these keys (NULL: any key), and calls of
 * this header work within that.  What is not in `judged` is judged meanwhile, within the options'
 * bounds. */
void keyspace_begin(struct keyspace_access *access, const struct store_key *keys, size_t count,
                    const struct keyspace_judged *judged, size_t judged_count);
void keyspace_end(struct keyspace_access *access);

/* The watch's key, watcher and name are filled in by the caller; touched from now on by whatever
 * changes the key. */
void keyspace_watch(struct keyspace_access *access, struct watch *watch);
/* Any thread's; needs no access. */
void keyspace_unwatch(struct keyspace *keyspace, struct watch *watch);
/* Between begin and end: the key was there when the watching began and its time is over now. */
bool keyspace_watch_expired(struct keyspace_access *access, const struct watch *watch);

#endif
