/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What keyspace.c asks of recheck.c, and the other way round.  Private to keyspace/; words in
 * recheck.h. */
#ifndef BRINE_KEYSPACE_SETTLE_H
#define BRINE_KEYSPACE_SETTLE_H

#include "keyspace/keyspace.h"

/* Under the shard's lock: the value may not be shown before it is settled. */
bool recheck_is_stale(const struct keyspace_access *access, const struct store_value *value);
/* False: nothing stale is stored, or it may be shown. */
bool recheck_is_needed(const struct keyspace_access *access);

/* Holding nothing, or in a transaction its lock.  KEYSPACE_DONE: look again; REFUSED: denied, and
 * access->answer says why; DEFERRED, NO_MEMORY: it could not be judged. */
enum keyspace_outcome recheck_settle(struct keyspace_access *access,
                                     const struct store_key *key) MUST_USE;
/* Fills access->answer for a value that changes faster than it can be judged. */
enum keyspace_outcome recheck_give_up(struct keyspace_access *access);

/* The label to store for a ticket of the gate's. */
uint16_t recheck_redeem(struct keyspace_access *access, uint32_t ticket);

/* A bounded piece of counting, freeing kinds and sweeping; true: more is left to do. */
bool recheck_upkeep(struct keyspace_access *access);

#endif
