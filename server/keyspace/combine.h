/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writes that take their value from other keys: RENAME, COPY, MOVE, BITOP.
 *
 * What is put under a key is judged as a value of that key, whatever rule the sources stand under.
 * Called with nothing held but in a transaction; the sources are the same when the value is stored.
 * Thread and outcomes: keyspace.h.
 * Cost: a copy of what the sources hold, a large value by reference; again when one was touched. */
#ifndef BRINE_KEYSPACE_COMBINE_H
#define BRINE_KEYSPACE_COMBINE_H

#include "keyspace/keyspace.h"

/* RENAME, COPY, MOVE: puts what one key holds under another, with its expiry, judged as a value of
 * that key. */
struct keyspace_transfer {
    struct store_key from, to; /* not the same */
    bool keep_source;
    bool only_if_absent; /* the target */
    const char *event_from, *event_to;
};
/* NOT_DONE: there was nothing to put; STOPPED: the target is not absent. */
enum keyspace_outcome keyspace_transfer(struct keyspace_access *access,
                                        const struct keyspace_transfer *transfer) MUST_USE;

/* BITOP: puts under `to` what is worked out from the values of `keys` (data NULL: absent), which
 * are seen at one moment and are the same when it is stored. */
typedef enum keyspace_step keyspace_combine_fn(void *context, const struct bytes *values,
                                               size_t count, struct buf *result);
enum keyspace_outcome keyspace_combine(struct keyspace_access *access, const struct store_key *to,
                                       const struct store_key *keys, size_t count,
                                       keyspace_combine_fn *combine, void *context) MUST_USE;

#endif
